"""The table of endpoints and the event schemas hold all that X's OpenAPI says of streams."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scripts import openapi_coverage

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_nothing_of_x_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    code = openapi_coverage.main([])
    said = capsys.readouterr().out
    assert (code, said.count("\n")) == (0, 1), said
    assert said.startswith("15 endpoints, ")


def test_a_new_document_shows_its_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parameter = {"name": "mood", "schema": {"type": "string"}}
    document = {
        "paths": {
            "/2/new/stream": {"get": {"x-twitter-streaming": True}},
            "/2/activity/stream": {"get": {"x-twitter-streaming": True, "parameters": [parameter]}},
        },
        "components": {"schemas": {"LikeWithPostAuthor": {"properties": {"weight": {}}}}},
    }
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(document))
    assert openapi_coverage.main(["--spec", str(path)]) == 1
    said = capsys.readouterr().out
    assert "endpoint /2/new/stream: only at X" in said
    assert "parameter mood of /2/activity/stream: None at X, absent here" in said
    assert "member LikeWithPostAuthor.weight: no column" in said
