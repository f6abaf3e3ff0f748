"""A target that stores nothing: at each STATE it says how many posts came, and their ids' sum."""

from __future__ import annotations

import json
import sys

HEAD = b'{"type":"RECORD","stream":"tweets","record":{'
ID = b'"id":"'


def main() -> None:
    """Read until the end."""
    posts = ids = 0
    for line in sys.stdin.buffer:
        if line.startswith(HEAD):
            start = line.index(ID) + len(ID)
            posts += 1
            ids += int(line[start : line.index(b'"', start)])
        elif line.startswith(b'{"type":"STATE"'):
            sys.stdout.write(json.dumps({"posts": posts, "ids": ids}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
