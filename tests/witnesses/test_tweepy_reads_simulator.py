"""tweepy, which was written against X, reads the simulator: their agreement is the test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import tweepy

from tests.limits import HANG_S
from tests.witnesses.redirect import redirect
from twitter_stream_simulator import Scenario, Simulator
from twitter_stream_simulator.protocol.fields import LEGAL_VALUES, PRIVATE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

POSTS = 300
EVERYTHING = {
    name.replace(".", "_"): sorted(values - PRIVATE_FIELDS) for name, values in LEGAL_VALUES.items()
}


class Witness(tweepy.StreamingClient):  # type: ignore[misc]  # tweepy has no types
    """Collects what tweepy makes of the stream, and leaves after so many posts."""

    def __init__(self, sim: Simulator) -> None:
        super().__init__(sim.bearer_token, chunk_size=512, max_retries=0)
        redirect(self.session, sim)
        self.responses: list[Any] = []
        self.failures: list[Exception] = []
        self.statuses: list[int] = []

    def on_response(self, response: tweepy.StreamResponse) -> None:
        self.responses.append(response)
        if len(self.responses) == POSTS:
            self.disconnect()

    def on_exception(self, exception: Exception) -> None:
        self.failures.append(exception)

    def on_request_error(self, status_code: int) -> None:
        self.statuses.append(status_code)
        self.disconnect()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    # tweepy 4.17 reads the tag of every matching rule and fails on one that has none.
    scenario = Scenario(
        rate_per_s="max", limit_posts=POSTS, record_messages=True, untagged_rules="empty"
    )
    with Simulator(scenario) as simulator:
        yield simulator


def plain(response: tweepy.StreamResponse) -> dict[str, Any]:
    """Return what tweepy understood in the shape in which it was sent."""
    message = {"data": response.data.data}
    includes = {
        kind: [getattr(item, "data", item) for item in items]
        for kind, items in response.includes.items()
    }
    rules = [{"id": rule.id, "tag": rule.tag} for rule in response.matching_rules]
    parts = {"includes": includes, "errors": response.errors, "matching_rules": rules}
    message |= {name: part for name, part in parts.items() if part}
    # tweepy turns one text inside its raw data into an instant.
    plain_json: dict[str, Any] = json.loads(json.dumps(message, default=x_time))
    return plain_json


def x_time(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def sent(sim: Simulator) -> list[dict[str, Any]]:
    assert sim.wait_for(lambda: sim.oracle.sent_total == POSTS, HANG_S)
    return [json.loads(sim.oracle.messages[post_id]) for post_id in sim.oracle.sent_ids()]


def test_rules_are_added_listed_and_deleted_through_tweepy(sim: Simulator) -> None:
    client = Witness(sim)
    added = client.add_rules([tweepy.StreamRule("cat", "cats"), tweepy.StreamRule("dog")])
    assert added.meta["summary"]["created"] == 2
    listed = client.get_rules().data
    assert [(rule.value, rule.tag) for rule in listed] == [("cat", "cats"), ("dog", None)]
    assert client.add_rules(tweepy.StreamRule("cat")).errors[0]["title"] == "DuplicateRule"
    client.add_rules(tweepy.StreamRule("bird"), dry_run=True)
    assert client.delete_rules(listed[0]).meta["summary"]["deleted"] == 1
    assert [rule.value for rule in client.get_rules().data] == ["dog"]
    client.session.close()


def test_filtered_stream_arrives_as_sent_id_for_id(sim: Simulator) -> None:
    client = Witness(sim)
    client.add_rules([tweepy.StreamRule("cat", "cats"), tweepy.StreamRule("dog")])
    client.filter(**EVERYTHING)
    assert client.failures == []
    assert [plain(response) for response in client.responses] == sent(sim)
    assert [str(response.data.id) for response in client.responses] == sim.oracle.sent_ids()
    assert any(response.errors for response in client.responses)


def test_sample_stream_arrives_as_sent_id_for_id(sim: Simulator) -> None:
    client = Witness(sim)
    client.sample()
    assert client.failures == []
    assert [plain(response) for response in client.responses] == sent(sim)


def test_tweepy_meets_the_refusal_of_a_stream_without_rules(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tweepy.streaming.sleep", lambda _: None)
    client = Witness(sim)
    client.filter()
    assert client.statuses == [409]


def test_tweepy_pages_through_a_search_and_its_counts() -> None:
    rules = [{"value": "cat", "tag": "cats"}]
    with Simulator(Scenario(rate_per_s="max", limit_posts=POSTS, rules=rules)) as sim:
        stream = Witness(sim)
        stream.filter()
        assert sim.wait_for(lambda: sim.oracle.sent_total == POSTS, HANG_S)
        client = tweepy.Client(sim.bearer_token)
        redirect(client.session, sim)
        until = str(max(map(int, sim.oracle.sent_ids())) + 1)
        asked = {"query": "cat", "until_id": until, "tweet_fields": ["created_at"]}
        pages = tweepy.Paginator(client.search_recent_tweets, max_results=100, **asked)
        found = [tweet for page in pages for tweet in page.data]
        assert sorted(str(tweet.id) for tweet in found) == sorted(sim.oracle.sent_ids())
        assert all(tweet.created_at for tweet in found)
        counted = client.get_recent_tweets_count("cat", until_id=until)
        assert counted.meta["total_tweet_count"] == POSTS
        with pytest.raises(tweepy.BadRequest, match="no viable alternative"):
            client.search_recent_tweets("cat (")
        client.session.close()


def test_wrong_token_is_unauthorized_to_tweepy(sim: Simulator) -> None:
    client = Witness(sim)
    client.bearer_token = "wrong"
    with pytest.raises(tweepy.Unauthorized):
        client.get_rules()
    client.session.close()
