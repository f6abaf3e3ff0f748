"""Settings of an archive: read alone, without credentials, from files that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tap_twitter_stream.errors import SettingsError
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA

HERE = str(Path(__file__))


def errors_of(**raw: Any) -> list[str]:  # noqa: ANN401 - settings
    with pytest.raises(SettingsError) as caught:
        parse_settings({"endpoints": ["archive"], **raw})
    return caught.value.errors


def test_an_archive_needs_no_credentials() -> None:
    given = {"endpoints": ["archive"], "archive_paths": [HERE, str(Path(HERE).parent / "*.py")]}
    Draft7Validator(SETTINGS_SCHEMA).validate(given)
    settings = parse_settings(given)
    assert settings.archive_paths == tuple(given["archive_paths"])
    (warning,) = settings.warnings
    assert "puts them over newer ones" in warning


@pytest.mark.parametrize(
    "more",
    [
        {"stream_maps": {"users": {"__alias__": "users_archived"}}},
        {
            "batch_config": {
                "encoding": {"format": "parquet"},
                "storage": {"root": str(Path(HERE).parent)},
            }
        },
    ],
    ids=["alias", "parquet"],
)
def test_rows_that_overwrite_nothing_need_no_warning(more: dict[str, Any]) -> None:
    given = {"endpoints": ["archive"], "archive_paths": [HERE], **more}
    assert parse_settings(given).warnings == ()


def test_paths_of_the_home_and_of_the_folder_are_made_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = parse_settings({"endpoints": ["archive"], "archive_paths": ["a", "~/a"]})
    assert settings.archive_paths == (str(tmp_path / "a"),) * 2


def test_an_archive_is_read_alone() -> None:
    (error,) = errors_of(
        endpoints=["archive", "sample"], archive_paths=[HERE], bearer_token="TOKEN"
    )
    assert error.startswith("`endpoints` names archive beside sample: ")
    assert "a run of its own" in error


@pytest.mark.parametrize("given", [{}, {"archive_paths": []}])
def test_an_archive_without_paths_is_refused(given: dict[str, Any]) -> None:
    (error,) = errors_of(**given)
    assert error.startswith("`archive_paths` must name files")


@pytest.mark.parametrize("path", ["not-there", "/not/there/*.gz", " "])
def test_a_path_that_names_nothing_is_refused(path: str) -> None:
    (error,) = errors_of(archive_paths=[HERE, path])
    assert error == f"`archive_paths` holds {path!r}, which names no file: correct it."


def test_what_has_no_effect_is_told() -> None:
    settings = parse_settings({"bearer_token": "TOKEN", "archive_paths": [HERE]})
    assert settings.archive_paths == ()
    assert settings.warnings == (
        "`archive_paths` has no effect: `endpoints` does not name archive.",
    )
    settings = parse_settings(
        {
            "endpoints": ["archive"],
            "archive_paths": [HERE],
            "spool_dir": "x",
            "stream_maps": {"users": {}},
        }
    )
    assert settings.warnings == ("`spool_dir` has no effect on archive: its files are the log.",)
