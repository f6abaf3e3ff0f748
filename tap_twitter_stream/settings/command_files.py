"""The files named on the command line: a path goes in, JSON text or one sentence comes out."""

from __future__ import annotations

import io
import json
import logging
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_REMEDIES = {
    "--config": "name a file with the tap's settings",
    "--catalog": "make one with --discover",
    "--state": "name the file of the last STATE, or leave --state out at the first run",
}
_MEND = "correct that place; often a comma or a quote is missing there, or one too many just before"

logger = logging.getLogger("tap-twitter-stream")


class BadFileError(click.ClickException):
    """A file that cannot be used. Click shows it in the log and ends with exit code 1."""

    def __init__(self, option: str, path: str, why: str, remedy: str = "") -> None:
        super().__init__(f"{option} {path} {why}: {remedy or _REMEDIES[option]}.")

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's signature
        """Say it as every other failure of a run is said."""
        logger.critical("%s", self.message)


class JsonFile(click.ParamType):  # type: ignore[type-arg] # the SDK's click may be older
    """A file that holds a JSON object, read when the command line is."""

    name = "filename"

    def __init__(self, option: str, check: Callable[[dict[str, Any]], str]) -> None:
        self._option = option
        self._check = check

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,  # noqa: ARG002
        ctx: click.Context | None,  # noqa: ARG002
    ) -> io.StringIO:
        """Return the file's text as an open file, as the SDK takes it."""
        text = read_object(self._option, str(value), self._check)
        return io.StringIO(text)


def read_object(option: str, path: str, check: Callable[[dict[str, Any]], str]) -> str:
    """Return the JSON text of a file; ``-`` is standard input.

    Args:
        option: What the path was given with.
        path: Where the file is.
        check: Says what is wrong with the object, or nothing.

    Raises:
        BadFileError: The file cannot be read, is no JSON object, or does not pass the check.
    """
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise BadFileError(option, path, f"cannot be read ({error.strerror})") from error
    try:
        text = data.decode("utf-8-sig")
        if option == "--state" and text.strip() in {"", "null"}:
            # `… | tail -1 > state.json` leaves an empty file when the first run wrote no STATE.
            logger.warning("--state %s is empty: this run starts without a STATE.", path)
            return "{}"
        value = json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise BadFileError(option, path, "is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        why = f"is no JSON ({error.msg} at {where})" if text.strip() else "is empty"
        raise BadFileError(option, path, why, _MEND if text.strip() else "") from error
    except ValueError as error:
        raise BadFileError(option, path, f"is no JSON ({error})") from error
    why = check(value) if isinstance(value, dict) else "holds no JSON object"
    if why:
        raise BadFileError(option, path, why)
    return text


def config_problem(_config: dict[str, Any]) -> str:
    """Find nothing: the settings are checked one by one later."""
    return ""


def state_problem(state: dict[str, Any]) -> str:
    """Say why an object is no STATE. One of another tap is one; its bookmarks have no effect."""
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict) or not all(isinstance(b, dict) for b in bookmarks.values()):
        return "is no STATE (its bookmarks are no objects)"
    return ""


def _refuse_constant(name: str) -> float:
    message = f"{name} is no JSON number"
    raise ValueError(message)
