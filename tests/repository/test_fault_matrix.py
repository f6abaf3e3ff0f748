"""docs/reference/faults.md describes the tap of today: its tables come from trying each fault."""

from __future__ import annotations

import pytest

from scripts import make_fault_matrix
from scripts.make_fault_matrix import ANSWERS, NETWORK, PAGE, REPEATS, STREAMS_THAT_END


@pytest.fixture(scope="module")
def made() -> str:
    """Try every fault; takes some 8 s, most of it the stalls."""
    return make_fault_matrix.page()


def test_the_page_is_what_is_tried_now(made: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == made, "run python -m scripts.make_fault_matrix"


def test_no_post_is_missing_and_every_trial_comes_to_an_end(made: str) -> None:
    assert "MISSING" not in made
    rows = [line.split(" | ") for line in made.splitlines() if line.startswith("| ")]
    tried = [row for row in rows if len(row) == 6 and row[3].isdigit()]
    assert len(tried) == len(ANSWERS) + len(STREAMS_THAT_END)
    for row in tried:
        goes_on = row[5].startswith("goes on")
        # All faults and the good connection, or the end; "unsure" kinds get three tries more.
        assert int(row[3]) == REPEATS + 1 if goes_on else int(row[3]) in {1, 4}, row


def test_every_end_of_a_run_says_what_to_do(made: str) -> None:
    ends = [line for line in made.splitlines() if "ends the run" in line]
    assert len(ends) >= 15
    for line in ends:
        assert line.rpartition("exit 1: ")[2].rstrip(" |").endswith((".", "`).")), line


def test_the_network_rows_cover_every_phase() -> None:
    phases = {getattr(one, "phase", None) for one in NETWORK.values()}
    assert phases >= {"dns", "connect", "certificate", "tls", "proxy_login", "proxy"}
