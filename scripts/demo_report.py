"""Show what a demo run left: questions to its DuckDB file go in, text for a person comes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TARGET_BIN = ROOT / ".tools/target-duckdb/bin"
CHART_COLUMNS = 50
CHART_ROWS = 20
WINDOW_COLUMNS = (
    "window_id started_at stop_reason exit_code covered_seconds lost_seconds unknown_seconds"
    " idle_seconds messages keep_alives dead_letters left_in_spool streams"
).split()


@dataclass(frozen=True)
class Place:
    """Where one kind of demo keeps its files; made-up and real posts never share one."""

    folder: Path
    name: str

    @property
    def database(self) -> Path:
        """Where the tables are."""
        return self.folder / f"{self.name}.duckdb"

    @property
    def state(self) -> Path:
        """The last STATE the target printed: everything before it is in the tables."""
        return self.folder / ("state.json" if self.name == "demo" else f"{self.name}-state.json")

    @property
    def running(self) -> Path:
        """There while a run goes on: left behind when one was cut off."""
        return self.file("running")

    def file(self, ending: str) -> Path:
        """Return the path of a by-product."""
        return self.folder / f"{self.name}-{ending}"


def rows(place: Place, sql: str) -> list[list[Any]]:
    """Run one query on the demo's file, in the target's environment."""
    script = ROOT / "scripts/query_duckdb.py"
    command = [str(part) for part in (TARGET_BIN / "python", script, place.database, sql)]
    found: list[list[Any]] = json.loads(subprocess.check_output(command))
    return found


def row_counts(place: Place) -> dict[str, int]:
    """Count every table; no file means no tables."""
    if not place.database.exists():
        return {}
    tables = [name for (name,) in rows(place, "SELECT table_name FROM duckdb_tables() ORDER BY 1")]
    counts = (f"SELECT '{name}', count(*) FROM \"{name}\"" for name in tables)
    pairs = rows(place, " UNION ALL ".join(counts) + " ORDER BY 1")
    return {str(name): int(total) for name, total in pairs}


def show_tables(before: dict[str, int], after: dict[str, int]) -> None:
    """Print each table with its rows before and after."""
    print(f"\n{'table':<24}{'rows before':>12}{'rows now':>12}")
    for name, total in after.items():
        print(f"{name:<24}{before.get(name, 0):>12,}{total:>12,}")


def show_chart(place: Place, window: dict[str, Any]) -> None:
    """Print posts per second since the window began, in at most some 20 bars."""
    step_s = 1 + int(window["seconds"]) // CHART_ROWS
    second = "epoch(t._captured_at - w.started_at)"
    sql = f"""SELECT CAST(floor({second} / {step_s}) AS INTEGER), count(*)
        FROM tweets t, capture_windows w WHERE w.window_id = '{window["window_id"]}'
        AND t._captured_at >= w.started_at GROUP BY 1 ORDER BY 1"""
    bars = {int(slot): total / step_s for slot, total in rows(place, sql)}
    if not bars:
        return
    print("\nposts per second, by second of the run")
    for slot in range(max(bars) + 1):
        rate = bars.get(slot, 0.0)
        bar = "█" * round(CHART_COLUMNS * rate / max(bars.values()))
        print(f"{slot * step_s:>5} s {bar:<{CHART_COLUMNS}} {rate:,.0f}")


def certificate(place: Place) -> dict[str, Any]:
    """Return the newest row of ``capture_windows``: what the tap itself says about its run."""
    sql = f"""SELECT {", ".join(WINDOW_COLUMNS)}, epoch(ended_at - started_at)
        FROM capture_windows ORDER BY started_at DESC LIMIT 1"""
    return dict(zip([*WINDOW_COLUMNS, "seconds"], rows(place, sql)[0], strict=True))


def show_certificate(place: Place, window: dict[str, Any]) -> None:
    """Print the certificate, the connections and the gaps of the run."""
    of_window = f"WHERE window_id = '{window['window_id']}'"
    connections = rows(place, f"SELECT endpoint, ending FROM capture_connections {of_window}")
    gaps = rows(place, f"SELECT kind, duration_seconds, cause FROM capture_gaps {of_window}")
    print("\nthe tap's own certificate (capture_windows)")
    for kind in ("covered", "lost", "unknown", "idle"):
        print(f"  {kind:<15}{window[f'{kind}_seconds'] or 0.0:.1f} s")
    for key in ("messages", "keep_alives", "dead_letters", "left_in_spool", "stop_reason"):
        print(f"  {key.replace('_', ' '):<15}{window[key]}")
    print(f"  connections    {', '.join(f'{name} ({end})' for name, end in connections) or 'none'}")
    described = [f"{kind} {seconds or 0.0:.1f} s ({cause})" for kind, seconds, cause in gaps]
    print(f"  gaps           {', '.join(described) or 'none'}")


def check_posts(window: dict[str, Any], landed: int, *, repeats: bool) -> None:
    """Compare the posts the tap says it emitted with the rows that are new; exit when short.

    Args:
        window: The certificate of the run.
        landed: How many rows the table of posts has gained.
        repeats: Whether the run before was cut off, so that some posts came a second time.
    """
    lines: list[dict[str, Any]] = json.loads(window["streams"])
    emitted = next((line["emitted"] for line in lines if line["stream"] == "tweets"), 0)
    if landed != emitted and not repeats:
        sys.exit(f"demo: {emitted:,} posts certified but {landed:,} new rows in tweets.")
    verdict = "equal" if landed == emitted else "the rest repeats what a run cut off had stored"
    print(f"  checked        {emitted:,} posts certified, {landed:,} new rows in tweets: {verdict}")


def show_next(place: Place) -> None:
    """Print where the file is and what to type now."""
    shown = os.path.relpath(place.database)
    sql = "SELECT created_at, lang, text FROM tweets LIMIT 5"
    ask = f"import duckdb; base = duckdb.connect('{shown}'); base.sql('{sql}').show()"
    python = os.path.relpath(TARGET_BIN / "python")
    print(
        f"\nthe tables are in {shown}; the STATE to continue from is {os.path.relpath(place.state)}"
        "\nnext: `make demo` again continues from there, `make demo LIVE=1` takes posts from X,"
        " or ask the file:"
        f'\n  {python} -c "{ask}"'
    )


def show(place: Place, before: dict[str, int], *, repeats: bool) -> None:
    """Print everything about the run that has just ended."""
    after, window = row_counts(place), certificate(place)
    show_tables(before, after)
    show_chart(place, window)
    show_certificate(place, window)
    check_posts(window, after["tweets"] - before.get("tweets", 0), repeats=repeats)
    show_next(place)
