"""Stdout may be slow, stuck or gone; what is handed over is always whole lines."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_twitter_stream.emit.output import PIPE_BYTES, BlockingSink, Output, PipeSink
from tap_twitter_stream.errors import OutputClosedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return the reading and the writing end of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


def drain(handle: int, output: Output) -> bytes:
    """Read all that the output has, as a reader that always catches up."""
    os.set_blocking(handle, False)
    found = b""
    done = False
    while True:
        done = done or output.push(0.0)
        try:
            found += os.read(handle, 1 << 20)
        except BlockingIOError:
            if done:
                return found


def test_a_stuck_reader_finds_whole_lines_only(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    output = Output(lambda: PipeSink(writing))
    line = b"x" * 2999 + b"\n"
    output.parts.extend([line] * 1000)
    assert not output.push(0.01)
    os.set_blocking(reading, False)
    held = os.read(reading, 2 * PIPE_BYTES)
    assert 0 < len(held) < 1000 * len(line)
    assert held.endswith(b"\n")
    assert len(held) % len(line) == 0


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=300))
@settings(deadline=None, max_examples=30)
def test_everything_arrives_in_order_through_a_pipe(sizes: list[int]) -> None:
    reading, writing = os.pipe()
    try:
        output = Output(lambda: PipeSink(writing))
        lines = [bytes([97 + index % 26]) * size + b"\n" for index, size in enumerate(sizes)]
        output.parts.extend(lines)
        assert drain(reading, output) == b"".join(lines)
    finally:
        os.close(reading)
        os.close(writing)


def test_a_line_larger_than_the_pipe_still_goes_through(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    output = Output(lambda: PipeSink(writing))
    line = b"y" * (3 * PIPE_BYTES) + b"\n"
    output.parts.append(line)
    assert drain(reading, output) == line


def test_a_reader_that_is_gone_is_told(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    output = Output(lambda: PipeSink(writing))
    os.close(reading)
    output.parts.append(b"x\n")
    with pytest.raises(OutputClosedError, match="closed it"):
        output.push(1.0)


def test_a_reader_that_goes_while_stdout_is_full_is_told(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    output = Output(lambda: PipeSink(writing))
    output.parts.extend([b"z" * 4000 + b"\n"] * 1000)
    assert not output.push(0.0)
    os.close(reading)
    with pytest.raises(OutputClosedError):
        output.push(5.0)


def test_a_file_takes_everything(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        output = Output(lambda: BlockingSink(file.fileno()))
        output.parts.extend([b"a\n", b"b\n" * 10**6])
        assert output.push(0.0)
    assert (tmp_path / "out").read_bytes() == b"a\n" + b"b\n" * 10**6


def test_a_replaced_stdout_is_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.parts.append("é\n".encode())
    assert output.push(0.0)
    assert capsys.readouterr().out == "é\n"
