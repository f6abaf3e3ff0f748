from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool import reader as reader_module
from tap_twitter_stream.spool import resync as salvage_module
from tap_twitter_stream.spool import writer as writer_module
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import HEADER_BYTES, MAGIC, Kind, encode_header
from tap_twitter_stream.spool.reader import LogReader
from tests.spool.logs import frames_from, note, payloads, write_payloads, writer

if TYPE_CHECKING:
    from pathlib import Path


def test_a_log_without_a_segment_says_so(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="no segment"):
        LogReader(tmp_path, 0, 0)


def test_reading_begins_with_the_segment_that_holds_the_position(tmp_path: Path) -> None:
    write_payloads(tmp_path, [b"one"])
    write_payloads(tmp_path, [b"two"])
    begin = segments(tmp_path)[1].base
    assert payloads(frames_from(tmp_path)) == [b"one", b"two"]
    assert payloads(frames_from(tmp_path, begin)) == [b"two"]
    assert payloads(frames_from(tmp_path, begin - 1)) == [b"one", b"two"]


def test_a_reader_follows_a_log_that_grows_across_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 300)
    log = writer(tmp_path)
    reader = LogReader(tmp_path, 0, 0)
    seen = [frame.kind for frame in reader.read()]
    for number in range(100):
        log.append(Kind.BYTES, b"%d" % number, connection=8)
        frames = reader.read()
        seen += [frame.kind for frame in frames if frame.kind is not Kind.BYTES]
        frames = frames if payloads(frames) else reader.read()
        assert payloads(frames) == [b"%d" % number]
        assert reader.read() == []
    assert len(segments(tmp_path)) == seen.count(Kind.CONTEXT) > 5
    log.close()


def test_a_reader_beside_a_busy_writer_misses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 2000)
    rung = threading.Event()
    log = writer(tmp_path, ring=rung.set)
    reader = LogReader(tmp_path, 0, 0)
    sent = [b"%d" % number * (number % 50 + 1) for number in range(3000)]

    def write() -> None:
        for payload in sent:
            log.append(Kind.BYTES, payload, connection=8)

    thread = threading.Thread(target=write)
    thread.start()
    seen: list[bytes] = []
    while len(seen) < len(sent):
        rung.clear()
        frames = reader.read()
        seen += payloads(frames)
        assert frames or rung.wait(5) or len(seen) == len(sent)
    thread.join()
    assert seen == sent


def test_a_frame_larger_than_a_block_comes_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(salvage_module, "BLOCK_BYTES", 64)
    sent = [b"x", b"y" * 1000, b"z" * 64, b"", b"w" * 36]
    write_payloads(tmp_path, sent)
    assert payloads(frames_from(tmp_path)) == sent
    write_payloads(tmp_path, [b"next"])  # opening it again looks for a torn tail
    assert payloads(frames_from(tmp_path)) == [*sent, b"next"]


@pytest.mark.parametrize("again", [False, True])
def test_any_changed_byte_is_told_of_and_costs_one_frame(
    tmp_path: Path,
    again: bool,  # noqa: FBT001 - whether another run has opened the log since
) -> None:
    lines = [b"one\n", b"twotwo\n", b"three\n"]
    write_payloads(tmp_path, lines)
    write_payloads(tmp_path, [b"behind\n"])
    path = segments(tmp_path)[0].path
    sound = path.read_bytes()
    starts = [frame.position for frame in frames_from(tmp_path)]
    for at in range(len(MAGIC), len(sound)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x41]) + sound[at + 1 :])
        if again:
            write_payloads(tmp_path, [])
        frames = frames_from(tmp_path)
        hit = max(start for start in starts if start <= at)
        corrupt = [frame for frame in frames if frame.kind is Kind.CORRUPT]
        assert corrupt, at
        assert [one for one in payloads(frames) if one != b"behind\n"] == [
            line for line, start in zip(lines, starts[1:4], strict=True) if start != hit
        ]
        assert payloads(frames)[-1] == b"behind\n"
        assert [frame.position for frame in frames if frame.end <= hit] == [
            start for start in starts if start < hit
        ]
        # Together the sound and the corrupt frames hold every byte but headers.
        ends = [frame.end for frame in frames if frame.end <= len(sound)]
        assert ends == sorted(set(ends))
        assert ends[-1] == len(sound)
        assert len(corrupt) == 1
        for extra in segments(tmp_path)[2:]:
            extra.path.unlink()


def test_a_wrong_checksum_alone_costs_one_frame(tmp_path: Path) -> None:
    write_payloads(tmp_path, [b"one", b"two", b"three"])
    write_payloads(tmp_path, [])
    path = segments(tmp_path)[0].path
    path.write_bytes(path.read_bytes().replace(b"two", b"TWO"))
    frames = frames_from(tmp_path)
    assert payloads(frames) == [b"one", b"three"]
    assert [frame.payload for frame in frames if frame.kind is Kind.CORRUPT] == [b"TWO"]


