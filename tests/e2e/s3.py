"""A server of S3's protocol on loopback: SeaweedFS, in a process of its own."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import s3fs

from tests.e2e.harness import wait_until
from tests.limits import HANG_S

if TYPE_CHECKING:
    from typing_extensions import Self

KEY, SECRET = "loopback-key", "loopback-secret-of-nobody"
BUCKET = "captures"
_PORTS = (
    *("-master.port", "-master.port.grpc", "-volume.port", "-volume.port.grpc", "-filer.port"),
    *("-filer.port.grpc", "-s3.port", "-s3.port.grpc"),
)
_USER = {
    "name": "loader",
    "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
    "actions": ["Admin", "Read", "List", "Tagging", "Write"],
}


class S3Server:
    """One bucket; it is gone when the ``with`` block ends."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="s3-"))
        ports = _free_ports(len(_PORTS))
        options = [f"{name}={port}" for name, port in zip(_PORTS, ports, strict=True)]
        self.endpoint_url = f"http://127.0.0.1:{ports[_PORTS.index('-s3.port')]}"
        users = self._folder / "users.json"
        users.write_text(json.dumps({"identities": [_USER]}))
        self._command = [
            *(str(Path(sys.executable).with_name("weed")), "server", "-s3", *options),
            *(f"-dir={self._folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *("-master.telemetry=false", "-volume.max=10", "-master.volumeSizeLimitMB=64"),
            *(f"-s3.config={users}", "-s3.iam=false", "-s3.port.iceberg=0"),
            "-s3.port.lance=0",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def params(self) -> dict[str, str]:
        """Options of fsspec's file system that reach it."""
        return {"key": KEY, "secret": SECRET, "endpoint_url": self.endpoint_url}

    def files(self) -> s3fs.S3FileSystem:
        """Return a client of its own, which has seen nothing yet."""
        return s3fs.S3FileSystem(**self.params, skip_instance_cache=True)

    def __enter__(self) -> Self:
        log = self._folder / "server.log"
        with log.open("wb") as said:
            self._process = subprocess.Popen(self._command, stdout=said, stderr=said)
        assert wait_until(self._has_bucket, HANG_S), log.read_text(errors="replace")[-3000:]
        return self

    def _has_bucket(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "server.log").read_text()[-3000:]
        try:
            files = self.files()
            if not files.exists(BUCKET):
                files.mkdir(BUCKET)
            files.pipe_file(f"{BUCKET}/ready", b"x")  # a volume server has joined too
        except OSError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
