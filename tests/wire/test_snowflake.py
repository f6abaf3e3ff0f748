from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.wire.snowflake import FIRST_SNOWFLAKE_ID, created_ms, first_id_at


@given(st.integers(1_300_000_000_000, 3_000_000_000_000), st.integers(0, (1 << 22) - 1))
def test_every_id_of_a_millisecond_tells_it(epoch_ms: int, low_bits: int) -> None:
    first = first_id_at(epoch_ms)
    assert created_ms(str(first + low_bits)) == epoch_ms
    assert created_ms(str(first - 1)) == epoch_ms - 1


@pytest.mark.parametrize(
    "post_id", ["", "20", str(FIRST_SNOWFLAKE_ID), "abc", "-5", "1e30", "\u0661" * 19, "9" * 5000]
)
def test_an_id_without_a_time_has_none(post_id: str) -> None:
    assert created_ms(post_id) is None


def test_the_largest_id_has_a_time() -> None:
    assert created_ms(str(2**63 - 1)) is not None


def test_no_id_is_older_than_the_first() -> None:
    assert first_id_at(0) == 0
