"""Break each promise on purpose and see its test fail: ``make mutants [ARGS='G2 G6']``.

A test that passes whatever the product does proves nothing. Each mutant below changes one line of
a copy of the product in the way a promise forbids; at least one of the named tests must fail then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).parent.parent
COPIED = (
    "tap_twitter_stream",
    "twitter_stream_simulator",
    "tests",
    "schemas",
    "scripts",
    "docs",
    "pyproject.toml",
    "README.md",
)
LONGEST_S = 900
QUICKLY = {"TAP_HYPOTHESIS": "mutants", "TAP_HANG_S": "60"}


@dataclass(frozen=True)
class Mutant:
    """One change to one file, and the tests that are to notice it."""

    promise: str
    what: str
    path: str
    before: str
    after: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "G0",
        "the receiver acknowledges bytes it has not put into the log",
        "receive/pump.py",
        "        self._log.received(connection, got, time_us)\n",
        "        self._log.received(connection, got, time_us) if len(got) % 7 else None\n",
        ("tests/e2e/test_capture.py",),
    ),
    Mutant(
        "G0",
        "what was received is never forced to disk",
        "spool/writer.py",
        "                self._files.fdatasync(handle)  # outside",
        "                pass  # outside",
        ("tests/spool/test_log_machine.py", "tests/spool/test_writer.py"),
    ),
    Mutant(
        "G0",
        "a file is followed by the next without being forced to disk",
        "spool/writer.py",
        "                self._files.fdatasync(self._handle)\n",
        "                pass\n",
        ("tests/spool/test_log_machine.py", "tests/spool/test_writer.py"),
    ),
    Mutant(
        "G0",
        "a failed fsync is forgotten",
        "spool/writer.py",
        "        self._broken = self._broken or str(error)\n",
        "        pass\n",
        ("tests/spool/test_log_machine.py", "tests/spool/test_writer.py"),
    ),
    Mutant(
        "G0",
        "positions that a crash took back are given out again",
        "spool/repair.py",
        "end if closed else end + _NEVER_SAFE_BYTES)\n",
        "end)\n",
        ("tests/spool/test_log_machine.py", "tests/spool/test_writer.py"),
    ),
    Mutant(
        "G1",
        "a line that is no message vanishes",
        "replay/records.py",
        "            self.letter(line, message, position, stamp)\n",
        "            pass\n",
        ("tests/e2e/test_faults.py",),
    ),
    Mutant(
        "G1",
        "included objects of the second kind vanish",
        "replay/records.py",
        "        for stream, objects in groups:\n",
        "        for stream, objects in groups[:1]:\n",
        ("tests/e2e/test_capture.py",),
    ),
    Mutant(
        "G2",
        "STATE covers frames that were not emitted yet",
        "replay/replay.py",
        "            position=self.position,\n",
        "            position=self.position + 4096,\n",
        ("tests/replay/test_replay.py", "tests/crash"),
    ),
    Mutant(
        "G2",
        "STATE comes before what it covers is on disk",
        "capture/checkpoint.py",
        "        if self._source.durable:\n            self._source.reader.sync()\n",
        "",
        ("tests/e2e/test_own_faults.py",),
    ),
    Mutant(
        "G1",
        "a message that kills its target is sent for ever",
        "capture/poison_guard.py",
        "        return self.failed >= POISON_STARTS\n",
        "        return False\n",
        ("tests/capture/test_poison_guard.py",),
    ),
    Mutant(
        "G1",
        "the same lines come again behind a STATE between two lines",
        "replay/replay.py",
        "            frame = behind(frame, self.position)\n",
        "            pass\n",
        ("tests/replay/test_replay.py",),
    ),
    Mutant(
        "G4",
        "an end found after a pause is taken for a new one",
        "replay/lines.py",
        "(behind_us := closed.behind_us) is not None",
        "(behind_us := None) is not None",
        ("tests/replay/test_books.py", "tests/e2e/test_standstill.py"),
    ),
    Mutant(
        "G4",
        "of several gaps that STATE took for one only the first is settled",
        "coverage/ledger.py",
        "cut(parts, gap.absorbed)",
        "cut(parts, ())",
        ("tests/coverage/test_pending_gaps.py",),
    ),
    Mutant(
        "G4",
        "what a lost STATE knew of captured time is not known either",
        "replay/replay.py",
        "latest = state if options.log_continues else options.latest or state",
        "latest = state",
        ("tests/replay/test_replay.py",),
    ),
    Mutant(
        "G4",
        "what was stored of dropped files is taken for granted",
        "coverage/ledger.py",
        "if later and not stored:",
        "if later and since is Since.APART:",
        ("tests/coverage/test_lost_state.py",),
    ),
    Mutant(
        "G4",
        "old bytes of one copy show that it lived while the other one was away",
        "replay/books.py",
        "is_old = opened.behind_us is not None",
        "is_old = False",
        ("tests/replay/test_replay.py",),
    ),
    Mutant(
        "G4",
        "STATE forgets that what came after it is gone",
        "coverage/track.py",
        "return [*row, _GONE] if track.log_is_gone else row",
        "return row",
        ("tests/replay/test_replay.py",),
    ),
    Mutant(
        "G4",
        "half a message in a dropped file is taken for stored",
        "coverage/ledger.py",
        "if not stored or connection in cut:",
        "if later and not stored:",
        ("tests/coverage/test_lives.py",),
    ),
    Mutant(
        "G4",
        "the gaps in dropped files are told anew, with other keys",
        "coverage/reported_gaps.py",
        "                if told and from_us < min(until_us, end_us):",
        "                if told and not from_us:",
        ("tests/coverage/test_lost_state.py",),
    ),
    Mutant(
        "G4",
        "a file of the log tells nothing of the time before it",
        "spool/context.py",
        "        rows = self._books.export()\n",
        "        rows = self._books.export()[:0]\n",
        ("tests/spool/test_context.py",),
    ),
    Mutant(
        "G4",
        "time after a killed run is nobody's loss",
        "coverage/ledger.py",
        '        return "idle" if idle and not self.policy.idle_is_gap else "lost"\n',
        '        return "idle"\n',
        ("tests/coverage/test_ledger.py",),
    ),
    Mutant(
        "G4",
        "the time of half a message counts as covered",
        "coverage/track.py",
        "            self.alive_us -= taken_us\n",
        "            pass\n",
        ("tests/coverage/test_ledger.py",),
    ),
    Mutant(
        "G4",
        "a gap is called recovered without having been asked for",
        "receive/recovery.py",
        "            if isinstance(decision, Fatal):\n",
        "            return None\n            if isinstance(decision, Fatal):\n",
        ("tests/e2e/test_gap_fill.py",),
    ),
    Mutant(
        "G4",
        "a stalled copy vouches for the time the other one was away",
        "coverage/ledger.py",
        "            track.doubt(at_us, connection)  # a redundant connection\n",
        "            pass\n",
        ("tests/coverage/test_ledger.py", "tests/coverage/test_ledger_machine.py"),
    ),
    Mutant(
        "G4",
        "bytes behind a hole in the log cover it",
        "coverage/track.py",
        "                track.log_is_gone = bool(gone or (track.heard and not log_continues))\n",
        "",
        ("tests/coverage/test_ledger.py", "tests/coverage/test_ledger_machine.py"),
    ),
    Mutant(
        "G4",
        "nobody is told to fill a gap",
        "capture/loop.py",
        "            self._link.fill(gap)\n",
        "            pass\n",
        ("tests/e2e/test_gap_fill.py",),
    ),
    Mutant(
        "G2",
        "a STATE does not wait until the files that it covers are in their places",
        "capture/loop.py",
        "        while not self._checkpoints.is_sealed(_PUSH_S):\n",
        "        while False:\n",
        ("tests/e2e/test_parquet_seals.py",),
    ),
    Mutant(
        "G2",
        "files are not written down before they are put in their places",
        "emit/parquet/dataset.py",
        "            manifest.pending = [entry for _, entry in drafts]\n",
        "            manifest.pending = []\n",
        ("tests/emit/parquet/test_dataset.py",),
    ),
    Mutant(
        "G3",
        "files that are going to be written again stay",
        "emit/parquet/manifest.py",
        "        removed += store.delete(sorted(gone))\n",
        "        removed += len(gone)\n",
        ("tests/emit/parquet/test_dataset.py",),
    ),
    Mutant(
        "G1",
        "what does not fit a column of a file is lost",
        "columns/fit.py",
        "        self.values[path] = value\n",
        "        self.values[path] = None\n",
        ("tests/columns/test_fit.py",),
    ),
    Mutant(
        "G3",
        "ids that no STATE covers are known to the next run",
        "spool/seen_ids.py",
        "            if block.spool_id == spool_id and block.mark <= mark:\n",
        "            if block.spool_id == spool_id:\n",
        ("tests/spool/test_seen_ids.py",),
    ),
    Mutant(
        "G5",
        "books that do not balance end with 0",
        "capture/run.py",
        "            self.exit_code = EXIT_UNBALANCED\n",
        "",
        ("tests/e2e/test_own_faults.py",),
    ),
    Mutant(
        "G2",
        "STATE lies a byte behind what was emitted of an archive",
        "archive/position_map.py",
        "offset=mark.place.offset + position - mark.position)\n",
        "offset=mark.place.offset + position - mark.position + 1)\n",
        ("tests/archive/test_reading.py",),
    ),
    Mutant(
        "G1",
        "a damaged member of an archive takes the next ones with it",
        "archive/tar.py",
        '                yield Member(name.decode(errors="replace"), part, modified_us)\n',
        '                yield Member(name.decode(errors="replace"), source, modified_us)\n',
        ("tests/archive/test_texts.py",),
    ),
    Mutant(
        "G3",
        "nothing is remembered as emitted",
        "policy/dedupe.py",
        "        young[key] = now = known | family\n",
        "        young[key] = now = 0\n",
        ("tests/policy/test_dedupe.py", "tests/e2e/test_faults.py"),
    ),
    Mutant(
        "G5",
        "keep-alives are not counted",
        "replay/messages.py",
        "                tally.keep_alives += 1\n                continue\n",
        "                continue\n",
        ("tests/replay/test_replay.py", "tests/e2e/test_faults.py"),
    ),
    Mutant(
        "G6",
        "a stop does not reach the receiver until the end",
        "capture/loop.py",
        "            self._link.stop()\n\n    def _progress",
        "\n    def _progress",
        ("tests/e2e/test_stops.py",),
    ),
    Mutant(
        "G6",
        "parts of lines are handed over",
        "emit/output.py",
        '    return bytes(data[:room]).rfind(b"\\n") + 1\n',
        "    return room\n",
        ("tests/emit", "tests/e2e/test_stops.py"),
    ),
    Mutant(
        "G7",
        "secrets are not taken out of log records",
        "api/redact.py",
        "    def clean(self, text: str) -> str:\n",
        "    def clean(self, text: str) -> str:\n        return text\n",
        ("tests/api/test_redact.py",),
    ),
    Mutant(
        "G7",
        "what an answer repeats of our request is kept",
        "api/stream.py",
        "            return scrub_refusal(answer)\n",
        "            return answer\n",
        ("tests/network/test_secrets.py",),
    ),
    Mutant(
        "G8",
        "an attempt is made although the budget is used up",
        "policy/connect_limit.py",
        "    def earliest(self, now_s: float) -> float:\n",
        "    def earliest(self, now_s: float) -> float:\n        return now_s\n",
        ("tests/policy",),
    ),
    Mutant(
        "G8",
        "two copies on v1.1 end each other for ever, and nobody says so",
        "policy/crowding.py",
        "        return CrowdedOut(watch.closes), watch\n",
        "        return ending, watch\n",
        ("tests/policy/test_crowding.py",),
    ),
    Mutant(
        "G9",
        "rules of others count as ours",
        "policy/ruleset.py",
        "    return bool(prefix) and tag.startswith(prefix)\n",
        "    return True\n",
        ("tests/policy/test_ruleset.py", "tests/api/test_rules_sync.py"),
    ),
)


def survives(mutant: Mutant) -> bool:
    """Return whether no test notices the change.

    Raises:
        SystemExit: The line to change is not there any more.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = REPO / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        (copy / ".tools").symlink_to(REPO / ".tools")
        changed = copy / "tap_twitter_stream" / mutant.path
        text = changed.read_text(encoding="utf-8")
        if text.count(mutant.before) != 1:
            sys.exit(f"{mutant.promise}: the line to change is not in {mutant.path}: {mutant.what}")
        changed.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
        tests = [name for name in mutant.tests if (copy / name).exists()]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
            cwd=copy,
            env={**os.environ, **QUICKLY, "PYTHONPATH": str(copy)},
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
        )
        return done.returncode == 0


def main() -> int:
    """Try every mutant, or those of the promises named; return 1 if one survives."""
    wanted = set(sys.argv[1:])
    chosen = [one for one in MUTANTS if not wanted or one.promise in wanted]
    survivors = 0
    for mutant in chosen:
        alive = survives(mutant)
        survivors += alive
        print(f"{mutant.promise} {'SURVIVED' if alive else 'caught'}: {mutant.what}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
