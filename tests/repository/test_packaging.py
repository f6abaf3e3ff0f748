"""What is published works from where it lands: sdist -> wheel -> an empty folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Run with -S and the installed folder first: an editable install of the checkout must not help.
LOAD = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from tap_twitter_stream import schema;"
    "print(schema.__file__); print(schema.load_schema('tweets')['properties']['id']['type'])"
)


def build(source: Path, kind: str, into: Path) -> Path:
    """Build one distribution without an isolated environment, so without network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the sdist and return its top folder."""
    into = tmp_path_factory.mktemp("sdist")
    # Not tarfile: its safe filter is missing in early 3.11, and asked for with a warning later on.
    made = build(ROOT, "sdist", into / "made")
    subprocess.run(["tar", "-xzf", made, "-C", into], check=True)  # noqa: S607
    (folder,) = (path for path in into.iterdir() if path.name != "made")
    return folder


def test_wheel_from_sdist_finds_its_schemas(sdist: Path, tmp_path: Path) -> None:
    wheel = build(sdist, "wheel", tmp_path / "made")
    uv = Path(sys.executable).parent / "uv"
    place = tmp_path / "place"
    install = [uv, "pip", "install", "-q", "--offline", "--no-deps", "--target", place, wheel]
    subprocess.run([str(part) for part in install], check=True)
    said = subprocess.check_output([sys.executable, "-I", "-S", "-c", LOAD, str(place)], text=True)
    assert said.split() == [str(place / "tap_twitter_stream/schema.py"), "string"]
    assert (place / "twitter_stream_simulator/server/server.py").is_file()
    assert (place / "twitter_stream_simulator/py.typed").is_file()
    assert (place / "bin/tap-twitter-stream").is_file()
    assert (place / "bin/twitter-stream").is_file()


def test_sdist_holds_what_its_own_tests_need(sdist: Path) -> None:
    needed = "Makefile CHANGELOG.md LICENSE meltano.yml constraints.txt .ci/run scripts/setup"
    assert [name for name in needed.split() if not (sdist / name).is_file()] == []
    assert not (sdist / ".venv").exists()
