"""What the simulator knows of a run: every request, connection, id and byte it sent.

The id of a message is that of its post; of a like the last 19 characters of its id, of an activity
the digits of its ``event_uuid``, of any other event the youngest id that it names.

A message counts as sent once its whole line was handed to the kernel.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator import clock
from twitter_stream_simulator.oracle.bill import Bill
from twitter_stream_simulator.oracle.notes import Absence, Batch, Connection, plain_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TextIO

    from twitter_stream_simulator.material.ids import Run
    from twitter_stream_simulator.oracle.notes import Seen
    from twitter_stream_simulator.protocol.endpoints import Channel


class Oracle:
    """The record of one run, in memory and (if a path is given) as JSON lines."""

    def __init__(self, path: Path | None = None, *, price_per_post_usd: float = 0.005) -> None:
        self._price_per_post_usd = price_per_post_usd
        self._file: TextIO | None = path.open("w", encoding="utf-8") if path else None
        self._changed = threading.Condition(threading.RLock())
        self.requests: list[dict[str, Any]] = []
        self.connections: list[Connection] = []
        self.batches: list[Batch] = []
        self.absences: list[Absence] = []
        self.messages: dict[str, bytes] = {}
        self.bad_lines: list[bytes] = []
        self.notices: list[bytes] = []
        self._found: dict[str, None] = {}
        self._bill = Bill()
        self._unique = 0

    def request(self, *, method: str, path: str, query: dict[str, str], status: int) -> None:
        """Note an answered request; ``query`` must hold no secret. Status 0 means no answer."""
        entry = {"method": method, "path": path, "query": query, "status": status}
        with self._changed:
            self.requests.append({"t": clock.now_s(), **entry})
            self._write({"kind": "request", **self.requests[-1]})

    def script(self, channel: Channel, attempt: int, steps: Sequence[object]) -> None:
        """Note what was drawn by chance for an attempt."""
        about = {"endpoint": channel.endpoint.name, "partition": channel.partition}
        entry = {"kind": "script", "t": clock.now_s(), **about, "attempt": attempt}
        with self._changed:
            self._write({**entry, "steps": [str(step) for step in steps]})

    def opened(
        self,
        endpoint: str,
        *,
        partition: int | None = None,
        holds: str = "posts",
        recovery: bool = False,
    ) -> Connection:
        """Note a stream connection and number it, from 1; ``holds`` is what its messages are."""
        with self._changed:
            connection = Connection(
                len(self.connections) + 1,
                endpoint,
                clock.now_s(),
                partition=partition,
                holds=holds,
                recovery=recovery,
            )
            self.connections.append(connection)
            about = {"endpoint": endpoint, "partition": partition, "holds": holds}
            about |= {"recovery": True} if recovery else {}
            self._write({**_of(connection, "opened"), **about})
            return connection

    def closed(self, connection: Connection, ending: str) -> None:
        """Note how a connection ended."""
        with self._changed:
            connection.closed_s, connection.ending = clock.now_s(), ending
            self._write(
                {
                    **_of(connection, "closed"),
                    "ending": ending,
                    "messages": connection.messages,
                    "keep_alives": connection.keep_alives,
                    "bytes": connection.size_bytes,
                }
            )

    def sent(
        self,
        connection: Connection,
        runs: tuple[Run, ...],
        size_bytes: int,
        *,
        seen: Seen | None = None,
    ) -> None:
        """Note complete messages; ``size_bytes`` counts their lines with CRLF."""
        batch = Batch(connection.number, clock.now_s(), connection.messages, runs, size_bytes, seen)
        with self._changed:
            self.batches.append(batch)
            connection.messages += batch.count
            connection.size_bytes += size_bytes
            if not seen:
                self._unique += batch.count
            if not seen and connection.holds == "posts":
                self._bill.sent(batch.at_s, runs)
            self._write(batch.as_json(), flush=False)

    def missed(self, channel: Channel, runs: tuple[Run, ...], from_s: float, to_s: float) -> None:
        """Note what happened on a channel while nobody was connected."""
        name, partition = channel.endpoint.name, channel.partition
        with self._changed:
            self.absences.append(Absence(name, partition, from_s, to_s, runs))
            entry = {"endpoint": name, "partition": partition, "from_s": from_s, "to_s": to_s}
            about = {"kind": "missed", "t": clock.now_s(), **entry, "id_runs": plain_runs(runs)}
            self._write(about)

    def found(self, query: str, ids: list[str]) -> None:
        """Note the posts that one page of a search gave out, newest first."""
        with self._changed:
            self._found |= dict.fromkeys(ids)
            self._bill.found(clock.now_s(), map(int, ids))
            self._write({"kind": "found", "t": clock.now_s(), "query": query, "ids": ids})

    def counted(self, query: str, total: int) -> None:
        """Note an answered request for counts."""
        with self._changed:
            self._bill.counts_requests += 1
            self._write({"kind": "counted", "t": clock.now_s(), "query": query, "total": total})

    def message(self, connection: Connection, post_id: str, line: bytes) -> None:
        """Keep the exact line of a post, if the scenario records messages."""
        with self._changed:
            self.messages[post_id] = line
            entry = {**_of(connection, "message"), "id": post_id, "line": line.decode()}
            self._write(entry, flush=False)

    def cut(self, connection: Connection, post_id: str) -> None:
        """Note a post of which only a part was sent."""
        with self._changed:
            connection.cut_ids.append(post_id)
            self._write({**_of(connection, "cut"), "id": post_id})

    def bad_line(self, connection: Connection, payload: bytes) -> None:
        """Note bytes sent that are no message."""
        with self._changed:
            connection.bad_lines += 1
            self.bad_lines.append(payload)
            self._write({**_of(connection, "bad_line"), "hex": payload.hex()})

    def notice(self, connection: Connection, disconnect_type: str) -> None:
        """Note an in-stream notice of a disconnect."""
        with self._changed:
            self._write({**_of(connection, "notice"), "disconnect_type": disconnect_type})

    def said(self, connection: Connection, kind: str, line: bytes) -> None:
        """Note a message between the posts of a v1.1 stream."""
        with self._changed:
            self.notices.append(line)
            self._write({**_of(connection, "notice"), "notice": kind, "line": line.decode()})

    def keep_alive(self, connection: Connection) -> None:
        """Note one blank line."""
        with self._changed:
            connection.keep_alives += 1
            self._write(_of(connection, "keep_alive"))

    def sent_ids(
        self,
        *,
        connection: int | None = None,
        endpoint: str | None = None,
        partition: int | None = None,
    ) -> list[str]:
        """Return the ids sent, in order, repeats included; all, or of what is named.

        What several live connections got is there once, unless one of them is named.
        """
        with self._changed:
            wanted = {
                c.number
                for c in self.connections
                if connection in (None, c.number)
                and endpoint in (None, c.endpoint)
                and partition in (None, c.partition)
            }
            every = connection is not None
            batches = [
                batch
                for batch in self.batches
                if batch.connection in wanted and (every or batch.seen != "copy")
            ]
        return [post_id for batch in batches for post_id in batch.ids()]

    def missed_ids(self, *, endpoint: str | None = None, partition: int | None = None) -> list[str]:
        """Return the ids of what happened while nobody was connected, delivered later or not.

        It is known as soon as somebody connects again. Posts that were cut are not among them.
        """
        with self._changed:
            return [
                post_id
                for absence in self.absences
                if endpoint in (None, absence.endpoint) and partition in (None, absence.partition)
                for post_id in absence.ids()
            ]

    def found_ids(self) -> list[str]:
        """Return the ids that searches gave out, each once, in that order."""
        with self._changed:
            return list(self._found)

    def lost_ids(self) -> set[str]:
        """Return the ids of what was missed or cut and never delivered, nor found by search."""
        with self._changed:
            cut = {post_id for connection in self.connections for post_id in connection.cut_ids}
        return (cut | set(self.missed_ids())) - set(self.sent_ids()) - set(self.found_ids())

    @property
    def sent_total(self) -> int:
        """How many messages were sent, repeats and copies included."""
        with self._changed:
            return sum(connection.messages for connection in self.connections)

    @property
    def billed_by_day(self) -> dict[str, int]:
        """Posts billed on each UTC day; one that came twice is billed once."""
        with self._changed:
            return dict(self._bill.by_day)

    def summary(self) -> dict[str, Any]:
        """Return the counts as one JSON object."""
        with self._changed:
            return {
                "requests": len(self.requests),
                "connects": len(self.connections),
                "open_connections": sum(c.is_open for c in self.connections),
                "messages": self.sent_total,
                "unique_ids": self._unique,
                "cut": sum(len(c.cut_ids) for c in self.connections),
                "missed": sum(run.count for a in self.absences for run in a.runs),
                "bad_lines": len(self.bad_lines),
                "keep_alives": sum(c.keep_alives for c in self.connections),
                "bytes": sum(c.size_bytes for c in self.connections),
                "found": len(self._found),
                "billed_posts": sum(self._bill.by_day.values()),
                "billed_counts": self._bill.counts_requests,
                "bill_usd": self._bill.total_usd(self._price_per_post_usd),
            }

    def wait_for(self, predicate: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until the predicate holds; say whether it did within the time."""
        deadline_s = clock.monotonic_s() + timeout_s
        while not predicate():
            left_s = deadline_s - clock.monotonic_s()
            if left_s <= 0:
                return False
            with self._changed:
                # The predicate may also look at things that are not noted here.
                self._changed.wait(min(left_s, 0.02))
        return True

    def flush(self) -> None:
        """Bring what was noted to the file."""
        with self._changed:
            if self._file:
                self._file.flush()

    def close(self) -> None:
        """Write the closing summary and close the file."""
        with self._changed:
            self._write({"kind": "summary", "t": clock.now_s(), **self.summary()})
            if self._file:
                self._file.close()
                self._file = None

    def _write(self, entry: dict[str, Any], *, flush: bool = True) -> None:
        """Append one line, and wake those who wait."""
        if self._file:
            self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")
            if flush:
                self._file.flush()
        self._changed.notify_all()


def _of(connection: Connection, kind: str) -> dict[str, Any]:
    return {"kind": kind, "t": clock.now_s(), "connection": connection.number}
