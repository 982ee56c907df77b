"""A Prefect server that ends with whoever started it: ``python -m duiyi.flows.temporary_server PORT``.

It serves on loopback until its standard input is closed, which the system does for a parent that is killed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve Prefect's API on 127.0.0.1 at the port that is the only argument."""
    import uvicorn

    threading.Thread(target=_end_with_parent, daemon=True).start()
    uvicorn.run(
        "prefect.server.api.server:create_app",
        factory=True,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="error",
    )


if __name__ == "__main__":
    main()
