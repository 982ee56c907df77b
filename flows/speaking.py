"""What duiyi says on standard error: a line for a person, or a JSON object a line for a log (``--log-format json``)."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import Literal

Level = Literal["info", "warning", "error"]
FORMAT_VARIABLE = "DUIYI_LOG_FORMAT"
"""Environment variable, so that processes of ours that are started speak the same way."""


def speak_json() -> None:
    """From now on, say everything as JSON."""
    os.environ[FORMAT_VARIABLE] = "json"


def speaks_json() -> bool:
    """Whether everything is said as JSON."""
    return os.environ.get(FORMAT_VARIABLE) == "json"


def tell(message: str, level: Level = "info") -> None:
    """Say one thing."""
    if speaks_json():
        said = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "message": message}
        line = json.dumps(said, ensure_ascii=False)
    else:
        line = f"duiyi: {message}"
    print(line, file=sys.stderr, flush=True)


def pass_on(line: str) -> None:
    """Say what a process of ours said, which is said already as it is to be, or is another program's."""
    if line.startswith("{" if speaks_json() else "duiyi: "):
        print(line, file=sys.stderr, flush=True)
    elif line:
        tell(line)
