"""The posts of a run, ready to send: endpoint and field selection in, blocks of messages out."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator import clock
from twitter_stream_simulator.generation.classic_feed import Ask, classic_line, powerstream_line
from twitter_stream_simulator.generation.events import make_event
from twitter_stream_simulator.generation.posts import make_post
from twitter_stream_simulator.generation.rendering import envelope, line
from twitter_stream_simulator.generation.wishes import Wish
from twitter_stream_simulator.generation.worlds import PAGE_POSTS, PAGES_TOTAL, World, matching_page
from twitter_stream_simulator.material.blocks import Block, Stamp, Template
from twitter_stream_simulator.material.ids import Ids, each
from twitter_stream_simulator.protocol.naming import to_post_names
from twitter_stream_simulator.sending.broadcast import Broadcast
from twitter_stream_simulator.sending.past import Batch, Past

if TYPE_CHECKING:
    from twitter_stream_simulator.generation.worlds import Match
    from twitter_stream_simulator.material.post import Post
    from twitter_stream_simulator.protocol.endpoints import Channel, Holds
    from twitter_stream_simulator.protocol.fields import Selection
    from twitter_stream_simulator.rules.rule_book import Rule, RuleBook
    from twitter_stream_simulator.scenario.scenario import Scenario

# X escapes the slash in some answers and not in others.
SLASH_ESCAPED_EVERY = 3
EDITABLE_S = 3600
EVERYTHING = Ask()


@dataclass(frozen=True, slots=True)
class View:
    """What decides how a post looks on one connection; ``world`` is ``None`` on a sample."""

    seed: int
    selection: Selection
    world: World | None
    untagged_rules: str
    holds: Holds = "posts"
    lang: str = ""
    ask: Ask = EVERYTHING
    naming: str = "tweet"


@lru_cache(maxsize=128)
def render_page(view: View, page: int) -> tuple[Template, ...]:
    """Render the posts of one page; with rules, those that match some."""
    first = page * PAGE_POSTS
    if view.world:
        matching = enumerate(matching_page(view.world, page), start=first)
        return tuple(_render_match(view, match, number) for number, match in matching)
    return tuple(_render(view, number) for number in range(first, first + PAGE_POSTS))


@lru_cache(maxsize=32)
def deflate_page(view: View, page: int) -> tuple[Template, ...]:
    """Compress the posts of one page, each on its own."""
    return tuple(template.deflated() for template in render_page(view, page))


def _render(view: View, number: int) -> Template:
    """Render one post for a view without rules."""
    if view.holds == "statuses":
        return Template.from_line(classic_line(view.seed, number, view.ask))
    if view.holds != "posts":
        event = make_event(view.holds, view.seed, number, view.selection)
        return _template(view, event, ascii_only=True, escape_slashes=False)
    return _post_template(view, make_post(view.seed, number, Wish(lang=view.lang)), number, None)


def _render_match(view: View, match: Match, number: int) -> Template:
    """Render one post with the rules that it matches."""
    if view.holds == "statuses":
        return Template.from_line(powerstream_line(match.post, number, match.rules))
    shown = [_shown(view, rule, number) for rule in match.rules]
    return _post_template(view, match.post, number, shown)


def _post_template(
    view: View, post: Post, number: int, matching_rules: list[dict[str, str]] | None
) -> Template:
    message = envelope(post, view.selection, matching_rules)
    escape_slashes = number % SLASH_ESCAPED_EVERY == 0
    return _template(view, message, ascii_only=post.ascii_only, escape_slashes=escape_slashes)


def _template(
    view: View, message: dict[str, Any], *, ascii_only: bool, escape_slashes: bool
) -> Template:
    """Write a message in the names of the view."""
    named = to_post_names(message) if view.naming == "post" else message
    return Template.from_line(line(named, ascii_only=ascii_only, escape_slashes=escape_slashes))


def _shown(view: View, rule: Rule, number: int) -> dict[str, str]:
    """Return a matching rule as messages show it; X is not consistent about rules without tag."""
    if rule.tag is not None:
        return {"id": rule.id, "tag": rule.tag}
    absent = {"absent": True, "empty": False, "mixed": number % 2 == 0}[view.untagged_rules]
    return {"id": rule.id} if absent else {"id": rule.id, "tag": ""}


class Supply:
    """What the connections of one simulator share: ids, quotas, places, broadcasts, the past."""

    def __init__(self, scenario: Scenario, rules: RuleBook) -> None:
        self.scenario = scenario
        self.rules = rules
        self.ids = Ids(clock.now_s, scenario.largest_id_every)
        self._lock = threading.Lock()
        self._given: Counter[str] = Counter()
        self._place: Counter[str] = Counter()
        self.past = Past()
        self._broadcasts: dict[str, Broadcast] = {}
        self._world: tuple[int, World] | None = None

    def claim(self, channel: str, count: int) -> int:
        """Take up to ``count`` posts from what the scenario allows a channel."""
        limit = self.scenario.limit_posts
        with self._lock:
            if limit is not None:
                count = min(count, limit - self._given[channel])
            self._given[channel] += count
            return count

    def give_back(self, channel: str, count: int) -> None:
        """Return posts that could not be sent."""
        with self._lock:
            self._given[channel] -= count

    def is_used_up(self, channel: str) -> bool:
        """Say whether a channel has had all that the scenario allows it."""
        limit = self.scenario.limit_posts
        with self._lock:
            return limit is not None and self._given[channel] >= limit

    def has_posts(self, channel: Channel) -> bool:
        """Say whether there are more posts: the limit leaves some, and a rule may match."""
        world = self.world_of(channel)
        matches = world is None or bool(matching_page(world, 0))
        return matches and not self.is_used_up(channel.name)

    def broadcast_of(self, channel: Channel) -> Broadcast:
        """Return what the connections of a channel share; each v1.1 one asks for its own posts."""

        def settle(batch: Batch) -> None:
            if unsent := self.past.settle(batch):
                self.give_back(channel.name, unsent)

        if channel.endpoint.is_classic:
            return Broadcast(settle)
        with self._lock:
            return self._broadcasts.setdefault(channel.name, Broadcast(settle))

    def world_of(self, channel: Channel) -> World | None:
        """Return the world of the present rules, where rules decide."""
        if not channel.endpoint.needs_rules:
            return None
        with self._lock:
            version = self.rules.version
            if self._world is None or self._world[0] != version:
                self._world = (version, World(self.scenario.seed, self.rules.all))
            return self._world[1]

    def advance(self, channel: str, count: int) -> tuple[int, int]:
        """Return the next place in the posts and how many, up to ``count``, its page has left."""
        with self._lock:
            place = self._place[channel]
            count = min(count, PAGE_POSTS - place % PAGE_POSTS)
            self._place[channel] = (place + count) % (PAGE_POSTS * PAGES_TOTAL)
            return place, count


class Feed:
    """The posts of one connection; whole pages are kept as blocks and used again.

    With ``deflate`` whole pages come compressed, which makes full speed possible with gzip too.
    """

    def __init__(
        self,
        supply: Supply,
        channel: Channel,
        selection: Selection,
        *,
        deflate: bool,
        ask: Ask = EVERYTHING,
    ) -> None:
        self._deflate = deflate
        self._chunk_each = supply.scenario.chunking == "message"
        self._supply = supply
        self._channel = channel
        self._selection = selection
        self._ask = ask
        self._matches_rules = channel.endpoint.needs_rules
        self._blocks: dict[int, Block] = {}
        self._version = -1
        self._view: View | None = None
        self._stamp_second = 0
        self._stamp = Stamp(b"", b"")

    def draw(self, count: int) -> Batch | None:
        """Return up to ``count`` new posts, or ``None`` while no rule matches anything."""
        view = self._current_view()
        if view is None:
            return None
        place, count = self._supply.advance(self._channel.name, count)
        runs, now_s = self._supply.ids.take(count), clock.now_s()
        return Batch(runs, now_s, self.stamp(now_s), place=place, world=view.world)

    def block(self, batch: Batch) -> Block | None:
        """Return posts as this connection shows them, ready to send; ``None`` if it does not."""
        view = self._current_view()
        is_current = view is not None and batch.world is view.world
        if batch.world and not is_current:
            view = self._view_of(batch.world)
        if view is None:
            return None
        page, first = divmod(batch.place, PAGE_POSTS)
        page += PAGES_TOTAL * self._channel.share
        if is_current and batch.count == PAGE_POSTS:
            block = self._blocks[page] = self._blocks.get(page) or self._whole(view, page)
        else:
            templates = render_page(view, page)[first : first + batch.count]
            block = Block(templates, chunk_each=self._chunk_each)
        block.fill(each(batch.runs), batch.stamp or self.stamp(batch.at_s))
        return block

    def _whole(self, view: View, page: int) -> Block:
        """Return the block of a whole page."""
        deflated = deflate_page(view, page) if self._deflate else None
        return Block(render_page(view, page), chunk_each=self._chunk_each, deflated=deflated)

    def stamp(self, at_s: float) -> Stamp:
        """Return the texts of a second."""
        second = int(at_s)
        if second != self._stamp_second:
            self._stamp_second = second
            now, later = clock.utc_text(second), clock.utc_text(second + EDITABLE_S)
            classic = clock.classic_text(second).encode()
            if self._channel.endpoint.holds == "users_compliance":
                now = now.replace("Z", "+")  # The marks of these events stand before "00:00".
            self._stamp = Stamp(now.encode(), later.encode(), b"%d000" % second, classic)
        return self._stamp

    def _current_view(self) -> View | None:
        """Return how posts look now; a changed rule holds from the next block on."""
        rules = self._supply.rules
        if self._version < 0 or (self._matches_rules and rules.version != self._version):
            self._version = rules.version
            self._blocks.clear()
            view = self._view_of(self._supply.world_of(self._channel))
            has_posts = view.world is None or bool(matching_page(view.world, 0))
            self._view = view if has_posts and self._ask.langs else None
        return self._view

    def _view_of(self, world: World | None) -> View:
        """Return how posts of a world look here."""
        scenario = self._supply.scenario
        return View(
            scenario.seed,
            self._selection,
            world,
            scenario.untagged_rules,
            self._channel.endpoint.holds,
            self._channel.endpoint.lang,
            self._ask,
            scenario.naming,
        )
