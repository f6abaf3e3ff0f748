"""A catalog as it was given: an object goes in, what is wrong with it comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterable


def catalog_problem(catalog: dict[str, Any], known: Iterable[object]) -> str:
    """Say why an object is no catalog of this tap, whose streams are ``known``."""
    try:
        named = set(Catalog.from_dict(catalog))
    except (AttributeError, KeyError, TypeError, ValueError):
        return "is no Singer catalog"
    return "names no stream of this tap" if named.isdisjoint(known) else ""