@pytest.mark.parametrize("swallowed", [1, 2])
def test_a_wrong_length_that_ends_where_another_frame_does_costs_one_frame(
    tmp_path: Path, swallowed: int
) -> None:
    """Mutation: take a length for right because what follows is sound, or is the file's end."""
    write_payloads(tmp_path, [b"one", b"two", b"three"])
    write_payloads(tmp_path, [])
    path = segments(tmp_path)[0].path
    content = bytearray(path.read_bytes())
    at = content.index(b"one") - HEADER_BYTES
    content[at] = len(b"one" + b"two" + b"three"[: 5 * swallowed - 5]) + swallowed * HEADER_BYTES
    path.write_bytes(content)
    frames = frames_from(tmp_path)
    assert payloads(frames) == [b"two", b"three"]
    (corrupt,) = [frame for frame in frames if frame.kind is Kind.CORRUPT]
    assert corrupt.payload.endswith(b"one")


def test_a_long_stretch_of_damage_comes_in_pieces_that_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "BLOCK_BYTES", 100)
    monkeypatch.setattr(salvage_module, "BLOCK_BYTES", 100)
    write_payloads(tmp_path, [b"one"])
    segment = segments(tmp_path)[0]
    whole_bytes = segment.end
    header = encode_header(Kind.BYTES, 8, 0, b"behind")
    with segment.path.open("ab") as file:
        file.write(b"\xfe" * 950 + header + b"behind")
    write_payloads(tmp_path, [b"two"])
    frames = frames_from(tmp_path)
    assert payloads(frames) == [b"one", b"behind", b"two"]
    corrupt = [frame for frame in frames if frame.kind is Kind.CORRUPT]
    assert b"".join(frame.payload for frame in corrupt) == b"\xfe" * 950
    assert all(len(frame.payload) <= 100 for frame in corrupt)
    assert corrupt[0].payload_position == whole_bytes
    assert len({frame.payload_position for frame in corrupt}) == len(corrupt)


def test_at_the_tip_an_unfinished_frame_is_waited_for(tmp_path: Path) -> None:
    write_payloads(tmp_path, [b"one"])
    path = segments(tmp_path)[0].path
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    reader = LogReader(tmp_path, 0, verify_before=0)
    assert payloads(reader.read()) == []
    assert reader.read() == []
    path.write_bytes(whole)
    assert payloads(reader.read()) == [b"one"]
    reader.close()


def test_a_file_that_is_no_segment_is_named(tmp_path: Path) -> None:
    write_payloads(tmp_path, [b"x" * HEADER_BYTES])
    path = segments(tmp_path)[0].path
    path.write_bytes(b"something else")
    with pytest.raises(SpoolError, match=f"{path.name}.*not a log segment"):
        writer(tmp_path)
    assert path.read_bytes() == b"something else"


def test_damage_to_the_first_bytes_of_a_file_costs_no_frame(tmp_path: Path) -> None:
    write_payloads(tmp_path, [b"one"])
    path = segments(tmp_path)[0].path
    path.write_bytes(b"\0" * len(MAGIC) + path.read_bytes()[len(MAGIC) :])
    write_payloads(tmp_path, [b"two"])
    frames = frames_from(tmp_path)
    assert payloads(frames) == [b"one", b"two"]
    assert [frame.payload for frame in frames if frame.kind is Kind.CORRUPT] == [b"\0" * 8]


@pytest.mark.parametrize("behind_a_crash", [False, True])
def test_a_missing_file_is_told_of_once(
    tmp_path: Path,
    behind_a_crash: bool,  # noqa: FBT001 - whether positions were left out before it
) -> None:
    for payload in (b"one", b"two", b"three"):
        log = writer(tmp_path)
        log.append(Kind.BYTES, payload, connection=8)
        if not behind_a_crash:
            note(log, Kind.STOPPED, {"reason": "stop"})
        log.close()
    assert not any(frame.kind is Kind.CORRUPT for frame in frames_from(tmp_path))
    middle = segments(tmp_path)[1]
    middle.path.unlink()
    frames = frames_from(tmp_path)
    assert payloads(frames) == [b"one", b"three"]
    (corrupt,) = [frame for frame in frames if frame.kind is Kind.CORRUPT]
    assert corrupt.payload == b""
    assert corrupt.end == segments(tmp_path)[1].base


def test_what_a_disk_never_got_is_cut_as_if_never_written(tmp_path: Path) -> None:
    write_payloads(tmp_path, [b"one"])
    path = segments(tmp_path)[0].path
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0" * 5000)
    write_payloads(tmp_path, [b"two"])
    assert path.read_bytes() == whole
    frames = frames_from(tmp_path)
    assert payloads(frames) == [b"one", b"two"]
    assert not any(frame.kind is Kind.CORRUPT for frame in frames)
