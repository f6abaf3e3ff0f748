"""Figures go in, Markdown comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.clients import CLIENTS
from bench.throughput import WIRES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.throughput import Figures

LABELS = {client.name: client.label for client in CLIENTS}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are figures."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def throughput(
    results: Mapping[str, Mapping[str, Figures]], labels: Mapping[str, str] = LABELS
) -> str:
    """Return one table a wire, and the ratios that matter."""
    parts = []
    for wire in WIRES:
        if figures := results.get(wire.name):
            parts += [f"### {wire.label.capitalize()}", _wire(figures, labels), _ratios(figures)]
    return "\n\n".join(parts)


def _wire(figures: Mapping[str, Figures], labels: Mapping[str, str]) -> str:
    heads = ("client", "posts/s", "±", "CPU µs/post", "peak MB", "start + end s")
    rows = (
        (
            labels[name],
            f"{one.posts_per_s:,.0f}",
            f"{one.spread:.0%}",
            f"{one.cpu_us:.1f}",
            f"{one.peak_mb:.0f}",
            f"{one.rest_s:.2f}",
        )
        for name, one in figures.items()
    )
    return table(heads, rows)


def _ratios(figures: Mapping[str, Figures]) -> str:
    tap = figures.get("tap")
    if tap is None:
        return ""
    said = []
    for name, words in (("tweepy", "tweepy's"), ("usual", "the usual SDK tap's")):
        if peer := figures.get(name):
            said.append(f"{tap.posts_per_s / peer.posts_per_s:.1f} x {words} posts/s")
    if curl := figures.get("curl"):
        said.append(f"{tap.cpu_us / curl.cpu_us:.1f} x curl's CPU")
    line = f"The tap: {', '.join(said)}." if said else ""
    if raw := figures.get("raw"):
        factor = raw.posts_per_s / tap.posts_per_s
        proof = "so the tap is what is measured"
        if factor < 2:  # noqa: PLR2004 - the bound that the bench promises
            proof = "**less than 2 x, so the tap's posts/s are bounded by it; its CPU is not**"
        line += f" The generator sends {factor:.1f} x what the tap takes: {proof}."
    return line
