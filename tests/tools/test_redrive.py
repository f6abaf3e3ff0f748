"""``twitter-stream redrive``: a letter keeps what it says, the unreadable comes back."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_twitter_stream.tools.redrive import read_letter
from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
COMMAND = Path(sys.executable).parent / "twitter-stream"
WHEN = "2026-11-26T01:02:03.000004Z"


def post(number: int) -> bytes:
    rule = {"id": "5", "tag": "ours:cats"}
    envelope = {"data": {"id": str(number), "text": "a"}, "matching_rules": [rule]}
    return json.dumps(envelope).encode()


def letter(raw: bytes, **more: object) -> Json:
    return {
        "letter_id": f"letter-{len(raw)}",
        "reason": "poison",
        "position": 77,
        "size_bytes": len(raw),
        "raw_base64": base64.b64encode(raw).decode(),
        "_captured_at": WHEN,
        "_delivery": "backfill",
        "_connection_id": "c1",
        "_endpoint": "filtered",
        **more,
    }


def redrive(
    folder: Path, lines: Sequence[Json | bytes], *options: str
) -> tuple[list[Json], str, int]:
    """Run the command on a file of such lines; return messages, stderr and exit code."""
    file = folder / "letters.jsonl"
    rows = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines]
    file.write_bytes(b"".join(row + b"\n" for row in rows))
    done = subprocess.run(
        [COMMAND, "redrive", file, *options], capture_output=True, timeout=HANG_S, check=False
    )
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    return messages, done.stderr.decode(), done.returncode


def rows(messages: list[Json], stream: str) -> list[Json]:
    return [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == stream]


def test_letters_of_every_form_are_delivered_as_what_they_were(tmp_path: Path) -> None:
    """Takes a few seconds: the command is a process of its own, and imports the tap."""
    shouting = {name.upper(): value for name, value in letter(post(33) + b"\r").items()}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"rules_tag_prefix": "ours:"}))
    messages, said, code = redrive(
        tmp_path,
        [
            {"type": "SCHEMA", "stream": "dead_letters", "schema": {}, "key_properties": []},
            {"type": "RECORD", "stream": "dead_letters", "record": letter(post(1))},
            {"type": "RECORD", "stream": "tweets", "record": {"id": "9"}},
            letter(post(22)),
            letter(post(22)),
            shouting,
            post(4444),
            b"",
        ],
        "--config",
        str(config),
    )
    assert code == 0, said
    tweets = rows(messages, "tweets")
    assert [row["id"] for row in tweets] == ["1", "22", "33", "4444"]
    known = {"_captured_at": WHEN, "_delivery": "backfill", "_connection_id": "c1"}
    for row in tweets[:3]:
        assert {name: row[name] for name in known} == known
    assert tweets[3]["_delivery"] == "archive"
    assert {row["tag"] for row in rows(messages, "tweet_rules")} == {"cats"}
    assert not rows(messages, "dead_letters")
    assert not [one for one in messages if one["type"] == "STATE"]
    assert "Read 4 lines: 4 messages, 0 empty, 0 still dead letters." in said
    assert "left out 1 letters that came twice and 2 other lines" in said
    announced: set[str] = set()
    for one in messages:
        if one["type"] == "SCHEMA":
            announced.add(one["stream"])
        assert one["stream"] in announced


def test_what_is_still_unreadable_comes_out_as_the_letter_it_was(tmp_path: Path) -> None:
    damaged = b"\x00\x01\n" + post(5) + b"\r\n{"
    lines: list[Json | bytes] = [
        letter(b"not json"),
        letter(damaged, reason="corrupt_frame", _endpoint="unknown"),
        letter(b"", reason="corrupt_frame"),
        {**letter(b"x"), "letter_id": "bad", "raw_base64": "no base64"},
        b"{half",
    ]
    messages, said, code = redrive(tmp_path, lines)
    assert code == 0, said
    assert [row["id"] for row in rows(messages, "tweets")] == ["5"]
    letters = rows(messages, "dead_letters")
    given = [one["letter_id"] for one in lines if isinstance(one, dict)]
    assert [row["letter_id"] for row in letters[:4]] == given
    assert [row["raw_base64"] for row in letters[:4]] == [
        one["raw_base64"] for one in lines if isinstance(one, dict)
    ]
    assert base64.b64decode(letters[4]["raw_base64"]) == b"{half"
    assert all(f"Line {number} still cannot be read" in said for number in range(1, 6))
    assert "5 still dead letters" in said
    again, _, _ = redrive(tmp_path, lines)
    assert rows(again, "dead_letters")[4]["letter_id"] == letters[4]["letter_id"]


def test_lines_of_another_endpoint_are_read_as_its(tmp_path: Path) -> None:
    status = {"id": 7, "id_str": "7", "text": "a", "user": {"id_str": "1"}}
    messages, said, code = redrive(
        tmp_path, [json.dumps(status).encode()], "--endpoint", "statuses_filter"
    )
    assert code == 0, said
    assert [row["id_str"] for row in rows(messages, "statuses")] == ["7"]


def test_a_config_that_cannot_be_used_is_said_in_one_sentence(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text("{")
    _, said, code = redrive(tmp_path, [b""], "--config", str(config))
    assert code == 1
    assert said.startswith("Error: The configuration cannot be used")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "value", ["2026-11-26T01:02:03.000004Z", "2026-11-26 01:02:03.000004", None, 7, "soon"]
)
def test_the_time_is_the_letters_where_it_can_be_read(value: object) -> None:
    row = letter(b"x", _captured_at=value)
    found = read_letter(json.dumps(row).encode(), "filtered", 99)
    assert found
    assert found.time_us == (1795654923000004 if "2026" in str(value) else 99)
