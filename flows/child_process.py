"""What every process that duiyi starts beside itself does: it ends with the one that started it."""

from __future__ import annotations

import os
import signal
import threading

SERVED = "DUIYI_SERVED"
"""Environment variable of a flow run's process that `duiyi serve` started."""


def end_with_parent() -> None:
    """End this process, as by SIGTERM, when its standard input is closed: the system closes it for a parent that is killed."""

    def wait() -> None:
        while os.read(0, 4096):  # not through sys.stdin, whose lock would be in the way of an orderly end
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()
