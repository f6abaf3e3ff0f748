"""Undo gzip and deflate content coding as bytes arrive. No I/O."""

from __future__ import annotations

import contextlib
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class InflateError(ValueError):
    """The compressed bytes are corrupt."""


class Identity:
    """No content coding: bytes pass as they are."""

    def feed(self, data: bytes) -> bytes:
        """Return ``data``."""
        return data

    def is_whole(self) -> bool:
        """Return True: any byte may be the last."""
        return True


class Inflater:
    """Incremental gzip/zlib decoder that returns whatever can be decoded so far.

    A decoder that waits to fill a buffer would freeze a quiet stream: the server flushes after
    each message, so each message can be had at once. Several gzip members may follow each other.
    """

    def __init__(self) -> None:
        self._inner: zlib._Decompress | _Broken = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._inside = False

    def is_whole(self) -> bool:
        """Tell whether the bytes so far end where a member ends.

        Raises:
            InflateError: A member is corrupt, and :meth:`feed` could not say so yet.
        """
        if isinstance(self._inner, _Broken):
            raise InflateError(self._inner.reason)
        return not self._inside

    def feed(self, data: bytes) -> bytes:
        """Take compressed bytes and return the plain ones they complete.

        Raises:
            InflateError: A member is corrupt; what came before it was already returned.
        """
        plain: list[bytes] = []
        before = self._inner
        try:
            while data:
                # A failing call keeps what it had decoded; the copy (1.3 us) can get at it.
                before = self._inner.copy()
                plain.append(self._inner.decompress(data))
                self._inside = not self._inner.eof
                if self._inside:
                    break
                data = self._inner.unused_data
                self._inner = zlib.decompressobj(_GZIP_OR_ZLIB)
        except zlib.error as error:
            plain += _decodable(before, data)
            self._inner = _Broken(str(error))  # fails on the next call
            if any(plain):
                return b"".join(plain)
            raise InflateError(str(error)) from error
        return plain[0] if len(plain) == 1 else b"".join(plain)


def _decodable(inner: zlib._Decompress | _Broken, data: bytes) -> Iterator[bytes]:
    """Yield what a decoder makes of corrupt bytes until it fails on them."""
    with contextlib.suppress(zlib.error):
        for at in range(len(data)):
            yield inner.decompress(data[at : at + 1])


class _Broken:
    """Stands in for a decoder that has failed, so that it fails for ever."""

    eof = False
    unused_data = b""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def copy(self) -> _Broken:
        return self

    def decompress(self, _data: bytes) -> bytes:
        raise zlib.error(self.reason)


def decoder_for(content_encoding: str | None) -> Identity | Inflater:
    """Choose the decoder for a ``Content-Encoding`` header.

    Raises:
        InflateError: A coding that was not asked for.
    """
    coding = (content_encoding or "identity").strip().lower()
    if coding in {"", "identity"}:
        return Identity()
    if coding in {"gzip", "x-gzip", "deflate"}:
        return Inflater()
    msg = f"content coding {coding!r} was not asked for"
    raise InflateError(msg)
