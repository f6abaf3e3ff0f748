"""Posts a second and CPU a post, for every client over every kind of wire, in interleaved rounds.

Each client is also run with a few posts only. What that takes is start and end, and is subtracted,
so that the figures are those of a stream that runs for hours.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.generator import sending, serving, warm_up
from bench.measure import middle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.clients import Client
    from bench.generator import Source
    from bench.measure import Sample

FEW_POSTS = 512  # all the pages that the simulator has


@dataclass(frozen=True)
class Wire:
    """How the posts travel."""

    name: str
    label: str
    chunking: str
    gzip: bool


WIRES = (
    Wire("message", "one message a chunk", "message", gzip=False),
    Wire("64k", "chunks of 64 KB", "64k", gzip=False),
    Wire("gzip", "one message a chunk, gzip", "message", gzip=True),
)


@dataclass(frozen=True)
class Figures:
    """Medians of one client over one wire; start and end are left out but in ``rest_s``."""

    posts_per_s: float
    cpu_us: float
    peak_mb: float
    rest_s: float
    spread: float  # of posts_per_s: half of what lies between the best and the worst round


def compare(
    wire: Wire, rounds: int, clients: Sequence[Client], scale: float, *, classic: bool = False
) -> dict[str, Figures]:
    """Run every client in turn, so often; return its figures by name."""
    with ExitStack() as stack:
        pairs = []
        for client in clients:
            posts = max(2 * FEW_POSTS, int(client.posts * scale) // FEW_POSTS * FEW_POSTS)
            both = [
                _source(stack, wire, client, size, classic=classic) for size in (posts, FEW_POSTS)
            ]
            pairs.append((client, both))
        samples: dict[str, list[tuple[Sample, Sample]]] = {client.name: [] for client in clients}
        for number in range(rounds):
            for client, (many, few) in pairs:
                pair = (client.run(many, gzip=wire.gzip), client.run(few, gzip=wire.gzip))
                samples[client.name].append(pair)
                print(f"  {wire.name} {number + 1}/{rounds} {client.name}: {pair[0]}", flush=True)
        sizes = {client.name: many.posts - FEW_POSTS for client, (many, _) in pairs}
    return {name: _figures(pairs_, sizes[name]) for name, pairs_ in samples.items()}


def _source(stack: ExitStack, wire: Wire, client: Client, posts: int, *, classic: bool) -> Source:
    scenario = sending(posts, chunking=wire.chunking, gzip=wire.gzip, closes=client.closes)
    source = replace(stack.enter_context(serving(scenario)), posts=posts, classic=classic)
    warm_up(source)
    return source


def _figures(pairs: list[tuple[Sample, Sample]], posts: int) -> Figures:
    rates = [posts / max(1e-3, many.wall_s - few.wall_s) for many, few in pairs]
    return Figures(
        posts_per_s=middle(rates),
        cpu_us=middle((many.cpu_s - few.cpu_s) / posts * 1e6 for many, few in pairs),
        peak_mb=middle(many.peak_mb for many, _ in pairs),
        rest_s=middle(few.wall_s for _, few in pairs),
        spread=(max(rates) - min(rates)) / 2 / middle(rates),
    )
