"""The errors a user may meet, each with the exit code of the command line that it leads to."""

from __future__ import annotations

import errno

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Error numbers of the system that say that no more can be written."""


class DuiyiError(Exception):
    """Something a user can act on. Its text is one line: what is wrong, where, and what to do about it."""

    exit_code = 1


class UsageError(DuiyiError):
    """The command line, the configuration or a named input or output is wrong."""

    exit_code = 2


class NoModelError(DuiyiError):
    """There is something to translate and no model is installed; the text names the command that installs one."""

    exit_code = 3


class StoppedError(DuiyiError):
    """The work stopped before its end (dataset locked, disk full, interrupted); nothing is lost, run it again."""

    exit_code = 4


class ModelInstallError(DuiyiError):
    """A model could not be installed: bad hash, truncated file, unsafe archive, no way to fetch it. Nothing is left behind."""


class UnreadableError(DuiyiError):
    """One document could not be read; it is recorded as ``failed`` with this text and the others go on."""
