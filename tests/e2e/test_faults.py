from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.expected import check_books
from tests.e2e.harness import Tap, capture, config_for
from tests.limits import Slowness
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

SEND: dict[str, Any] = {"do": "send", "posts": 20, "rate_per_s": "max"}
REST: dict[str, Any] = {"steps": [SEND, {"do": "idle"}]}


def survived(
    folder: Path, *steps: dict[str, Any], posts: int = 40, **more: object
) -> tuple[Tap, Simulator]:
    """Capture over one faulty connection and a good one that follows it."""
    scenario = {"connections": [{"steps": steps}, REST], **more}
    with Simulator(Scenario.from_json(scenario)) as sim:
        tap = capture(folder, config_for(sim, spool_dir=str(folder / "spool")), posts)
    check_books(tap.window)
    assert tap.ids() == sim.oracle.sent_ids()
    assert tap.messages[-1]["type"] == "STATE"
    return tap, sim


def endings(tap: Tap) -> list[str]:
    return [row["ending"] for row in tap.records("capture_connections")]


@pytest.mark.parametrize(
    ("fault", "ending", "gzip"),
    [
        ("close", "closed_by_server", True),
        ("cut", "closed_by_server", False),
        ("cut", "closed_by_server", True),
        ("rst", "network_failed", True),
    ],
)
def test_a_lost_connection_is_followed_by_another(
    tmp_path: Path, fault: str, ending: str, *, gzip: bool
) -> None:
    with Slowness() as slow:
        tap, _ = survived(tmp_path, SEND, {"do": fault}, gzip=gzip)
    assert endings(tap) == [ending, "stopped_by_us"]
    (gap,) = tap.records("capture_gaps")
    assert gap["duration_seconds"] < slow.factor


@pytest.mark.parametrize(
    ("where", "end", "gzip"),
    [
        ("line", "fin", False),
        ("line", "rst", True),
        ("chunk", "fin", True),
        ("chunk", "rst", False),
    ],
)
def test_a_cut_line_is_kept_as_it_came(tmp_path: Path, where: str, end: str, *, gzip: bool) -> None:
    cut = {"do": "cut_line", "end": end, "where": where}
    tap, sim = survived(tmp_path, SEND, cut, gzip=gzip)
    (cut_id,) = sim.oracle.connections[0].cut_ids
    letters = tap.records("dead_letters")
    if letters or where == "line":  # of a chunk that never ended a decoder may keep nothing
        (letter,) = letters
        raw = base64.b64decode(letter["raw_base64"])
        assert letter["reason"] == "cut"
        assert raw.startswith(b'{"data"')
        assert letter["size_bytes"] == len(raw)
        assert cut_id not in tap.ids()


def test_a_bad_line_becomes_a_dead_letter_and_the_stream_goes_on(tmp_path: Path) -> None:
    lines: list[bytes] = [b"{oops", b"\xff\x00\xfe", b"[]", b'{"unheard":"of"}', b'{"data":{}}']
    steps = [{"do": "bad_line", "hex": line.hex()} for line in lines]
    tap, _ = survived(tmp_path, SEND, *steps, SEND, {"do": "close"}, posts=60)
    letters = tap.records("dead_letters")
    found = [base64.b64decode(letter["raw_base64"]).rstrip(b"\r") for letter in letters]
    assert found == lines
    reasons = ["not_json", "not_utf8", *["unknown_kind"] * 3]
    assert [letter["reason"] for letter in letters] == reasons
    assert tap.records("capture_connections")[0]["dead_letters"] == len(lines)
    assert len({letter["letter_id"] for letter in letters}) == len(lines)


def test_a_line_over_the_limit_is_a_dead_letter(tmp_path: Path) -> None:
    line = b'{"data":{"id":"1","text":"' + b"x" * 70_000 + b'"}}'
    steps = [SEND, {"do": "bad_line", "hex": line.hex()}, SEND, {"do": "idle"}]
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        tap = capture(tmp_path, config_for(sim, max_line_bytes=65_536), 40)
    (letter,) = tap.records("dead_letters")
    assert (letter["reason"], letter["size_bytes"]) == ("too_long", len(line) + 1)
    assert line.startswith(base64.b64decode(letter["raw_base64"]))
    assert tap.ids() == sim.oracle.sent_ids()
    check_books(tap.window)


