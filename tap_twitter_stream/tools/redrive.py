"""Dead letters go in, records come out: each line takes its way through the pipeline once more."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.instants import moment_us
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.replay.connection import Connection
from tap_twitter_stream.replay.messages import Delivery
from tap_twitter_stream.spool.entries import Opened
from tap_twitter_stream.spool.frames import Frame, Kind
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.events import classifier_for
from tap_twitter_stream.wire.lines import LineCutter, LinePlaces
from tap_twitter_stream.wire.messages import Junk
from tap_twitter_stream.wire.rows import encode_row, letter_row, stable_id
from tap_twitter_stream.wire.stamps import Origin, data_stamp

if TYPE_CHECKING:
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.replay.options import ReplayOptions
    from tap_twitter_stream.replay.tally import Tally

_OTHER_MESSAGES = {"SCHEMA", "STATE", "ACTIVATE_VERSION", "BATCH"}
_FROM_FILE = "archive"  # how a line that is no letter reached the tap


@dataclass(frozen=True, slots=True)
class Letter:
    """A line to deliver, and what is known of how it came.

    ``row`` is the ``dead_letters`` row it was, without the columns that the tap adds to each;
    empty for a line that is given by itself.
    """

    raw: bytes
    time_us: int
    origin: Origin
    row: dict[str, Any]


def read_letter(line: bytes, endpoint: str, now_us: int) -> Letter | None:
    """Read a line of the file.

    Args:
        line: A row of ``dead_letters``, a Singer message, or the line of a stream itself.
        endpoint: Whose line it is, where no row says that.
        now_us: When it came, where no row says that.

    Returns:
        None for what is no letter: empty lines, other Singer messages, rows of other streams.
    """
    value = _object(line)
    if not line.strip() or value.get("type") in _OTHER_MESSAGES:
        return None
    if value.get("type") == "RECORD":
        if value.get("stream") != "dead_letters":
            return None
        value = value.get("record") or {}
    row = {str(name).lower(): member for name, member in value.items()}  # some targets shout
    if "letter_id" not in row:
        plain = Origin("redrive", endpoint, _FROM_FILE)
        return Letter(line.rstrip(b"\r\n"), now_us, plain, {})
    known = str(row.get("_endpoint"))
    origin = Origin(
        str(row.get("_connection_id") or "redrive"),
        known if known in ENDPOINTS else endpoint,
        str(row.get("_delivery") or _FROM_FILE),
    )
    kept = {name: member for name, member in row.items() if not name.startswith("_")}
    return Letter(_raw(row), _time_us(row.get("_captured_at"), now_us), origin, kept)


class Redrive:
    """Delivers letters; what still cannot be read becomes the letter again that it was."""

    def __init__(self, options: ReplayOptions, emitter: Emitter) -> None:
        self._options = options
        self._emitter = emitter
        self._delivery = Delivery(options, emitter, Dedupe(0, 1))
        self._known: set[str] = set()
        self.repeated = 0  # letters that the file holds more than once

    @property
    def tally(self) -> Tally:
        """What was counted so far."""
        return self._delivery.tally

    def deliver(self, letter: Letter) -> str:
        """Emit what a letter holds; return why it cannot be read, empty if it can."""
        letter_id = str(letter.row.get("letter_id", ""))
        if letter_id in self._known:
            self.repeated += 1
            return ""
        self._known.update({letter_id} if letter_id else ())
        # What lay in a damaged place may be several lines.
        reasons = [self._line(one, letter) for one in letter.raw.split(b"\n")]
        why = next(filter(None, reasons), "")
        if why:
            self._again(letter, why)
        return why

    def _line(self, line: bytes, letter: Letter) -> str:
        message = classifier_for(ENDPOINTS[letter.origin.endpoint].holds)(line)
        if isinstance(message, Junk) and line.strip(b"\r"):
            return message.detail
        origin = letter.origin
        opened = Opened(connection_id=origin.connection_id, endpoint=origin.endpoint)
        cutter = LineCutter(self._options.max_line_bytes)
        place = letter.row.get("position")
        position = int(place) if isinstance(place, (int, float)) else 0
        connection = Connection(0, opened, origin, cutter, line_start=position)
        frame = Frame(position, letter.time_us, 0, Kind.BYTES, line)
        self._delivery.lines(connection, [line], frame, LinePlaces([line], position, position))
        return ""

    def _again(self, letter: Letter, why: str) -> None:
        self.tally.lines += 1
        self.tally.dead_letters += 1
        stamp = data_stamp(letter.time_us, letter.origin)
        if letter.row:
            row = encode_row(letter.row)
        else:  # its own bytes name it: no place in a log does
            place = stable_id(base64.b64encode(letter.raw).decode())
            junk = Junk("not_json", why)
            row = letter_row(letter.raw, len(letter.raw), junk, 0, f"redrive:{place}")
        self._emitter.write("dead_letters", row, stamp)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _raw(row: dict[str, Any]) -> bytes:
    """Return a letter's bytes; none that can be read are a letter that cannot be."""
    try:
        return base64.b64decode(str(row.get("raw_base64") or ""), validate=True) or b"\0"
    except (binascii.Error, ValueError):
        return b"\0"


def _time_us(value: Any, otherwise_us: int) -> int:  # noqa: ANN401 - whatever a target made of it
    time_us = moment_us(value) if isinstance(value, str) else None
    return otherwise_us if time_us is None else time_us
