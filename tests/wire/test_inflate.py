from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.wire.inflate import Identity, InflateError, Inflater, decoder_for
from tests.wire.cuts import split

CODINGS = st.sampled_from([gzip.compress, zlib.compress])


def flushed(messages: list[bytes]) -> list[bytes]:
    """Return one gzip member, cut where a server would flush it: after each message."""
    coder = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    return [coder.compress(one) + coder.flush(zlib.Z_SYNC_FLUSH) for one in messages]


@given(st.lists(st.tuples(CODINGS, st.binary())), st.lists(st.integers(0, 10_000)))
def test_any_split_of_any_members_gives_the_same_bytes(
    members: list[tuple[object, bytes]], cuts: list[int]
) -> None:
    coded = b"".join(coding(plain) for coding, plain in members)  # type: ignore[operator] # sampled
    decoder = Inflater()
    plain = b"".join(decoder.feed(part) for part in split(coded, cuts))
    assert plain == b"".join(plain for _, plain in members)


def test_each_flushed_message_comes_out_at_once() -> None:
    messages = [b'{"data":{"id":"%d"}}\r\n' % number for number in range(20)]
    decoder = Inflater()
    assert [decoder.feed(part) for part in flushed(messages)] == messages


@given(st.lists(st.binary(min_size=1), min_size=1, max_size=5), st.booleans())
def test_what_came_before_corrupt_bytes_is_returned_first(
    messages: list[bytes],
    by_message: bool,  # noqa: FBT001 - a case of the property
) -> None:
    parts = [*flushed(messages), b"\xff" * 40]  # a block of a kind that does not exist
    decoder = Inflater()
    plain = b""
    for part in parts[:-1] if by_message else [b"".join(parts)]:
        plain += decoder.feed(part)
    with pytest.raises(InflateError):
        decoder.feed(parts[-1])
    assert plain == b"".join(messages)
    with pytest.raises(InflateError):
        decoder.feed(b"still")


def test_members_before_a_corrupt_one_are_returned_first() -> None:
    decoder = Inflater()
    assert decoder.feed(gzip.compress(b"one") + gzip.compress(b"two") + b"no member") == b"onetwo"
    with pytest.raises(InflateError):
        decoder.feed(gzip.compress(b"three"))


def test_a_wrong_checksum_loses_nothing_of_its_member() -> None:
    coded = bytearray(gzip.compress(b"the whole message\n"))
    coded[-5] ^= 1
    decoder = Inflater()
    assert decoder.feed(bytes(coded)) == b"the whole message\n"
    with pytest.raises(InflateError):
        decoder.feed(b"\0")


@pytest.mark.parametrize("name", [None, "", "identity", " Identity "])
def test_no_coding_passes_bytes_as_they_are(name: str | None) -> None:
    decoder = decoder_for(name)
    assert isinstance(decoder, Identity)
    assert decoder.feed(b"\x1f\x8b") == b"\x1f\x8b"


@pytest.mark.parametrize("name", ["gzip", "GZIP", "x-gzip", "deflate"])
def test_codings_that_were_asked_for_are_undone(name: str) -> None:
    assert decoder_for(name).feed(gzip.compress(b"x")) == b"x"


def test_a_coding_nobody_asked_for_is_named() -> None:
    with pytest.raises(InflateError, match="'br' was not asked for"):
        decoder_for("br")


def test_the_end_of_a_member_is_told_from_a_cut() -> None:
    coded = gzip.compress(b"one") + gzip.compress(b"two")
    ends = {0, len(gzip.compress(b"one")), len(coded)}
    for cut in range(len(coded) + 1):
        decoder = Inflater()
        decoder.feed(coded[:cut])
        assert decoder.is_whole() is (cut in ends)
    assert Identity().is_whole()


def test_corruption_in_the_last_bytes_is_told_at_the_end() -> None:
    decoder = Inflater()
    assert decoder.feed(gzip.compress(b"one") + b"no member") == b"one"
    with pytest.raises(InflateError):
        decoder.is_whole()
