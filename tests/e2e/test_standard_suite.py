"""The Singer SDK's own tests of a tap, against the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_twitter_stream.tap import TapTwitterStream
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG: dict[str, Any] = {
    "bearer_token": Scenario().bearer_tokens[0],
    "rules": [{"value": "cat", "tag": "cats"}],
    "rules_tag_prefix": "suite:",
    "raw_messages": True,
}
# What a healthy stream of posts does not bring within twenty of them.
QUIET = [
    *("compliance_events", "tweet_labels", "likes", "activities", "statuses"),
    *("polls", "places", "notices", "dead_letters", "errors"),
    *("capture_gaps", "capture_connections"),
]
_Suite = get_tap_test_class(
    TapTwitterStream,
    config=CONFIG,
    suite_config=SuiteConfig(max_records_limit=20, ignore_no_records_for_streams=QUIET),
    parse_env_config=False,
)


# The schemas hold whatever X may send; no twenty posts have all of it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records"),
    # Of one field: the suite warns or not depending on which of its tests ran before.
    pytest.mark.filterwarnings("ignore:No records were available to test"),
]


@pytest.fixture(scope="module", autouse=True)
def _simulator() -> Iterator[Simulator]:
    """Serve while the tests run: the suite keeps this very config, so the address goes into it."""
    scenario = Scenario(rate_per_s=200.0, rules=[{"value": "dog", "tag": "theirs"}])
    with Simulator(scenario) as sim:
        CONFIG["api_url"] = sim.url
        yield sim


class TestTapTwitterStream(_Suite):  # type: ignore[misc, valid-type] # made at run time
    """Each of the SDK's tests, for the tap, each stream and each attribute."""
