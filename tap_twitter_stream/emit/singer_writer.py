"""Singer messages of the SDK (SCHEMA, STATE, rows of the parent) into the one output buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib import StateMessage
from singer_sdk.singerlib.encoding.base import GenericSingerWriter

from tap_twitter_stream.columns.encode import to_json
from tap_twitter_stream.emit.output import Output

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message


class BufferedWriter(GenericSingerWriter[bytes, "Message"]):
    """Keeps the order of all messages, as records and STATE share its buffer."""

    def __init__(self) -> None:
        self.output = Output()

    def serialize_message(self, message: Message) -> bytes:
        """Return the message as one line of JSON."""
        return to_json(message.to_dict()) + b"\n"

    def write_message(self, message: Message) -> None:
        """Buffer a message; a STATE also hands over what stdout will take at once."""
        self.output.parts.append(self.serialize_message(message))
        if isinstance(message, StateMessage):
            self.output.push(0.0)
