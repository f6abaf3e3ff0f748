from __future__ import annotations

from typing import Any

import pytest

from tap_twitter_stream.policy.stale_connections import ghosts_of

BEGAN_S = 1_767_607_200.0  # 2026-01-05T10:00:00Z


def row(name: str, at: str | None, endpoint: str = "sample_stream") -> dict[str, Any]:
    return {"id": name, "endpoint_name": endpoint, "connected_at": at}


ROWS: list[Any] = [
    row("old", "2026-01-05T09:00:00.000Z"),
    row("just before", "2026-01-05T09:59:58.000Z"),
    row("new", "2026-01-05T10:30:00.000Z"),
    row("elsewhere", "2026-01-05T09:00:00.000Z", "firehose_stream"),
    row("undated", None),
    {"id": None, "endpoint_name": "sample_stream"},
    "no object",
]


@pytest.mark.parametrize(
    ("alone", "expected"), [(True, ["old", "just before", "new", "undated"]), (False, ["old"])]
)
def test_only_what_cannot_be_ours_is_ended(*, alone: bool, expected: list[str]) -> None:
    assert ghosts_of(ROWS, "sample_stream", run_began_s=BEGAN_S, alone=alone) == expected
