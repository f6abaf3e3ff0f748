"""Undo compression that is told by a file's first bytes, never by its name."""

from __future__ import annotations

import bz2
import importlib
import lzma
import re
import sys
import zlib
from typing import TYPE_CHECKING, Protocol

from tap_twitter_stream.archive.byte_source import Source
from tap_twitter_stream.errors import CaptureFailedError, DamagedArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_BYTES = 512  # enough to tell every kind of file
_GZIP, _BZ2, _XZ, _ZSTD = "gzip", "bz2", "xz", "zstd"
_MARKS = tuple(
    (re.compile(mark, re.DOTALL).match, codec)
    for mark, codec in (
        (rb"\x1f\x8b\x08", _GZIP),
        (rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", _BZ2),
        (rb"\xfd7zXZ\x00", _XZ),
        (rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", _ZSTD),
    )
)
_ERRORS: tuple[type[Exception], ...] = (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError)
_PACKED_BYTES = 64 * 1024
# A decoder of bz2, xz or zstd that fails keeps what the call had made, so calls are kept short.
_SHORT_BYTES = 32 * 1024
_ZSTD_STEP_BYTES = 2048  # a block of 128 KiB can come out of four bytes


class Decoder(Protocol):
    """What the decoders of the standard library have in common."""

    @property
    def eof(self) -> bool:
        """Whether a whole stream was decoded."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out without new bytes."""

    @property
    def unused_data(self) -> bytes:
        """What followed the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return decoded bytes, at most so many."""


class UnpackedSource(Source):
    """What a compressed source holds. Several streams may follow each other, as gzip allows.

    Args:
        packed: The compressed bytes.
        codec: What :func:`codec_of` told.
    """

    def __init__(self, packed: Source, codec: str) -> None:
        super().__init__()
        self._packed = packed
        self._codec = codec
        self._make = _DECODERS[codec]
        self._decoder: Decoder | None = self._make()
        self._errors = (*_ERRORS, *_zstd_errors())  # of what has been loaded by now

    def _more(self, most_bytes: int) -> bytes:
        while self._decoder:
            data = b""
            if self._decoder.needs_input and not (data := self._packed.read(_PACKED_BYTES)):
                msg = f"the {self._codec} data end too early"
                raise DamagedArchiveError(msg)
            try:
                plain = self._decoder.decompress(data, min(most_bytes, _SHORT_BYTES))
            except self._errors as error:
                msg = f"the {self._codec} data are corrupt ({error})"
                raise DamagedArchiveError(msg) from error
            if self._decoder.eof:
                self._packed.unread(self._decoder.unused_data)
                self._decoder = self._next()
            if plain:
                return plain
        return b""

    def _next(self) -> Decoder | None:
        """Return a decoder for the stream that follows; zeros fill up tapes and blocks."""
        while (head := self._packed.peek(HEAD_BYTES)) and not head.strip(b"\0"):
            self._packed.skip(len(head))
        if not head:
            return None
        self._packed.skip(len(head) - len(head.lstrip(b"\0")))
        if codec_of(self._packed.peek(HEAD_BYTES)) != self._codec:
            self._failure = DamagedArchiveError(f"what follows the {self._codec} data is none")
            return None
        return self._make()


class _Zlib:
    """Gzip with the interface of the other decoders."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not (self._inner.unconsumed_tail or self._is_full)

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        plain = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._is_full = len(plain) == max_length
        return plain


class _Zstandard:
    """The package zstandard with the interface of the other decoders; takes few bytes at a time."""

    def __init__(self) -> None:
        self._inner = importlib.import_module("zstandard").ZstdDecompressor().decompressobj()
        self._waiting = b""

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        return not self._waiting

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data) + self._waiting

    def decompress(self, data: bytes, max_length: int) -> bytes:  # noqa: ARG002 - the inner has no bound
        data = self._waiting + data
        self._waiting = data[_ZSTD_STEP_BYTES:]
        return bytes(self._inner.decompress(data[:_ZSTD_STEP_BYTES]))


def _zstd() -> Decoder:
    try:
        decoder: Decoder = importlib.import_module("compression.zstd").ZstdDecompressor()
    except ImportError:  # before Python 3.14
        try:
            return _Zstandard()
        except ImportError as error:
            said = "The archive holds zstd data, and nothing here can read it."
            remedy = "Install the tap with the extra `archive`: tap-twitter-stream[archive]."
            raise CaptureFailedError(said, remedy) from error
    return decoder


def _zstd_errors() -> tuple[type[Exception], ...]:
    return tuple(
        importlib.import_module(name).ZstdError
        for name in ("compression.zstd", "zstandard")
        if name in sys.modules
    )


_DECODERS: dict[str, Callable[[], Decoder]] = {
    _GZIP: _Zlib,
    _BZ2: bz2.BZ2Decompressor,
    _XZ: lzma.LZMADecompressor,
    _ZSTD: _zstd,
}


def codec_of(head: bytes) -> str | None:
    """Tell how a source that begins so is compressed; None when it is not."""
    return next((codec for mark, codec in _MARKS if mark(head)), None)
