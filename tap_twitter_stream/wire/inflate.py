"""Undo gzip and deflate content coding as bytes arrive. No I/O."""

from __future__ import annotations

import zlib

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class InflateError(ValueError):
    """The compressed bytes are corrupt."""


class Identity:
    """No content coding: bytes pass as they are."""

    def feed(self, data: bytes) -> bytes:
        """Return ``data``."""
        return data


class Inflater:
    """Incremental gzip/zlib decoder that returns whatever can be decoded so far.

    A decoder that waits to fill a buffer would freeze a quiet stream: the server flushes after
    each message, so each message can be had at once. Several gzip members may follow each other.
    """

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_GZIP_OR_ZLIB)

    def feed(self, data: bytes) -> bytes:
        """Take compressed bytes and return the plain ones they complete.

        Raises:
            InflateError: A member is corrupt; what came before it was already returned.
        """
        plain: list[bytes] = []
        try:
            while data:
                plain.append(self._inner.decompress(data))
                if not self._inner.eof:
                    break
                data = self._inner.unused_data
                self._inner = zlib.decompressobj(_GZIP_OR_ZLIB)
        except zlib.error as error:
            if plain := [piece for piece in plain if piece]:
                self._inner = _Broken(str(error))  # type: ignore[assignment] # fails on the next call
                return b"".join(plain)
            raise InflateError(str(error)) from error
        return plain[0] if len(plain) == 1 else b"".join(plain)


class _Broken:
    """Stands in for a decoder whose last good bytes were still to be handed out."""

    eof = False
    unused_data = b""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def decompress(self, _data: bytes) -> bytes:
        raise zlib.error(self._reason)


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
