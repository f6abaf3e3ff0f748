"""Ids survive a restart up to the STATE that it starts from, and not an id further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.spool.seen_ids import SeenIds

if TYPE_CHECKING:
    from pathlib import Path


def memory(
    folder: Path, position: int | None, *, spool_id: str = "s", max_ids: int = 100
) -> Dedupe:
    dedupe = Dedupe(3600.0, max_ids, journal=True)
    SeenIds(folder, spool_id, dedupe).restore(None if position is None else (position, 0))
    return dedupe


def emit(folder: Path, *blocks: tuple[int, list[str]], max_ids: int = 100) -> None:
    """Emit the ids of each block, and write the STATE of its position."""
    dedupe = Dedupe(3600.0, max_ids, journal=True)
    seen = SeenIds(folder, "s", dedupe)
    seen.restore(None)
    for position, ids in blocks:
        for one in ids:
            dedupe.add(one, 4)
        seen.keep((position, 0))


def test_what_a_state_covers_is_remembered_and_what_follows_is_not(tmp_path: Path) -> None:
    emit(tmp_path, (10, ["a", "b"]), (20, ["c"]), (30, ["d"]))
    dedupe = memory(tmp_path, 20)
    assert [dedupe.add(one, 1) for one in "abcd"] == [4, 4, 4, 0]


def test_ids_that_a_run_did_not_count_on_are_gone_for_later_ones_too(tmp_path: Path) -> None:
    emit(tmp_path, (10, ["a"]), (20, ["b"]))
    memory(tmp_path, 10)
    assert "b" not in memory(tmp_path, 20)


def test_a_state_inside_the_same_frame_is_older_than_the_ids_that_follow_it(tmp_path: Path) -> None:
    """A record limit moves a line start only. Mutant: compare positions."""
    emit(tmp_path, (10, ["a"]))
    dedupe = Dedupe(3600.0, 100, journal=True)
    seen = SeenIds(tmp_path, "s", dedupe)
    seen.restore((10, 0))
    dedupe.add("b", 4)
    seen.keep((10, 7))
    assert "b" not in memory(tmp_path, 10)


def test_nothing_is_remembered_without_a_state_or_of_another_log(tmp_path: Path) -> None:
    emit(tmp_path, (10, ["a"]))
    assert "a" not in memory(tmp_path, 10, spool_id="other")
    emit(tmp_path, (10, ["a"]))
    assert "a" not in memory(tmp_path, None)


def test_a_block_that_a_crash_cut_is_left_out(tmp_path: Path) -> None:
    emit(tmp_path, (10, ["a"]), (20, ["b"]))
    *_, last = sorted(tmp_path.glob("*.ids"))
    last.write_bytes(last.read_bytes()[:-3])
    dedupe = memory(tmp_path, 99)
    assert "a" in dedupe
    assert "b" not in dedupe


def test_two_generations_of_files_are_kept(tmp_path: Path) -> None:
    emit(tmp_path, *((at, [f"{at}-{n}" for n in range(10)]) for at in range(10)), max_ids=40)
    assert len([*tmp_path.glob("*.ids")]) <= 3
    dedupe = memory(tmp_path, 99, max_ids=40)
    assert "9-9" in dedupe
    assert "0-0" not in dedupe


def test_what_waits_for_a_state_is_bounded_like_what_is_remembered(tmp_path: Path) -> None:
    """Files are sealed minutes apart. Mutation: gather every id until the next STATE."""
    dedupe = Dedupe(3600.0, 100, journal=True)
    seen = SeenIds(tmp_path, "s", dedupe)
    seen.restore(None)
    for number in range(1_000):
        dedupe.add(str(number), 4)
    seen.keep((10, 0))
    lines = [path.read_bytes().count(b'"') for path in sorted(tmp_path.glob("*.ids"))]
    assert sum(lines) < 2 * 100 + 20
    restored = memory(tmp_path, 10)
    assert all(str(number) in restored for number in range(950, 1_000))
    assert sum(str(number) in restored for number in range(1_000)) <= 100


def test_many_ids_of_one_state_come_back(tmp_path: Path) -> None:
    """They go to disk in blocks, so that writing them takes little memory."""
    emit(tmp_path, (10, [str(number) for number in range(120_000)]), max_ids=400_000)
    restored = memory(tmp_path, 10, max_ids=400_000)
    assert all(str(number) in restored for number in range(120_000))


def test_a_folder_that_cannot_be_written_costs_nothing_but_a_warning(
    tmp_path: Path, caplog: object
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    dedupe = Dedupe(3600.0, 10, journal=True)
    seen = SeenIds(folder, "s", dedupe)
    seen.restore(None)
    for path in folder.glob("*"):
        path.unlink()
    folder.rmdir()
    dedupe.add("a", 1)
    seen.keep((5, 0))
    dedupe.add("b", 1)
    seen.keep((6, 0))
    assert str(getattr(caplog, "text", "")).count("may emit some posts twice") == 1
