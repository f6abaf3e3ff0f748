from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from scripts import make_schemas
from scripts.schema_source.openapi import TWEET_NAMES
from tap_twitter_stream import schema as schema_module
from tap_twitter_stream.schema import load_schema
from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "schemas").glob("*.json"))
STREAMS = [path.stem for path in FILES]
NAMES = json.loads((ROOT / "tests" / "data" / "openapi_names.json").read_text())

KEYS = {
    "tweets": ["id"],
    "referenced_tweets": ["id"],
    "users": ["id"],
    "media": ["media_key"],
    "places": ["id"],
    "polls": ["id"],
    "tweet_rules": ["tweet_id", "rule_id"],
    "rules": ["id"],
    "compliance_events": ["event_id"],
    "tweet_labels": ["event_id"],
    "likes": ["id"],
    "statuses": ["id_str"],
    "activities": ["event_uuid"],
    "errors": ["error_id"],
    "notices": ["notice_id"],
    "dead_letters": ["letter_id"],
    "raw_messages": ["spool_id", "position"],
    "capture_connections": ["connection_id"],
    "capture_gaps": ["gap_id"],
    "capture_windows": ["window_id"],
}
ABOUT_THE_CAPTURE = {"rules", "capture_connections", "capture_gaps", "capture_windows"}
PROVENANCE = {"_delivery", "_connection_id", "_endpoint"}
ALLOWED_WORDS = {
    "type", "format", "title", "description", "properties", "items", "additionalProperties",
    "required", "$schema", "$id",
}  # fmt: skip
# Members of a problem that stay inside the `problem` column of `errors`.
ONLY_INSIDE_PROBLEM = {"errors", "period", "registration_url", "scope"}

Node = dict[str, Any]


def nodes(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    yield path, node
    for name, member in node.get("properties", {}).items():
        yield from nodes(member, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")


def test_each_stream_has_a_file_and_each_file_a_stream() -> None:
    assert set(KEYS) == set(STREAMS)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_file_is_a_draft_7_schema_that_names_itself(stream: str) -> None:
    schema = load_schema(stream)
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["$id"] == f"urn:tap-twitter-stream:schema:{stream}:1"
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize(("stream", "keys"), KEYS.items())
def test_keys_and_nothing_else_are_required_and_never_null(stream: str, keys: list[str]) -> None:
    schema = load_schema(stream)
    assert schema["required"] == keys
    plain = [n for n, member in schema["properties"].items() if "null" not in member["type"]]
    assert plain == keys
    assert {schema["properties"][key]["type"] for key in keys} <= {"string", "integer"}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_row_says_when_and_how_it_was_captured(stream: str) -> None:
    properties = load_schema(stream)["properties"]
    assert properties["_captured_at"]["format"] == "date-time"
    expected = set() if stream in ABOUT_THE_CAPTURE else PROVENANCE
    assert set(properties) & PROVENANCE == expected
    assert all(properties[name]["type"] == ["string", "null"] for name in expected)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_level_follows_the_house_rules(stream: str) -> None:
    schema = load_schema(stream)
    never_null = {"", *(f".{key}" for key in KEYS[stream])}
    for path, node in nodes(schema):
        where = f"{stream}{path}"
        kinds = [node["type"]] if isinstance(node["type"], str) else node["type"]
        assert set(node) <= ALLOWED_WORDS, where
        assert node.get("description", "").strip() or path.endswith("[]"), where
        assert ("properties" in node) == ("object" in kinds), where
        assert node.get("additionalProperties") is (True if "object" in kinds else None), where
        assert ("items" in node) == ("array" in kinds), where
        assert (path in never_null) == ("null" not in kinds), where
        assert node.get("format") in {None, "date-time"}, where


@pytest.mark.parametrize("stream", STREAMS)
def test_ids_are_strings(stream: str) -> None:
    for path, node in nodes(load_schema(stream)):
        name = path.rsplit(".", 1)[-1]
        # X's affiliation names several accounts under a singular.
        if (name == "id" or name.endswith("_id")) and "array" not in node["type"]:
            assert "string" in node["type"], f"{stream}{path}"


@pytest.mark.parametrize("stream", ["tweets", "users", "media", "places", "polls"])
def test_no_property_of_x_is_missing_under_its_tweet_name(stream: str) -> None:
    known = load_schema(stream)["properties"]
    assert [name for name in NAMES[stream] if TWEET_NAMES.get(name, name) not in known] == []


@pytest.mark.parametrize("stream", STREAMS)
def test_no_property_carries_a_post_name(stream: str) -> None:
    names = {path.rsplit(".", 1)[-1] for path, _ in nodes(load_schema(stream))}
    assert names & set(TWEET_NAMES) == set()


def test_no_member_of_a_problem_is_missing() -> None:
    known = set(load_schema("errors")["properties"])
    renamed = {"id": "rule_id"}
    wanted = {renamed.get(name, name) for name in NAMES["problems"]}
    assert wanted - known == ONLY_INSIDE_PROBLEM


def test_referenced_tweets_have_the_properties_of_tweets() -> None:
    assert load_schema("referenced_tweets")["properties"] == load_schema("tweets")["properties"]


def test_hand_made_files_are_what_the_tables_say() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.make_schemas", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=HANG_S,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def test_the_check_shows_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_schemas, "_ROOT", tmp_path)
    assert make_schemas.main([]) == 0
    assert make_schemas.main(["--check"]) == 0
    path = tmp_path / "schemas" / "rules.json"
    path.write_text(path.read_text().replace('"Rules"', '"Other"'))
    assert make_schemas.main(["--check"]) == 1
    assert '-  "title": "Other"' in capsys.readouterr().out


def test_asking_again_gives_the_same_dict() -> None:
    assert load_schema("tweets") is load_schema("tweets")


def test_an_unknown_stream_is_named_in_the_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"no schema for stream 'tweetz'.*tweetz\.json"):
        load_schema("tweetz")


def test_files_inside_the_package_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packaged.json").write_text('{"title": "packaged"}')
    monkeypatch.setattr(schema_module, "_FOLDERS", (tmp_path, *schema_module._FOLDERS))  # noqa: SLF001  # the wheel's layout
    assert load_schema("packaged") == {"title": "packaged"}
    load_schema.cache_clear()
