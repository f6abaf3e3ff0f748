"""What comes out of an archive does not depend on how it is cut, packed or read (G1, G2, G5).

Break it: emit at `offset + 1` in `archive/position_map.py`, or leave out
`replace(begin, leaf=...)` in `archive/frames.py`; the property of resuming fails.
"""

from __future__ import annotations

import functools
import itertools
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive import corpus
from tests.archive.runs import PACKERS, Reading, tar, zipped

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]


def mixed_lines() -> list[bytes]:
    """Return one line of everything, of several dialects by turns."""
    stream, classic = corpus.stream_lines(), corpus.classic_lines()
    lines = [line for pair in zip(stream[:20], classic[:20], strict=True) for line in pair]
    lines += [json.dumps(corpus.page(stream[20:30])).encode(), *corpus.flattened(stream[30:40])]
    lines += [b"", b"\xff\xfe", b"{", b'{"nothing":1}', b"[" + b",".join(classic[20:24]) + b"]"]
    return lines


LINES = mixed_lines()
# Where a line stands gives these; without a time of its own it takes that of the post before it.
BY_PLACE = {"_connection_id", "letter_id", "position", "notice_id", "error_id"}
UNDATED = {"dead_letters", "notices", "errors", "compliance_events"}
INCLUDED = {"users", "media", "places", "polls", "referenced_tweets"}
COUNTED = (
    *("bytes_received", "lines", "messages", "keep_alives", "dead_letters", "ending", "source"),
    *("first_id", "last_id", "first_message_at", "last_message_at"),
)


def comparable(reading: Reading) -> list[tuple[str, str]]:
    """Return the rows without what says in which file and where a line stood."""
    found = []
    for stream, record in reading.rows:
        if not stream.startswith("capture_"):
            left_out = BY_PLACE | ({"_captured_at"} if stream in UNDATED else set())
            row = {key: item for key, item in record.items() if key not in left_out}
            if stream == "dead_letters":  # it keeps the CR that some files have
                row = {"reason": row["reason"], "raw_text": row["raw_text"].strip()}
            found.append((stream, json.dumps(row, sort_keys=True)))
    return found


class Files(dict[str, bytes]):
    """An archive by the names of its files; a failure shows no bytes."""

    def __repr__(self) -> str:
        return f"Files({ {name: len(data) for name, data in self.items()} })"


@st.composite
def archives(draw: st.DrawFn) -> Files:
    """Cut the lines into files and members, and pack each in some way; names keep the order."""
    cuts = sorted(draw(st.sets(st.integers(1, len(LINES) - 1), max_size=6)) | {0, len(LINES)})
    parts = [
        corpus.text(LINES[a:b], draw(st.sampled_from([b"\n", b"\r\n"])))
        for a, b in itertools.pairwise(cuts)
    ]
    files = Files()
    numbers = itertools.count()
    while parts:
        how = draw(st.sampled_from(["file", "tar", "zip", "tar of tars"]))
        members = {}
        for _ in range(1 if how == "file" else draw(st.integers(0, 3))):
            if parts:
                pack = PACKERS[draw(st.sampled_from(sorted(PACKERS)))]
                members[f"{next(numbers):03d}.json"] = pack(parts.pop(0))
        name = f"{next(numbers):03d}"
        outer = PACKERS[draw(st.sampled_from(sorted(PACKERS)))]
        if how == "file":
            files[f"{name}.json"] = next(iter(members.values()))
        elif how == "zip":
            files[f"{name}.zip"] = zipped(members)
        elif how == "tar":
            files[f"{name}.tar"] = outer(tar(members))
        else:
            files[f"{name}.tar"] = outer(tar({"README.md": b"no post", "in.tar": tar(members)}))
    return files


def written(files: Files) -> Path:
    folder = Path(tempfile.mkdtemp())
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@functools.cache
def expected() -> tuple[tuple[str, str], ...]:
    """Return the rows of the same lines in one plain file."""
    folder = written(Files({"all.jsonl": corpus.text(LINES)}))
    try:
        reading = Reading([folder])
        reading.assert_balanced()
        return tuple(comparable(reading))
    finally:
        shutil.rmtree(folder)


@given(files=archives())
@settings(deadline=None, max_examples=20)
def test_any_cut_into_files_members_and_compressions_gives_the_same_rows(
    files: Files,
) -> None:
    folder = written(files)
    try:
        reading = Reading([folder])
        reading.assert_balanced()
        assert comparable(reading) == list(expected())
    finally:
        shutil.rmtree(folder)


@given(files=archives(), data=st.data())
@settings(deadline=None, max_examples=20)
def test_a_run_that_ends_anywhere_and_goes_on_from_its_state_reads_each_line_once(
    files: Files, data: st.DataObject
) -> None:
    folder = written(files)
    try:
        whole, parts = Reading([folder]), [Reading([folder], frames_total=3)]
        while not parts[-1].replay.ended:
            frames = data.draw(st.integers(3, 40))  # the window, an opened file, and one more
            records = data.draw(st.none() | st.integers(1, 40))
            state = parts[-1].state
            parts.append(Reading([folder], state, frames_total=frames, max_records=records))
            parts[-1].assert_balanced()
            # What was sealed in a file up to a STATE is not taken for what comes behind it.
            assert parts[-1].first_mark >= parts[-2].replay.export().mark
        rows = [row for part in parts for row in comparable(part)]
        assert without_included(rows) == without_included(expected())
        # A new run does not know which users the last one gave out, so it may give older ones.
        assert set(rows) >= set(expected())
        for stream, key in (("dead_letters", "letter_id"), ("errors", "error_id")):
            assert [row[key] for row in whole.records(stream)] == [
                row[key] for part in parts for row in part.records(stream)
            ]
        assert counted([whole]) == counted(parts)
        assert comparable(Reading([folder], parts[-1].state)) == []
    finally:
        shutil.rmtree(folder)


def without_included(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [row for row in rows if row[0] not in INCLUDED]


def counted(readings: list[Reading]) -> list[tuple[Any, ...]]:
    """Return what the rows of the files count, whichever run wrote them."""
    rows = [row for one in readings for row in one.records("capture_connections")]
    return [tuple(row.get(name) for name in COUNTED) for row in rows]
