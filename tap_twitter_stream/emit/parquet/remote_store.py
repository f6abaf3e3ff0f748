"""A bucket, or whatever else fsspec reaches: objects show only when they are whole."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import fsspec

from tap_twitter_stream.errors import FilesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class RemoteStore:
    """A bucket or whatever else fsspec reaches; drafts lie in a temporary folder until then."""

    def __init__(self, root: str, params: Mapping[str, Any]) -> None:
        try:
            self._fs, path = fsspec.core.url_to_fs(root, **params)
        except (ImportError, ValueError) as error:
            raise FilesError(_unreachable(root, error)) from error
        self._root = path.rstrip("/")
        self._protocol = root.partition("://")[0]

    def staging(self, owner: str) -> Path:
        """Return a temporary folder; see ``Store``."""
        return Path(tempfile.mkdtemp(prefix=f"parquet-{owner}-"))

    def publish(self, drafts: Iterable[tuple[Path, str]]) -> None:
        """Upload; see ``Store``."""
        for draft, name in drafts:
            self._ask(self._fs.put_file, str(draft), self._path(name))
            draft.unlink()

    def write(self, name: str, data: bytes) -> None:
        """Put an object; see ``Store``."""
        self._ask(self._fs.pipe_file, self._path(name), data)

    def read(self, name: str) -> bytes:
        """Get an object; see ``Store``."""
        data: bytes = self._ask(self._fs.cat_file, self._path(name))
        return data

    def has(self, name: str) -> bool:
        """Look for an object; see ``Store``."""
        self._fs.invalidate_cache()
        return bool(self._ask(self._fs.exists, self._path(name)))

    def names(self, folder: str) -> list[str]:
        """List a folder; see ``Store``."""
        self._fs.invalidate_cache()
        try:
            found = self._ask(self._fs.ls, self._path(folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(f"{folder}/{PurePosixPath(one).name}" for one in found)

    def delete(self, names: Iterable[str]) -> int:
        """Delete objects; see ``Store``."""
        found = [name for name in names if self.has(name)]
        for name in found:
            self._ask(self._fs.rm_file, self._path(name))
        return len(found)

    def _ask(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
        try:
            return call(*arguments, **options)
        except FileNotFoundError:
            raise
        except Exception as error:  # each file system behind fsspec has errors of its own
            msg = (
                f"`batch_config.storage` names a place that did not take or give a file ({error})."
                " Look at its address and credentials, then run again."
            )
            raise FilesError(msg) from error

    def url(self, name: str) -> str:
        """Return an address of the same protocol; see ``Store``."""
        return f"{self._protocol}://{self._path(name).split('://')[-1]}"

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _unreachable(root: str, error: Exception) -> str:
    scheme = root.partition("://")[0]
    need = "install the tap with its extra `s3`" if scheme in {"s3", "s3a"} else "install it"
    return f"`batch_config.storage.root` cannot be opened ({error}): {need}, or name a folder."
