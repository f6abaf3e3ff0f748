from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import Reply, connect, read_reply
from twitter_stream_simulator import Scenario, Simulator

SEND_200: dict[str, Any] = {"do": "send", "posts": 200, "rate_per_s": "max"}


def played(*steps: dict[str, Any], gzip: bool = True) -> tuple[Reply, Simulator]:
    """Play one connection to its end."""
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        reply = read_reply(connect(sim, gzip=gzip))
        assert sim.wait_for(lambda: not any(c.is_open for c in sim.oracle.connections), HANG_S)
    return reply, sim


def inflated(chunks: list[bytes]) -> tuple[bytes, str]:
    """Inflate one member; return its content and what went wrong."""
    inflate, content = zlib.decompressobj(zlib.MAX_WBITS + 16), bytearray()
    try:
        for chunk in chunks:
            content += inflate.decompress(chunk)
    except zlib.error as error:
        return bytes(content), str(error)
    return bytes(content), "" if inflate.eof else "no end"


def ids(content: bytes) -> list[str]:
    return [json.loads(line)["data"]["id"] for line in content.split(b"\r\n")[:-1]]


@pytest.mark.parametrize(
    ("how", "problem"),
    [("corrupt", "invalid block type"), ("truncated", "no end"), ("checksum", "incorrect data")],
)
def test_a_compressed_stream_can_end_badly_after_its_posts(how: str, problem: str) -> None:
    reply, sim = played(SEND_200, {"do": "bad_gzip", "how": how})
    content, found = inflated(reply.chunks)
    assert problem in found
    assert reply.complete
    assert ids(content) == sim.oracle.sent_ids()
    assert sim.oracle.connections[0].ending == f"gzip_{how}"


def test_without_gzip_only_the_end_is_missing() -> None:
    reply, sim = played(SEND_200, {"do": "bad_gzip"}, gzip=False)
    assert (reply.ids, reply.complete) == (sim.oracle.sent_ids(), False)


def test_a_compressed_stream_can_have_several_members() -> None:
    member = {"do": "new_member"}
    reply, sim = played(SEND_200, member, SEND_200, member, SEND_200, {"do": "close"})
    inflate, content, members = zlib.decompressobj(31), b"", 0
    data = b"".join(reply.chunks)
    while data:
        content += inflate.decompress(data)
        assert inflate.eof
        data, inflate, members = inflate.unused_data, zlib.decompressobj(31), members + 1
    assert members == 3
    assert ids(content) == sim.oracle.sent_ids()


def test_a_dripped_line_can_be_long() -> None:
    reply, sim = played({"do": "drip", "size_bytes": 30_000}, {"do": "close"}, gzip=False)
    assert {len(chunk) for chunk in reply.chunks} == {1}
    (line,) = reply.lines
    assert len(line) == 29_998
    assert json.loads(line)["data"]["id"] == sim.oracle.sent_ids()[0]
    assert sim.oracle.connections[0].size_bytes == 30_000
