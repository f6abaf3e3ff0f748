"""Check the boxes of `statuses_filter.locations`: numbers go in, sentences come out.

X reads longitude before latitude, as GeoJSON does and as maps for people do not; its page on the
parameters of v1.1 gives the bounds.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_BOXES = 25
_LEAST_SIDE_DEGREES = 0.1
_ANTARCTIC_DEGREES = -60.0


class Box(NamedTuple):
    """South-west corner, then north-east corner."""

    west: float
    south: float
    east: float
    north: float

    def __str__(self) -> str:
        """Return it as it stands in the settings."""
        return ", ".join(f"{one:g}" for one in self)

    @property
    def is_sound(self) -> bool:
        """Whether these can be two corners of a box, in X's order."""
        return -180 <= self.west < self.east <= 180 and -90 <= self.south < self.north <= 90  # noqa: PLR2004 - degrees

    @property
    def turned(self) -> Box:
        """The box with latitude and longitude in each other's place."""
        return Box(self.south, self.west, self.north, self.east)

    @property
    def from_north_east(self) -> Box:
        """The box with its corners in each other's place."""
        return Box(self.east, self.north, self.west, self.south)


def box_errors(numbers: Sequence[float]) -> Iterator[str]:
    """Yield what X would refuse, as the rest of a sentence about the setting."""
    boxes = list(itertools.zip_longest(*[iter(numbers)] * 4))
    if len(boxes) > MOST_BOXES:
        yield f"holds {len(boxes)} boxes, X takes {MOST_BOXES}: take some out."
    if len(numbers) % 4:
        yield f"must hold four numbers a box, not {len(numbers)} in all."
        return
    for box in itertools.starmap(Box, boxes):
        if problem := _problem(box):
            yield f"holds the box {box}: {problem}."


def box_warnings(numbers: Sequence[float]) -> Iterator[str]:
    """Yield what is a box, but hardly the one meant."""
    if len(numbers) % 4:
        return
    for box in itertools.starmap(Box, zip(*[iter(numbers)] * 4, strict=True)):
        if box.is_sound and box.north < _ANTARCTIC_DEGREES and box.turned.is_sound:
            yield (
                f"holds the box {box}, where nobody lives: longitude comes before latitude, so"
                f" {box.turned} may be meant."
            )


def _problem(box: Box) -> str:
    if box.is_sound:
        if min(box.east - box.west, box.north - box.south) < _LEAST_SIDE_DEGREES - 1e-9:
            return f"X wants sides of at least {_LEAST_SIDE_DEGREES:g} degrees, so widen it"
        return ""
    other = box.from_north_east
    for right, words in (
        (box.turned, "longitude comes before latitude"),
        (other, "the south-west corner comes first"),
        (other.turned, "the south-west corner comes first, longitude before latitude"),
    ):
        if right.is_sound:
            return f"{words}, so write {right}"
    if Box(-180, box.south, box.east, box.north).is_sound and -180 < box.west < 180:  # noqa: PLR2004
        return "if it is to cross the 180th meridian, give two boxes that meet there"
    return (
        "give longitude and latitude of its south-west corner, then of its north-east one, in"
        " degrees"
    )
