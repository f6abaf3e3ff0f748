"""Faults by chance: a seed, a channel and an attempt in, the script of that connection out.

The same seed gives the same scripts. Each fault costs about one connect, and while nobody is
connected posts are missed, so a schedule holds real loss at any rate of posts but "max".
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from twitter_stream_simulator.scenario.answers import PROBLEMS
from twitter_stream_simulator.scenario.step_parser import ScenarioError, count, number
from twitter_stream_simulator.scenario.steps import (
    BadGzip,
    BadLine,
    Close,
    Cut,
    CutLine,
    Disconnect,
    Drip,
    Duplicate,
    HalfOpen,
    Idle,
    NewMember,
    NoAnswer,
    Refuse,
    Rst,
    Send,
    Silence,
    Step,
)

Script: TypeAlias = tuple[Step, ...]
_Kind: TypeAlias = Callable[[random.Random], Script]

EVERY_S = 60.0
# More parts than that no script has; an ending is drawn long before, if one may be drawn at all.
MAX_PARTS = 100
_STALLS = ("stall", "half_open")
# One recovery in this many is cut short.
RECOVERY_CUT_EVERY = 3
RECOVERED_POSTS = 300
# Of X's reasons those after which a client may come back.
_PASSING = (
    "OperationalDisconnect",
    "UpstreamOperationalDisconnect",
    "UpstreamUncleanDisconnect",
    "ForceDisconnect",
    "SlowReader",
    "InternalError",
)


def _one_of(*names: str) -> _Kind:
    return lambda chance: (PROBLEMS[chance.choice(names)],)


# What comes instead of a stream.
_ANSWERS: dict[str, _Kind] = {
    "refuse": lambda _: (Refuse(),),
    "http_5xx": _one_of("internal-error", "overloaded", "provisioning", "gateway-timeout-text"),
    "http_html": _one_of("bad-gateway-page"),
    "http_429": _one_of("rate-limited-classic"),
    "too_many_connections": _one_of("too-many-connections"),
    "no_answer": lambda chance: (NoAnswer(chance.uniform(1.0, 20.0)),),
}
# What a stream gets over.
_TROUBLES: dict[str, _Kind] = {
    "bad_line": lambda chance: (BadLine(chance.choice((b"{oops", b"\xff\xfe", b"[]"))),),
    "duplicate": lambda chance: (Duplicate(chance.randint(1, 50)),),
    "drip": lambda chance: (Drip(chance.randint(1, 3)),),
    "new_member": lambda _: (NewMember(),),
    "quiet": lambda chance: (Idle(chance.uniform(0.5, 5.0)),),
}
# What ends a stream.
_ENDINGS: dict[str, _Kind] = {
    "close": lambda _: (Close(),),
    "close_at_once": lambda _: (Close(),),
    "cut": lambda _: (Cut(),),
    "cut_line": lambda chance: (CutLine(chance.choice(("fin", "rst"))),),
    "cut_chunk": lambda chance: (CutLine(chance.choice(("fin", "rst")), "chunk"),),
    "rst": lambda _: (Rst(),),
    "bad_gzip": lambda chance: (BadGzip(chance.choice(("corrupt", "truncated", "checksum"))),),
    "half_open": lambda chance: (HalfOpen(chance.uniform(1.0, 60.0)),),
    "disconnect": lambda chance: (Disconnect(chance.choice(_PASSING)),),
    "stall": lambda _: (Silence(),),
}
KINDS = (*_ANSWERS, *_TROUBLES, *_ENDINGS)


@dataclass(frozen=True, slots=True)
class RandomFaults:
    """A schedule of faults; ``every_s`` is the mean between two on one endpoint."""

    seed: int
    every_s: float = EVERY_S
    kinds: tuple[str, ...] = KINDS

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RandomFaults:
        """Read the object of a scenario.

        Raises:
            ScenarioError: A key is unknown, or a value does not fit.
        """
        unknown = sorted(set(values) - {"seed", "every_s", "kinds"})
        if unknown:
            message = f"Unknown key {unknown[0]!r} in 'random_faults': use seed, every_s, kinds."
            raise ScenarioError(message)
        seed = count(values, "seed", least=0)
        if seed is None:
            message = "'random_faults' needs a whole number as 'seed'."
            raise ScenarioError(message)
        return cls(seed, number(values, "every_s", least=0.01) or EVERY_S, _kinds(values))

    def check_rate(self, connect_limit: int | None, window_s: float) -> None:
        """Refuse a schedule that leaves a client no connects for its own needs.

        Raises:
            ScenarioError: Faults would take more than half of what the limit allows.
        """
        least_s = 2 * window_s / connect_limit if connect_limit else 0
        if self.every_s < least_s:
            message = (
                f"'every_s' of 'random_faults' must be at least {least_s:g}, or faults take more "
                "than half of the connects: raise it, or set 'connect_limit' to null."
            )
            raise ScenarioError(message)

    def script(self, channel: str, attempt: int, *, channels_total: int = 1) -> Script:
        """Return the steps of an attempt (from 0); no two in a row are refused."""
        chance = random.Random(f"{self.seed}/{channel}/{attempt}")
        answers = [kind for kind in self.kinds if kind in _ANSWERS]
        if answers and self._is_refused(chance, attempt):
            before = random.Random(f"{self.seed}/{channel}/{attempt - 1}")
            if not self._is_refused(before, attempt - 1):
                return _ANSWERS[chance.choice(answers)](chance)
        return self._stream(chance, self.every_s * channels_total)

    def recovery(self, channel: str, attempt: int) -> Script:
        """Return the steps of a recovery: some are cut short, and never two in a row."""
        chance = random.Random(f"{self.seed}/{channel}/recovery/{attempt}")
        endings = [kind for kind in self.kinds if kind in _ENDINGS and kind not in _STALLS]
        if not endings or attempt % RECOVERY_CUT_EVERY:
            return ()
        sent = Send(chance.randint(1, RECOVERED_POSTS))
        return (sent, *_ENDINGS[chance.choice(endings)](chance))

    def _is_refused(self, chance: random.Random, attempt: int) -> bool:
        """Draw whether the connect fails, with the share that such faults have among all."""
        share = sum(kind in _ANSWERS for kind in self.kinds) / len(self.kinds)
        return attempt > 0 and chance.random() < share

    def _stream(self, chance: random.Random, mean_s: float) -> Script:
        """Draw faults until one ends the stream."""
        kinds = [kind for kind in self.kinds if kind not in _ANSWERS]
        steps: list[Step] = []
        for _ in range(MAX_PARTS if kinds else 0):
            kind = chance.choice(kinds)
            if kind == "close_at_once" and not steps:
                return (Close(),)
            # Never much less than the mean, so that a client can get well in between.
            span_s = mean_s * (0.25 + 0.75 * chance.expovariate(1.0))
            steps += [Send(seconds=span_s), *(_TROUBLES | _ENDINGS)[kind](chance)]
            if kind in _ENDINGS:
                break
        return tuple(steps)


def _kinds(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the faults to draw from; all by default."""
    kinds = values.get("kinds", KINDS)
    if isinstance(kinds, str) or not isinstance(kinds, Sequence) or not kinds:
        message = f"'kinds' must be a list of some of {', '.join(KINDS)}."
        raise ScenarioError(message)
    for kind in kinds:
        if kind not in KINDS:
            message = f"Unknown kind {kind!r} of random fault: use some of {', '.join(KINDS)}."
            raise ScenarioError(message)
    return tuple(kinds)
