from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_twitter_stream.settings.environment import environment_settings
from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA
from tests.e2e.harness import command
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "TAP_TWITTER_STREAM_"


def read(**texts: str) -> tuple[dict[str, Any], list[str]]:
    environ = {PREFIX + name.upper(): text for name, text in texts.items()}
    return environment_settings({**environ, "PATH": "/bin"}, PREFIX, SETTINGS_SCHEMA)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_run_seconds", "3.5", 3.5),
        ("max_run_seconds", " 3540 ", 3540.0),
        ("max_records", "5", 5),
        ("raw_messages", "Yes", True),
        ("raw_messages", "off", False),
        ("endpoints", '["sample", "filtered"]', ["sample", "filtered"]),
        ("endpoints", "sample, filtered", ["sample", "filtered"]),
        ("rules", '[{"value": "cat"}]', [{"value": "cat"}]),
        ("partitions", '{"sample10": [1]}', {"sample10": [1]}),
        ("bearer_token", "AAAA", "AAAA"),
    ],
)
def test_each_text_becomes_a_value_of_its_settings_type(
    name: str, text: str, value: object
) -> None:
    assert read(**{name: text}) == ({name: value}, [])


def test_a_blank_text_is_not_given() -> None:
    assert read(max_records="", rules=" ") == ({}, [])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("rules", "cat", 'a JSON list, such as [{"value": "cat has:images", "tag": "cats"}], not'),
        ("rules", '{"value": "cat"}', "a JSON list"),
        ("endpoints", "[sample", "or names with commas between them"),
        ("partitions", "[1]", 'a JSON object, such as {"sample10": [1, 2]}, not'),
        ("max_records", "5.5", "a whole number, such as 3600, not '5.5'"),
        ("max_run_seconds", "1h", "a number, such as 3600, not '1h'"),
        ("raw_messages", "perhaps", "true or false, not 'perhaps'"),
    ],
)
def test_a_text_of_another_kind_gets_one_sentence(name: str, text: str, words: str) -> None:
    values, (error,) = read(**{name: text})
    assert values == {}
    assert error.startswith(f"`{PREFIX}{name.upper()}` must be ")
    assert words in error


def test_a_run_is_bounded_by_the_environment_alone(tmp_path: Path) -> None:
    with Simulator(Scenario()) as sim:
        env = {
            PREFIX + "API_URL": sim.url,
            PREFIX + "BEARER_TOKEN": sim.bearer_token,
            PREFIX + "RULES": '[{"value": "cat"}]',
            PREFIX + "RULES_TAG_PREFIX": "e2e:",
            PREFIX + "MAX_RUN_SECONDS": "1.5",
        }
        code, said, heard = command(tmp_path, "--config=ENV", env=env)
    assert code == 0, heard
    assert '"stop_reason":"max_run"' in said


def test_a_variable_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    code, said, heard = command(tmp_path, "--config=ENV", env={PREFIX + "RULES": "cat"})
    assert (code, said) == (1, "")
    assert "Traceback" not in heard
    assert heard.count("| ERROR") == 1
    assert f"`{PREFIX}RULES` must be a JSON list" in heard
