"""The table of endpoints holds together."""

from __future__ import annotations

import pytest

from tap_twitter_stream.wire.endpoints import ARCHIVE, COMMON_STREAMS, ENDPOINTS, EndpointSpec

LIVE = [spec for spec in ENDPOINTS.values() if spec.is_live]


@pytest.mark.parametrize("spec", LIVE, ids=lambda spec: spec.name)
def test_a_row_is_complete(spec: EndpointSpec) -> None:
    assert spec.path.startswith("/1.1/" if spec.signed else "/2/")
    assert bool(spec.home) == spec.signed
    assert spec.streams
    assert not set(spec.streams) & set(COMMON_STREAMS)
    assert spec.partitions == tuple(range(1, spec.partitions_total + 1))
    assert set(spec.field_params) & {name for name, _ in spec.fixed_params} == set()


def test_only_the_archive_is_no_stream_of_x() -> None:
    assert [spec.name for spec in ENDPOINTS.values() if not spec.is_live] == [ARCHIVE]


def test_no_path_is_there_twice() -> None:
    assert len({spec.path for spec in ENDPOINTS.values()}) == len(ENDPOINTS)
