"""Every exception of the product, under one root. A class says what the caller should do.

Nothing here knows the Singer SDK: the receiver imports this module and must start fast.
"""

from __future__ import annotations


class TapTwitterStreamError(Exception):
    """Root of all errors that this package raises on purpose."""


class SettingsError(TapTwitterStreamError):
    """The configuration cannot work. Carries every problem found, not only the first.

    Args:
        errors: One sentence each: the setting, what is wrong, what to do. Never a secret.
    """

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = list(errors)


class CaptureFailedError(TapTwitterStreamError):
    """The capture cannot go on and a retry would not help: end the run with exit code 1.

    Args:
        reason: What happened, one sentence.
        remedy: What a person can do about it, one sentence.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} {remedy}")
        self.reason = reason
        self.remedy = remedy


class StopRequestedError(TapTwitterStreamError):
    """A stop was asked for while something waited: leave, it is not a failure."""


class ApiError(TapTwitterStreamError):
    """A REST call failed for good; its retries, where they make sense, are already used up.

    Args:
        message: What failed and what to do, one sentence each. Never a secret.
        status: HTTP status, None when no answer came.
        slug: Last part of X's problem type, empty when the body had none.
        detail: X's own words, cut and folded.
    """

    def __init__(
        self, message: str, *, status: int | None = None, slug: str = "", detail: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.slug = slug
        self.detail = detail


class ApiRefusedError(ApiError):
    """X understood and said no: change credentials, plan or settings before trying again."""


class ApiUnavailableError(ApiError):
    """X was not reachable, overloaded or rate limited: the same call may work later."""


class SpoolError(TapTwitterStreamError):
    """The event log cannot be opened, read or written: mend the folder, then run again."""


class SpoolFullError(SpoolError):
    """The disk has no room: nothing of it was stored, so keep it and try again in a while."""


class FilesError(TapTwitterStreamError):
    """The folder or bucket for Parquet files cannot be used: mend it, then run again."""


class DamagedArchiveError(TapTwitterStreamError):
    """A file of an archive is damaged from here on: emit what was read, tell it, go on behind."""


class OutputClosedError(TapTwitterStreamError):
    """Whoever read stdout is gone: end with exit code 1; the next run sends it again."""


class OutputBlockedError(TapTwitterStreamError):
    """Stdout took nothing until the deadline of a stop: end with exit code 4."""


class TargetCheckError(TapTwitterStreamError):
    """The check of a target cannot go on: mend the command or the query, then check again."""
