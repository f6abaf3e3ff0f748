from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.policy.connect_limit import MARGIN_S
from tap_twitter_stream.policy.ending import HttpRefused, NetworkFailed
from tap_twitter_stream.receive.attempts_file import BudgetFile, app_fingerprint
from tests.fakes import START_S

if TYPE_CHECKING:
    from pathlib import Path

APP = app_fingerprint("CANARY-token")


def budget(folder: Path | None, endpoint: str = "filtered", limit: int = 3) -> BudgetFile:
    return BudgetFile(folder, APP, endpoint, limit=limit, period_s=900.0)


def test_attempt_is_on_disk_before_it_is_made(tmp_path: Path) -> None:
    assert budget(tmp_path).spend_or_wait(START_S) == 0
    (path,) = tmp_path.glob("*.json")
    assert json.loads(path.read_text())["attempts"] == [START_S]


def test_restarted_process_goes_on_counting(tmp_path: Path) -> None:
    for _ in range(3):
        assert budget(tmp_path).spend_or_wait(START_S) == 0
    assert budget(tmp_path).spend_or_wait(START_S + 100) == 800 + MARGIN_S
    assert budget(tmp_path).spend_or_wait(START_S + 900 + MARGIN_S) == 0


def test_refused_attempt_is_not_recorded(tmp_path: Path) -> None:
    one = budget(tmp_path, limit=1)
    one.spend_or_wait(START_S)
    for _ in range(5):
        assert one.spend_or_wait(START_S + 1) > 0
    assert one.spend_or_wait(START_S + 900 + MARGIN_S) == 0


def test_endpoints_and_apps_count_apart(tmp_path: Path) -> None:
    for name in ("filtered", "sample"):
        assert budget(tmp_path, name, limit=1).spend_or_wait(START_S) == 0
    other = BudgetFile(tmp_path, app_fingerprint("other"), "filtered", limit=1, period_s=900.0)
    assert other.spend_or_wait(START_S) == 0


def test_simultaneous_processes_never_spend_more_than_there_is(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        one_each = [budget(tmp_path, limit=10) for _ in range(40)]
        waits = list(pool.map(lambda one: one.spend_or_wait(START_S), one_each))
    assert sum(wait_s == 0 for wait_s in waits) == 10


def test_attempt_that_never_reached_x_is_given_back(tmp_path: Path) -> None:
    one = budget(tmp_path, limit=1)
    one.spend_or_wait(START_S)
    one.refund(NetworkFailed("dns"), START_S)
    assert one.left(START_S) == 1


@pytest.mark.parametrize("ending", [NetworkFailed("request"), HttpRefused(503)])
def test_attempt_that_x_may_have_seen_is_not(
    ending: NetworkFailed | HttpRefused, tmp_path: Path
) -> None:
    one = budget(tmp_path, limit=1)
    one.spend_or_wait(START_S)
    one.refund(ending, START_S)
    one.refund(NetworkFailed("dns"), START_S)
    assert one.left(START_S) == 0


def test_headers_of_x_block_the_next_process_too(tmp_path: Path) -> None:
    refused = HttpRefused(429, rate_limit_remaining=0, rate_limit_reset_s=START_S + 300)
    budget(tmp_path).observe(refused, START_S)
    assert budget(tmp_path).spend_or_wait(START_S) == 300 + MARGIN_S


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"attempts": 5}', b"\xff\x00"])
def test_damaged_file_costs_half_of_the_budget_and_a_warning(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    budget(tmp_path, limit=10).spend_or_wait(START_S)
    (path,) = tmp_path.glob("*.json")
    path.write_bytes(content)
    assert budget(tmp_path, limit=10).left(START_S) == 5
    assert "cannot be read" in caplog.text
    assert budget(tmp_path, limit=10).left(START_S + 1) == 5, "the file was mended"


def test_unwritable_file_is_replaced_by_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = budget(tmp_path, limit=1)
    next_file = tmp_path / f".connects-{APP}-filtered.json.new"
    next_file.mkdir()
    assert one.spend_or_wait(START_S) == 0
    assert "cannot be written" in caplog.text
    assert one.spend_or_wait(START_S) > 0


def test_what_a_full_disk_did_not_take_is_written_when_it_can_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Mutation: count in memory for good, and let the next run begin with an old file."""
    one, other = budget(tmp_path, limit=4), budget(tmp_path, limit=4)
    assert one.spend_or_wait(START_S) == 0
    in_the_way = tmp_path / f".connects-{APP}-filtered.json.new"
    in_the_way.mkdir()
    assert one.spend_or_wait(START_S + 1) == 0
    assert one.left(START_S + 1) == 2
    in_the_way.rmdir()
    assert other.spend_or_wait(START_S + 2) == 0  # does not know of the second yet
    assert one.left(START_S + 3) == 1
    assert budget(tmp_path, limit=4).left(START_S + 3) == 1
    assert len(caplog.records) == 1


def test_a_lock_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    one = budget(tmp_path, limit=1)
    (tmp_path / f"connects-{APP}-filtered.lock").mkdir()
    assert one.spend_or_wait(START_S) == 0
    assert one.spend_or_wait(START_S) > 0


def test_without_a_folder_the_budget_holds_within_the_run() -> None:
    one = budget(None, limit=1)
    assert one.spend_or_wait(START_S) == 0
    assert one.spend_or_wait(START_S) > 0


def test_neither_name_nor_content_tells_the_credential(tmp_path: Path) -> None:
    budget(tmp_path).spend_or_wait(START_S)
    for path in tmp_path.iterdir():
        assert "CANARY" not in path.name + path.read_text()