def test_an_announced_disconnect_is_a_notice_and_the_ending(tmp_path: Path) -> None:
    step = {"do": "disconnect", "disconnect_type": "UpstreamOperationalDisconnect"}
    tap, _ = survived(tmp_path, SEND, step)
    (notice,) = tap.records("notices")
    assert notice["disconnect_type"] == "UpstreamOperationalDisconnect"
    assert endings(tap)[0] == "disconnect_notice"
    assert "UpstreamOperationalDisconnect" in tap.records("capture_connections")[0]["ending_detail"]


def test_posts_that_come_twice_are_emitted_once(tmp_path: Path) -> None:
    connections = [
        {"steps": [SEND, {"do": "duplicate", "posts": 7}, {"do": "cut"}]},
        {"steps": [{"do": "duplicate", "posts": 5}, SEND, {"do": "idle"}]},
    ]
    with Simulator(Scenario(connections=connections)) as sim:
        tap = capture(tmp_path, config_for(sim), 40)
    sent = sim.oracle.sent_ids()
    assert len(sent) == 52
    assert tap.ids() == list(dict.fromkeys(sent))
    (tweets,) = [row for row in tap.window["streams"] if row["stream"] == "tweets"]
    assert (tweets["emitted"], tweets["deduplicated"]) == (40, 12)
    check_books(tap.window)


def test_posts_that_drip_in_byte_by_byte_arrive_whole(tmp_path: Path) -> None:
    with Simulator(Scenario(connections=[{"steps": [{"do": "drip", "posts": 5}, SEND]}])) as sim:
        tap = capture(tmp_path, config_for(sim), 25)
    assert tap.ids()[:25] == sim.oracle.sent_ids()[:25]


def test_503_is_waited_for_and_told(tmp_path: Path) -> None:
    """Takes some 7 s: X's published wait after a 503 is 5 s."""
    tap, sim = survived(tmp_path, {"do": "http", "status": 503}, posts=20)
    first, second = tap.records("capture_connections")
    assert (first["ending"], first["http_status"]) == ("http_refused", 503)
    assert 5 <= first["reconnect_wait_seconds"] <= 5.5
    assert second["ending"] == "stopped_by_us"
    (error,) = [row for row in tap.records("errors") if row["kind"] == "http"]
    assert error["status"] == 503
    paths = [one["status"] for one in sim.oracle.requests if one["path"].endswith("/stream")]
    assert paths == [503, 200]


def test_429_waits_as_long_as_x_asks_and_a_stop_ends_the_wait(tmp_path: Path) -> None:
    steps = [{"do": "http", "status": 429, "headers": {"Retry-After": "90"}}]
    scenario = Scenario(connections=[{"steps": steps}])
    with Simulator(scenario) as sim, Tap(tmp_path, config_for(sim)) as tap:
        tap.says("Reconnecting in")
        assert tap.stop() == 0
    (row,) = tap.records("capture_connections")
    assert (row["ending"], row["http_status"]) == ("http_refused", 429)
    assert row["reconnect_wait_seconds"] >= 90
    assert tap.window["connections_total"] == 0
    assert tap.window["connects_total"] == 1


def test_a_quiet_stream_with_keep_alives_stays_connected(tmp_path: Path) -> None:
    steps = [SEND, {"do": "idle", "seconds": 1}, SEND, {"do": "idle"}]
    scenario = Scenario(connections=[{"steps": steps}], keep_alive_s=0.05)
    with Simulator(scenario) as sim:
        tap = capture(tmp_path, config_for(sim), 40)
        (connection,) = sim.oracle.connections
    assert endings(tap) == ["stopped_by_us"]
    assert tap.window["keep_alives"] == connection.keep_alives > 10
    assert tap.records("capture_gaps") == []
    check_books(tap.window)
