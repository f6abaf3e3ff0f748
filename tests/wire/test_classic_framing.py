"""Lengths, blank lines and torn pieces of v1.1, as its clients met them, each with its source."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.wire.classic import classify_classic
from tap_twitter_stream.wire.classify import classify_cut
from tap_twitter_stream.wire.lines import LineCutter
from tap_twitter_stream.wire.messages import Junk, LineLength, Message, Status

LIMIT = 1 << 20
KEEP_ALIVES = (b"", b"\r")


def status(number: int, text: str = "a") -> bytes:
    return json.dumps({"id": number, "text": text}, ensure_ascii=False).encode()


def framed(body: bytes) -> bytes:
    """Return a message as `delimited=length` sends it: its length counts the line end too."""
    return b"%d\r\n%s\r\n" % (len(body) + 2, body)


def messages(wire: bytes, sizes: list[int] | None = None) -> list[Message]:
    """Return what the bytes hold, fed in pieces of these sizes, lengths and blanks left out."""
    cutter, lines, at = LineCutter(LIMIT), [], 0
    for size in [*(sizes or ()), len(wire)]:
        lines += cutter.feed(wire[at : at + size])
        at += size
    read = [classify_classic(line) for line in lines if line not in KEEP_ALIVES]
    return [one for one in read if not isinstance(one, LineLength)]


def ids(wire: bytes, sizes: list[int] | None = None) -> list[str]:
    return [one.id if isinstance(one, Status) else "junk" for one in messages(wire, sizes)]


TWO = framed(status(1)) + framed(status(2, "猫 says \\u2028 and \u2028 too"))


@given(st.lists(st.integers(0, 9), max_size=60))
def test_lengths_do_not_depend_on_where_the_socket_cuts(sizes: list[int]) -> None:
    """The tests of hbc's DelimitedStreamReader feed it by such pieces (SplitInputStream)."""
    assert ids(TWO, sizes) == ["1", "2"]


def test_blank_lines_may_come_before_a_length() -> None:
    """X's page on `delimited`: keep-alives go on, and stand before the number, never inside."""
    assert ids(b"\r\n\r\n" + framed(status(1)) + b"\r\n" + framed(status(2))) == ["1", "2"]


@pytest.mark.parametrize("said", [b"3", b"9999", b"0", b"500001", b"9" * 30])
def test_a_length_that_lies_costs_nothing(said: bytes) -> None:
    """Where the block does not end in a line end, hbc reads on to the next one.

    Above 500,000 it gives up. The ReadBuffer of tweepy 3.10 believes the number, and is out of step
    from there on.
    """
    wire = said + b"\r\n" + status(1) + b"\r\n" + framed(status(2))
    assert ids(wire) == ["1", "2"]


def test_a_line_in_the_place_of_a_length_is_kept_and_the_next_message_is_found() -> None:
    """The StringDelimitedProcessor of hbc skips three such lines; tweepy 3.10 raises."""
    wire = b"what?\r\n" * 5 + framed(status(1))
    assert ids(wire) == ["junk"] * 5 + ["1"]


def test_a_message_without_its_length_is_a_message() -> None:
    """Nothing hangs on the lengths: one server may send them and the next one not."""
    assert ids(status(1) + b"\r\n" + framed(status(2))) == ["1", "2"]


def test_a_carriage_return_inside_a_message_ends_nothing() -> None:
    """A CR is trimmed only right before its LF, as in hbc (DelimitedStreamReader)."""
    assert ids(b'{"id":1,\r"text":"a\\r\\nb"}\r\r\n' + status(2) + b"\n") == ["1", "2"]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_two_halves_of_a_line_end_may_come_apart(size: int) -> None:
    """The `iter_lines` of requests makes an empty line of it: a keep-alive that was none."""
    wire = status(1) + b"\r\n\r\n" + status(2) + b"\r\n"
    cutter = LineCutter(LIMIT)
    pieces = [wire[at : at + size] for at in range(0, len(wire), size)]
    lines = [line for piece in pieces for line in cutter.feed(piece)]
    assert [line.strip() for line in lines] == [status(1), b"", status(2)]


def test_separators_of_unicode_stay_inside_a_text() -> None:
    """`str.splitlines`, which several clients use, breaks a message apart at these."""
    text = "a\u2028b\u2029c\u0085d\x7f"
    (message,) = messages(framed(status(1, text)))
    assert isinstance(message, Status)
    assert json.loads(message.raw)["full_text"] == text


def test_a_number_that_is_no_length_is_kept() -> None:
    """In issue 405 of tweepy a bare number reached the callback and ended the stream."""
    assert ids(b"-5\r\n1.5\r\n" + framed(status(1))) == ["junk", "junk", "1"]


@pytest.mark.parametrize(
    ("rest", "kind"),
    [(status(1), Status), (status(1)[:-1], Junk), (b"7", LineLength), (b'{"id":1,"te', Junk)],
)
def test_what_stands_behind_the_last_line_end_is_read_if_it_is_whole(
    rest: bytes, kind: type[Message]
) -> None:
    """X's own Python client parses it; tweepy yields it, and a JSON error ends the stream."""
    assert isinstance(classify_cut(rest, classify_classic), kind)
