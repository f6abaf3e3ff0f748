"""The smallest honest target: RECORDs go to a file, a STATE is printed once they are on disk.

Run as a script: ``python ack_target.py RECORDS``. A torn last line, as a killed tap leaves it, is
left out, as every target does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

STATE = b'{"type":"STATE","value":'


def main(path: Path) -> None:
    """Copy until the end of standard input."""
    with path.open("ab") as records:
        for line in sys.stdin.buffer:
            if line.startswith(b'{"type":"RECORD"') and line.endswith(b"}\n"):
                records.write(line)
            elif line.startswith(STATE) and line.endswith(b"}\n"):
                records.flush()
                os.fsync(records.fileno())
                sys.stdout.buffer.write(line[len(STATE) : -2] + b"\n")
                sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
