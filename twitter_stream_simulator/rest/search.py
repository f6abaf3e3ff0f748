"""Recent search and its counts: requests in, pages of posts and buckets out."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator import clock
from twitter_stream_simulator.generation.rendering import envelope
from twitter_stream_simulator.material.drafts import ID_MARK, LATER_MARK, NOW_MARK
from twitter_stream_simulator.protocol import problems
from twitter_stream_simulator.protocol.fields import BadParameterError, Selection
from twitter_stream_simulator.protocol.http import json_answer
from twitter_stream_simulator.protocol.naming import to_post_names, to_tweet_parameters
from twitter_stream_simulator.rest.archive import first_id, time_of
from twitter_stream_simulator.rest.search_request import SearchRequest, bad_parameter
from twitter_stream_simulator.sending.supply import EDITABLE_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twitter_stream_simulator.oracle.oracle import Oracle
    from twitter_stream_simulator.protocol.http import Answer, Request
    from twitter_stream_simulator.rest.archive import Archive, Found
    from twitter_stream_simulator.scenario.scenario import Scenario

BUCKET_S = {"minute": 60, "hour": 3600, "day": 86_400}
# Seven days in hours are less; in minutes they come on several pages.
MOST_BUCKETS = 1440


class Search:
    """Answers both requests, and tells the oracle what was found."""

    def __init__(self, scenario: Scenario, archive: Archive, oracle: Oracle) -> None:
        self._scenario = scenario
        self._archive = archive
        self._oracle = oracle

    def search(self, request: Request) -> Answer:
        """Answer one page of posts, newest first."""
        query = to_tweet_parameters(request.query)
        try:
            asked = self._read(query)
        except BadParameterError as error:
            return _refusal(error)
        found = self._archive.newest(asked.wanted, asked.max_results + 1)
        page = found[: asked.max_results]
        body = _merged(page, Selection.from_query(query))
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta = {"newest_id": str(page[0].id), "oldest_id": str(page[-1].id), **meta}
        if len(found) > len(page):
            meta["next_token"] = asked.next_token(page[-1].id)
        self._oracle.found(asked.wanted.query, [str(one.id) for one in page])
        return self._answer({**body, "meta": meta})

    def count(self, request: Request) -> Answer:
        """Answer one page of counts, oldest bucket first; the first page is the youngest."""
        try:
            size_s = _bucket_size(request.query)
            asked = self._read(request.query)
        except BadParameterError as error:
            return _refusal(error)
        buckets = _buckets(asked.wanted.after_id, asked.wanted.before_id, size_s)
        shown = buckets[-MOST_BUCKETS:]
        totals = Counter(
            int(time_of(one)) // size_s
            for one in self._archive.ids(asked.wanted)
            if one >= first_id(shown[0][0])
        )
        data = [_bucket(start_s, end_s, totals[start_s // size_s]) for start_s, end_s in shown]
        meta: dict[str, Any] = {"total_tweet_count": sum(totals.values())}
        if len(buckets) > len(shown):
            meta["next_token"] = asked.next_token(first_id(shown[0][0]))
        self._oracle.counted(asked.wanted.query, sum(totals.values()))
        return self._answer({"data": data, "meta": meta})

    def _read(self, query: dict[str, str]) -> SearchRequest:
        return SearchRequest.from_query(query, self._scenario.searching, self._scenario.access)

    def _answer(self, body: dict[str, Any]) -> Answer:
        named = to_post_names(body) if self._scenario.naming == "post" else body
        return json_answer(200, named)


def _refusal(error: BadParameterError) -> Answer:
    return json_answer(400, problems.invalid_request(error.name, error.value, str(error)))


def _merged(page: Iterable[Found], selection: Selection) -> dict[str, Any]:
    """Return posts as one answer has them: each expanded object once, whoever brings it."""
    messages = [_message(one, selection) for one in page]
    body: dict[str, Any] = {"data": [message["data"] for message in messages]}
    includes: dict[str, dict[str, Any]] = {}
    for message in messages:
        for kind, values in message.get("includes", {}).items():
            known = includes.setdefault(kind, {})
            for value in values:
                known.setdefault(value.get("id") or value["media_key"], value)
    body["includes"] = {kind: list(values.values()) for kind, values in includes.items()}
    body["errors"] = [error for message in messages for error in message.get("errors", ())]
    return {name: part for name, part in body.items() if part}


def _message(found: Found, selection: Selection) -> dict[str, Any]:
    """Return one post with its id and times."""
    text = json.dumps(envelope(found.post, selection, None))
    second = int(found.at_s)
    marks = {
        ID_MARK: str(found.id),
        NOW_MARK: clock.utc_text(second),
        LATER_MARK: clock.utc_text(second + EDITABLE_S),
    }
    for mark, value in marks.items():
        text = text.replace(mark, value)
    message: dict[str, Any] = json.loads(text)
    return message


def _bucket_size(query: dict[str, str]) -> int:
    """Return the seconds of a bucket."""
    granularity = query.get("granularity", "hour")
    if granularity in BUCKET_S:
        return BUCKET_S[granularity]
    message = (
        f"The `granularity` query parameter value [{granularity}] is not one of"
        f" [{','.join(BUCKET_S)}]"
    )
    raise bad_parameter(query, "granularity", message)


def _buckets(after_id: int, before_id: int, size_s: int) -> list[tuple[int, int]]:
    """Return start and end of each bucket; those at the ends may be shorter than the others."""
    start_s, end_s = int(time_of(after_id + 1)), int(-(-time_of(before_id) // 1))
    borders = range((start_s // size_s + 1) * size_s, end_s, size_s)
    edges = [start_s, *borders, end_s]
    return list(pairwise(edges))


def _bucket(start_s: int, end_s: int, total: int) -> dict[str, Any]:
    return {
        "start": clock.utc_text(start_s),
        "end": clock.utc_text(end_s),
        "tweet_count": total,
    }
