"""docs/reference/spool.md shows a command that works, and names what the code makes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA
from tap_twitter_stream.spool.folder import FORMAT_VERSION
from tap_twitter_stream.spool.frames import HEADER_BYTES, MAGIC
from tests.docs.pages import page
from tests.limits import HANG_S

PAGE = page("reference/spool.md")


def test_the_command_works_as_written(tmp_path: Path) -> None:
    (command,) = re.findall(r"```console\n\$ (.*)\n```", PAGE)
    (tmp_path / "letters.jsonl").write_text('{"data":{"id":"5","text":"mended"}}\n')
    command = command.replace("twitter-stream", str(Path(sys.executable).parent / "twitter-stream"))
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, timeout=HANG_S, check=False
    )
    assert done.returncode == 0, done.stderr
    last = json.loads((tmp_path / "again.jsonl").read_text().splitlines()[-1])
    assert (last["stream"], last["record"]["id"]) == ("tweets", "5")


def test_the_format_is_the_one_that_is_written() -> None:
    assert f"`{MAGIC.decode()}`" in PAGE
    assert f"Format version ({FORMAT_VERSION})" in PAGE
    assert HEADER_BYTES == 4 + 4 + 8 + 8 + 1 + 3


def test_every_setting_on_the_page_exists() -> None:
    for name in re.findall(r"`(spool_\w+)[`:]", PAGE):
        assert name in {*SETTINGS_SCHEMA["properties"], "spool_dir"}
