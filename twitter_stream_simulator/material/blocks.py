"""Blocks of ready messages: templates in, bytes with fresh ids and times out.

Everything that costs (JSON, escaping, chunk headers) is done when a block is made; sending it again
only overwrites its ids and times in place. That is what makes full speed possible in Python.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from twitter_stream_simulator.material.drafts import (
    CLASSIC_NOW_MARK,
    ID_MARK,
    LATER_MARK,
    MS_MARK,
    NOW_MARK,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CRLF = b"\r\n"
_MARKS = tuple(mark.encode() for mark in (ID_MARK, NOW_MARK, LATER_MARK, MS_MARK, CLASSIC_NOW_MARK))


@dataclass(frozen=True, slots=True)
class Template:
    """One rendered line with CRLF, and the offsets of its marks."""

    text: bytes
    id_at: tuple[int, ...]
    now_at: tuple[int, ...]
    later_at: tuple[int, ...]
    ms_at: tuple[int, ...]
    classic_at: tuple[int, ...] = ()

    @classmethod
    def from_line(cls, line: bytes) -> Template:
        """Find the marks of a rendered message."""
        return cls(line + CRLF, *(_offsets(line, mark) for mark in _MARKS))

    def deflated(self) -> Template:
        """Return the template as a piece of a deflate stream whose marks are still marks.

        What lies between the marks is compressed and flushed to a byte border; each mark becomes a
        stored block, which holds its bytes as they are. Pieces can follow each other in any order.
        """
        cuts = sorted(
            [(at, len(ID_MARK), 0) for at in self.id_at]
            + [(at, len(NOW_MARK), 1) for at in self.now_at]
            + [(at, len(LATER_MARK), 2) for at in self.later_at]
            + [(at, len(MS_MARK), 3) for at in self.ms_at]
            + [(at, len(CLASSIC_NOW_MARK), 4) for at in self.classic_at]
        )
        text = bytearray()
        places: tuple[list[int], ...] = ([], [], [], [], [])
        done = 0
        for at, size_bytes, kind in cuts:
            text += _squeezed(self.text[done:at])
            text += b"\0" + size_bytes.to_bytes(2, "little")
            text += (size_bytes ^ 0xFFFF).to_bytes(2, "little")
            places[kind].append(len(text))
            done = at + size_bytes
            text += self.text[at:done]
        text += _squeezed(self.text[done:])
        return Template(bytes(text), *(tuple(place) for place in places))


@dataclass(frozen=True, slots=True)
class Stamp:
    """The texts of time that a block carries: the moment of sending, and an hour later.

    ``ms`` is the moment of sending in milliseconds since 1970, as 13 digits; ``classic`` as v1.1
    writes it, in 30 characters.
    """

    now: bytes
    later: bytes
    ms: bytes = b""
    classic: bytes = b""


class Block:
    """Some messages laid end to end, each as an HTTP chunk of its own or without chunk headers.

    ``templates`` are the plain ones even if ``deflated`` pieces lie in the buffer; ``sums_bytes``
    has the plain size of the first messages, for each number of them from 0.
    """

    def __init__(
        self,
        templates: Sequence[Template],
        *,
        chunk_each: bool,
        deflated: Sequence[Template] | None = None,
    ) -> None:
        self.templates = templates
        self.sums_bytes = (0, *accumulate(len(template.text) for template in templates))
        self.is_deflated = deflated is not None
        parts: list[bytes] = []
        self._id_at: list[tuple[int, ...]] = []
        self._now_at: list[int] = []
        self._later_at: list[int] = []
        self._ms_at: list[int] = []
        self._classic_at: list[int] = []
        self.ends: list[int] = []
        size_bytes = 0
        for template in deflated or templates:
            head = b"%x\r\n" % len(template.text) if chunk_each else b""
            tail = CRLF if chunk_each else b""
            start = size_bytes + len(head)
            self._id_at.append(tuple(start + at for at in template.id_at))
            self._now_at += [start + at for at in template.now_at]
            self._later_at += [start + at for at in template.later_at]
            self._ms_at += [start + at for at in template.ms_at]
            self._classic_at += [start + at for at in template.classic_at]
            self.ends.append(start + len(template.text))
            parts += (head, template.text, tail)
            size_bytes = start + len(template.text) + len(tail)
        self.buffer = bytearray().join(parts)
        self._stamp: Stamp | None = None

    def fill(self, ids: Iterable[int], stamp: Stamp) -> bytearray:
        """Write the ids and times; the buffer returned is the block's own.

        Ids have 19 digits, as all snowflakes since 2018.
        """
        buffer = self.buffer
        for post_id, offsets in zip(ids, self._id_at, strict=False):
            digits = b"%d" % post_id
            for at in offsets:
                buffer[at : at + 19] = digits
        if stamp is not self._stamp:
            self._stamp = stamp
            for at in self._now_at:
                buffer[at : at + 24] = stamp.now
            for at in self._later_at:
                buffer[at : at + 24] = stamp.later
            for at in self._ms_at:
                buffer[at : at + 13] = stamp.ms
            for at in self._classic_at:
                buffer[at : at + 30] = stamp.classic
        return buffer

    def lines(self) -> list[bytes]:
        """Return the filled messages of a plain block without terminators."""
        starts = (
            end - len(template.text)
            for end, template in zip(self.ends, self.templates, strict=True)
        )
        return [
            bytes(self.buffer[start : end - 2])
            for start, end in zip(starts, self.ends, strict=True)
        ]


def _squeezed(text: bytes) -> bytes:
    """Compress one piece so that it neither needs what is before it nor marks the end."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(text) + deflate.flush(zlib.Z_FULL_FLUSH)


def _offsets(text: bytes, mark: bytes) -> tuple[int, ...]:
    """Return each place of a mark."""
    found = []
    at = text.find(mark)
    while at >= 0:
        found.append(at)
        at = text.find(mark, at + len(mark))
    return tuple(found)
