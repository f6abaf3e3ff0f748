"""The table of endpoints holds together."""

from __future__ import annotations

import pytest

from tap_twitter_stream.wire.endpoints import COMMON_STREAMS, ENDPOINTS, EndpointSpec


@pytest.mark.parametrize("spec", ENDPOINTS.values(), ids=lambda spec: spec.name)
def test_a_row_is_complete(spec: EndpointSpec) -> None:
    assert spec.path.startswith("/1.1/" if spec.signed else "/2/")
    assert bool(spec.home) == spec.signed
    assert spec.streams
    assert not set(spec.streams) & set(COMMON_STREAMS)
    assert spec.partitions == tuple(range(1, spec.partitions_total + 1))
    assert set(spec.field_params) & {name for name, _ in spec.fixed_params} == set()


def test_no_path_is_there_twice() -> None:
    assert len({spec.path for spec in ENDPOINTS.values()}) == len(ENDPOINTS)
