"""Targets of every character, as small as they can be: ``python fake_target.py CHARACTER FILE``.

Rows go to FILE as JSON lines (``upserting``: to an SQLite file). They are told apart by when they
store and when they hand back a STATE; a real target does the same behind a thousand lines.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

Json = dict[str, Any]
BATCH = 300


class Target:
    """Stores at each STATE, then hands it back. The others differ in one thing each."""

    def __init__(self, path: str) -> None:
        self.file: IO[str] = Path(path).open("a", encoding="utf-8")  # noqa: SIM115 - lives as we do
        self.file.write("\n")  # whoever was killed may have left half a line
        self.held: list[Json] = []
        self.state: Json | None = None

    def record(self, message: Json) -> None:
        self.held.append(message)

    def state_came(self, value: Json) -> None:
        self.state = value
        self.store()
        self.acknowledge()

    def store(self) -> None:
        for message in self.held:
            self.file.write(json.dumps(message["record"]) + "\n")
        self.held = []
        self.file.flush()
        os.fsync(self.file.fileno())

    def acknowledge(self) -> None:
        print(json.dumps(self.state), flush=True)  # noqa: T201 - Singer's way

    def end(self) -> None:
        self.store()


class Early(Target):
    """Hands a STATE back the moment it comes, and stores a batch at a time."""

    def state_came(self, value: Json) -> None:
        self.state = value
        self.acknowledge()
        if len(self.held) > BATCH:
            self.store()


class Forgetful(Target):
    """Stores one table when it acknowledges, and keeps the rows of the others in memory."""

    def state_came(self, value: Json) -> None:
        self.state = value
        others = [one for one in self.held if not one["stream"].endswith("tweets")]
        self.held = [one for one in self.held if one["stream"].endswith("tweets")]
        self.store()
        self.held = others
        self.acknowledge()


class Silent(Target):
    """Stores everything and says nothing."""

    def acknowledge(self) -> None:
        pass


class AtTheEnd(Target):
    """Stores now and then, and hands back the last STATE when its input has ended."""

    def state_came(self, value: Json) -> None:
        self.state = value
        if len(self.held) > BATCH:
            self.store()

    def end(self) -> None:
        self.store()
        self.acknowledge()


class Hasty(AtTheEnd):
    """As that one, but a SIGTERM makes it hand back what it has not stored."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        signal.signal(signal.SIGTERM, self.stop)

    def stop(self, _: int, __: FrameType | None) -> None:
        if self.state:
            self.acknowledge()
        os._exit(0)


class Draining(AtTheEnd):
    """As targets of the SDK: a SIGTERM makes it store and hand back what it has."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        signal.signal(signal.SIGTERM, self.stop)
        self.wanted = False

    def stop(self, _: int, __: FrameType | None) -> None:
        self.wanted = True

    def record(self, message: Json) -> None:
        super().record(message)
        self.leave()

    def state_came(self, value: Json) -> None:
        super().state_came(value)
        self.leave()

    def leave(self) -> None:
        if self.wanted:
            self.end()
            os._exit(0)


class Lossy(Target):
    """Loses the first row of what it stores."""

    def store(self) -> None:
        self.held = self.held[1:]
        super().store()


class Inventive(Target):
    """Hands back a STATE of its own making."""

    def acknowledge(self) -> None:
        self.state = {"bookmarks": {}}
        super().acknowledge()


class Talkative(Target):
    """Also writes its log to stdout."""

    def acknowledge(self) -> None:
        print("stored a batch")  # noqa: T201 - what must not be
        super().acknowledge()


class Broken(Target):
    """Fails at the first row."""

    def record(self, message: Json) -> None:
        del message
        sys.exit("no such warehouse: 'made up'")


class Stuck(Target):
    """Never ends."""

    def end(self) -> None:
        while True:
            time.sleep(60)  # what it stands for: a target that hangs until it is killed


class Upserting(Target):
    """Replaces rows by their key, in an SQLite file."""

    def __init__(self, path: str) -> None:
        super().__init__(os.devnull)
        self.database = sqlite3.connect(path)

    def store(self) -> None:
        for one in self.held:
            name, row = one["stream"], one["record"]
            key = "gap_id" if "gap_id" in row else "id"
            sql = f"CREATE TABLE IF NOT EXISTS {name} ({key} TEXT PRIMARY KEY, row TEXT)"
            self.database.execute(sql)
            sql = f"INSERT OR REPLACE INTO {name} VALUES (?, ?)"  # noqa: S608 - our own names
            self.database.execute(sql, (row[key], json.dumps(row)))
        self.held = []
        self.database.commit()


CHARACTERS = {
    kind.__name__.lower(): kind
    for kind in (Target, Early, Forgetful, Silent, AtTheEnd, Hasty, Draining, Lossy, Inventive)
} | {kind.__name__.lower(): kind for kind in (Talkative, Broken, Stuck, Upserting)}


def main(character: str, path: str) -> None:
    """Read until the end of standard input."""
    target = CHARACTERS[character](path)
    for line in sys.stdin.buffer:
        if not line.endswith(b"\n"):
            break
        message = json.loads(line)
        if message["type"] == "RECORD":
            target.record(message)
        elif message["type"] == "STATE":
            target.state_came(message["value"])
    target.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
