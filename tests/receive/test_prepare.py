"""What is connected: one target a partition, with the parameters that its endpoint has."""

from __future__ import annotations

from tap_twitter_stream.receive.prepare import prepare
from tap_twitter_stream.settings.parse import parse_settings
from tests.fakes import FakeClock


def test_each_partition_is_a_target_of_its_own() -> None:
    settings = parse_settings(
        {
            "bearer_token": "t",
            "endpoints": ["sample", "sample10", "firehose"],
            "partitions": {"firehose": [7]},
        }
    )
    prepared, _ = prepare(settings, FakeClock())
    assert [(one.endpoint, one.partition) for one in prepared.targets] == [
        *(("sample", 0), ("sample10", 1), ("sample10", 2), ("firehose", 7))
    ]
    asked = [one.request.params.get("partition") for one in prepared.targets]
    assert asked == [None, "1", "2", "7"]
