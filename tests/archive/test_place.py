"""Which files are read again, and what is said about those that will not be."""

from __future__ import annotations

from typing import Any

import pytest

from tap_twitter_stream.archive.place import File, Place, digest_of, from_state, start_from


def files(*names: str, size_bytes: int = 10) -> list[File]:
    return [File(name, size_bytes) for name in names]


def behind(*names: str, **changes: Any) -> Place:  # noqa: ANN401 - fields of a place
    """Return the place at the end of the last of these files."""
    digest = 0
    for name in names[:-1]:
        digest ^= digest_of(name)
    given = {"name": names[-1], "leaf": 2, "offset": 7, "size_bytes": 10, "is_whole": True}
    return Place(**{**given, "done_total": len(names) - 1, "digest": digest, **changes})


def left(start: Any) -> list[str]:  # noqa: ANN401 - a Start
    return [file.name for file in start.files]


def test_a_first_run_reads_everything() -> None:
    start = start_from(Place(), files("a", "b"))
    assert left(start) == ["a", "b"]
    assert (start.at, start.notes) == (Place("a"), ())


def test_what_was_read_is_not_read_again() -> None:
    start = start_from(behind("a", "b"), files("a", "b", "c"))
    assert left(start) == ["c"]
    assert start.at == Place("c", done_total=2, digest=digest_of("a") ^ digest_of("b"))
    assert start.notes == ()


def test_nothing_left_keeps_the_place() -> None:
    place = behind("a", "b")
    assert start_from(place, files("a", "b")).at == place


def test_a_file_that_was_being_read_goes_on() -> None:
    place = behind("a", "b", is_whole=False, counts=(1,))
    start = start_from(place, files("a", "b", "c"))
    assert left(start) == ["b", "c"]
    assert start.at == place


def test_a_file_that_grew_goes_on_where_it_ended() -> None:
    start = start_from(behind("a", "b"), [*files("a"), File("b", 99)])
    assert left(start) == ["b"]
    assert (start.at.leaf, start.at.offset, start.at.is_whole) == (2, 7, False)
    assert start.notes == ()


def test_a_file_that_shrank_is_read_anew_and_told_of() -> None:
    start = start_from(behind("a", "b"), [*files("a"), File("b", 9)])
    assert (start.at.leaf, start.at.offset, start.at.done_total) == (0, 0, 1)
    assert "is smaller than it was" in start.notes[0]


def test_a_new_file_before_the_place_is_told_of_each_time() -> None:
    start = start_from(behind("a", "c"), files("a", "b", "c", "d"))
    assert left(start) == ["d"]
    assert "2 files sort before c" in start.notes[0]
    again = start_from(behind("a", "c"), files("a", "b", "c"))
    assert again.notes == start.notes


def test_an_exchanged_file_before_the_place_is_told_of() -> None:
    assert start_from(behind("a", "b", "d"), files("a", "c", "d")).notes


def test_files_taken_away_after_they_were_read_are_no_news() -> None:
    start = start_from(behind("a", "b", "c"), files("c", "d"))
    assert (left(start), start.notes) == (["d"], ())
    assert start.at == Place("d", done_total=1, digest=digest_of("c"))
    assert start_from(behind("a", "b"), files("c")).notes == ()


def test_a_file_that_was_being_read_and_is_gone_is_told_of() -> None:
    start = start_from(behind("a", "b", is_whole=False), files("a", "c"))
    assert left(start) == ["c"]
    assert "b is gone" in start.notes[0]


def test_a_place_goes_through_state() -> None:
    place = behind("a", "b", counts=(1, None, "x"))
    assert from_state(place.to_state()) == (place, "")
    assert from_state(None) == (Place(), "")


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"offset": -1}, {"leaf": "x"}, {"digest": "x"}, {"counts": 5}, {"file": ...}],
    ids=str,
)
def test_a_damaged_place_is_told_of_and_not_used(change: dict[str, Any]) -> None:
    state = {**behind("a", "b").to_state(), **change}
    if state["file"] is ...:
        del state["file"]
    place, said = from_state(state)
    assert place == Place()
    assert "damaged" in said


def test_the_longest_path_fits_into_a_state() -> None:
    place = Place("/" + "\N{SNOWMAN}" * 1365, counts=tuple([10**18] * 12))
    import json  # noqa: PLC0415

    assert len(json.dumps(place.to_state())) < 10_000
