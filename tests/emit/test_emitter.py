"""One record or several, raw or not: the same lines, and the same accounts (G5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import Output
from tap_twitter_stream.wire.stamps import Origin, Stamp, data_stamp

if TYPE_CHECKING:
    from tap_twitter_stream.emit.lanes import Lane

STAMP = data_stamp(1_790_000_000_000_000, Origin("c-1", "filtered"))
OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), st.integers(), min_size=1), max_size=5)


class CalledLane(RawLane):
    """A raw lane that the emitter has to call, as it has to call every lane of another kind."""

    def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
        assert type(raw) is bytes
        return super().write(raw, stamp, parts)


class EmptyLane:
    """Filters everything."""

    def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
        del raw, stamp, parts
        return 0


def written(lane: Lane | None, raws: list[bytes], *, together: bool) -> tuple[bytes, list[int]]:
    output = Output()
    emitter = Emitter(output, {"users": lane})
    if together:
        emitter.write_all("users", raws, STAMP)
    else:
        for raw in raws:
            emitter.write("users", bytes(raw), STAMP)
    count = emitter.counts["users"]
    assert count.balanced
    return b"".join(output.parts), [count.emitted, count.filtered, count.deselected]


@given(OBJECTS)
def test_views_and_copies_give_the_same_lines_by_every_way(values: list[dict[str, int]]) -> None:
    line = msgspec.json.encode(values)
    views: list[msgspec.Raw] = msgspec.json.decode(line, type=list[msgspec.Raw])
    copies = [bytes(view) for view in views]
    expected = written(CalledLane("users"), copies, together=False)
    assert expected[1] == [len(values), 0, 0]
    for lane in (RawLane("users"), CalledLane("users")):
        for raws in (list[bytes](views), copies):
            assert written(lane, raws, together=True) == expected
            assert written(lane, raws, together=False) == expected


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(("lane", "counts"), [(None, [0, 0, 2]), (EmptyLane(), [0, 2, 0])])
def test_what_nobody_selected_or_a_map_drops_is_counted(
    lane: Lane | None, counts: list[int], *, together: bool
) -> None:
    assert written(lane, [b'{"id":"1"}'] * 2, together=together) == (b"", counts)
