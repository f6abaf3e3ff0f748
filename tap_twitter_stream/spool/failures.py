"""What a failed write or fsync of the event log means: wait for room, or end."""

from __future__ import annotations

import errno

from tap_twitter_stream.errors import SpoolError, SpoolFullError

# The disk has no room now and may have some later; with any other error it is broken.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def unwritable(error: OSError) -> SpoolError:
    """Return what to raise for a failed write; its class says whether waiting makes sense."""
    kind = SpoolFullError if error.errno in _FULL else SpoolError
    return kind(
        f"The spool cannot be written ({error.strerror}). "
        "Free disk space under spool_dir, or name another folder there."
    )


def unsynced(error: OSError) -> SpoolError:
    """Return what to raise for a failed fsync.

    Never try it again: the kernel reports such an error once, forgets the pages, and calls the
    next fsync of the same file a success.
    """
    return SpoolError(f"The spool cannot be forced to disk ({error.strerror}). Look at the disk.")
