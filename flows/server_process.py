"""A Prefect server that ends with whoever started it: ``python -m duiyi.flows.server_process PORT``.

It serves on loopback until its standard input is closed.
"""

from __future__ import annotations

import sys

from .child_process import end_with_parent
from .importing import without_collector

CLOSING_SECONDS = 5
"""How long open connections, such as those of a browser that shows the pages, may delay the end."""


def main() -> None:
    """Serve Prefect's API on 127.0.0.1 at the port that is the only argument."""
    end_with_parent()
    with without_collector():
        import uvicorn
        from prefect.server.api.server import create_app

        app = create_app()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="error",
        timeout_graceful_shutdown=CLOSING_SECONDS,
    )


if __name__ == "__main__":
    main()
