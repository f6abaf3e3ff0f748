from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.e2e.expected import check_books
from tests.e2e.harness import Json, Tap, capture, catalog_for, config_for, run
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

POSTS = 40


def captured(folder: Path, catalog: Json | None = None, **more: object) -> Tap:
    """Capture forty posts."""
    with (
        Simulator(Scenario(rate_per_s="max", limit_posts=POSTS)) as sim,
        Tap(folder, config_for(sim, **more), catalog=catalog) as tap,
    ):
        tap.has(POSTS, "posts" if "stream_maps" in more else "tweets")
        code = tap.stop()
    assert code == 0, tap.stderr
    return tap


def entry(catalog: Json, stream: str) -> Json:
    found: Json = next(one for one in catalog["streams"] if one["stream"] == stream)
    return found


def deselect(catalog: Json, stream: str, fields: Sequence[str]) -> None:
    for one in entry(catalog, stream)["metadata"]:
        if one["breadcrumb"][1:] and one["breadcrumb"][-1] in fields:
            one["metadata"]["selected"] = False


def fate(tap: Tap, stream: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in tap.window["streams"] if s["stream"] == stream)
    return found


def test_deselected_children_stay_away(tmp_path: Path) -> None:
    gone = ("users", "media", "tweet_rules")
    tap = captured(tmp_path, catalog_for(tmp_path, gone))
    assert not any(stream in tap.schemas or tap.records(stream) for stream in gone)
    assert len(tap.ids()) == POSTS
    assert fate(tap, "users")["deselected"] == fate(tap, "users")["routed"] > 0


def test_only_posts_is_a_choice_too(tmp_path: Path) -> None:
    catalog = catalog_for(tmp_path)
    others = [one["stream"] for one in catalog["streams"] if one["stream"] != "tweets"]
    with Simulator(Scenario(rate_per_s="max", limit_posts=POSTS)) as sim:
        tap = capture(tmp_path, config_for(sim), POSTS, catalog=catalog_for(tmp_path, others))
    assert tap.ids() == sim.oracle.sent_ids()
    assert set(tap.schemas) == {"tweets"}
    assert tap.states


def test_without_a_data_stream_nothing_is_connected(tmp_path: Path) -> None:
    catalog = catalog_for(tmp_path)
    data = [one["stream"] for one in catalog["streams"] if not one["stream"].startswith("capture_")]
    with Simulator() as sim:
        code, tap = run(tmp_path, config_for(sim), catalog=catalog_for(tmp_path, data))
    assert code == 0, tap.stderr
    assert sim.oracle.requests == []
    assert not any(message["type"] == "RECORD" for message in tap.messages)
    assert "nothing is connected" in tap.stderr


def test_deselected_fields_leave_schema_and_records(tmp_path: Path) -> None:
    catalog = catalog_for(tmp_path)
    deselect(catalog, "tweets", ["text", "entities", "_endpoint"])
    deselect(catalog, "users", ["description"])
    deselect(catalog, "capture_windows", ["streams"])
    tap = captured(tmp_path, catalog)
    for stream, fields in {
        "tweets": {"text", "entities", "_endpoint"},
        "users": {"description"},
        "capture_windows": {"streams"},
    }.items():
        assert not fields & tap.schemas[stream]["properties"].keys()
        records = tap.records(stream)
        assert records
        assert not any(fields & record.keys() for record in records)
    assert all("author_id" in record for record in tap.records("tweets"))


def test_stream_maps_alias_hash_filter_and_remove(tmp_path: Path) -> None:
    maps = {
        "tweets": {"__alias__": "posts", "author_id": "md5(author_id)", "text": "__NULL__"},
        "users": {"__filter__": "int(id) % 2 == 0"},
        "media": "__NULL__",
        "capture_windows": {"__alias__": "runs", "reason": "stop_reason"},
    }
    tap = captured(tmp_path, stream_maps=maps)
    posts = tap.records("posts")
    assert len(posts) == POSTS
    assert not tap.records("tweets")
    assert not any("text" in post for post in posts)
    assert all(len(post["author_id"]) == len(hashlib.md5(b"").hexdigest()) for post in posts)  # noqa: S324 - what the map asks for
    assert tap.records("users")
    assert all(int(user["id"]) % 2 == 0 for user in tap.records("users"))
    assert not tap.records("media")
    assert "media" not in tap.schemas
    (window,) = tap.records("runs")
    assert window["reason"] == window["stop_reason"] == "signal"
    fates = {one["stream"]: one for one in window["streams"]}
    assert fates["users"]["filtered"] + fates["users"]["emitted"] == fates["users"]["routed"]
    assert fates["users"]["filtered"] > 0
    check_books(window)


def test_flattening_reaches_every_stream(tmp_path: Path) -> None:
    tap = captured(tmp_path, flattening_enabled=True, flattening_max_depth=1)
    assert all("public_metrics__like_count" in post for post in tap.records("tweets"))
    assert not any("public_metrics" in post for post in tap.records("tweets"))
    assert "public_metrics__like_count" in tap.schemas["tweets"]["properties"]
    assert all("public_metrics__tweet_count" in user for user in tap.records("users"))
    assert len(tap.records("capture_windows")) == 1


def test_foreign_keys_and_replication_are_overridden_with_a_warning(tmp_path: Path) -> None:
    catalog = catalog_for(tmp_path)
    tweets = entry(catalog, "tweets")
    tweets |= {"key_properties": ["text"], "replication_key": "created_at"}
    tweets["replication_method"] = "FULL_TABLE"
    for one in tweets["metadata"]:
        if not one["breadcrumb"]:
            one["metadata"]["forced-replication-method"] = "FULL_TABLE"
    tap = captured(tmp_path, catalog)
    schema = next(m for m in tap.messages if m["type"] == "SCHEMA" and m["stream"] == "tweets")
    assert schema["key_properties"] == ["id"]
    (warning,) = [line for line in tap.stderr.splitlines() if "they are fixed" in line]
    assert "| WARNING" in warning
    assert "'tweets'" in warning


def test_a_catalog_of_today_takes_a_field_of_tomorrow(tmp_path: Path) -> None:
    catalog = catalog_for(tmp_path)
    for stream in ("tweets", "users"):
        entry(catalog, stream)["schema"]["properties"].pop("public_metrics")
    tap = captured(tmp_path, catalog)
    assert all("public_metrics" in post for post in tap.records("tweets"))
