"""`duiyi serve` on a terminal, outside CI, where Prefect would send telemetry: every connection stays on this machine."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from serving import PATIENCE, without_prefect


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_no_connection_leaves_the_machine(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("我们明天见。\n", "utf-8")
    trace = tmp_path / "trace"
    controller, terminal = pty.openpty()
    serve = [sys.executable, "-m", "duiyi.flows", "serve", str(tmp_path / "in"), "--out", str(tmp_path / "corpus")]
    process = subprocess.Popen(
        ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto", "-o", str(trace), *serve, "--interval", "5"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={key: value for key, value in without_prefect().items() if key != "CI"}
        | {"DUIYI_SERVE__POLL_SECONDS": "0.5"},
    )
    os.close(terminal)
    shown = bytearray()

    def read() -> None:
        try:
            while piece := os.read(controller, 4096):
                shown.extend(piece)
        except OSError:  # the terminal has no more users
            return

    threading.Thread(target=read, daemon=True).start()
    until = time.monotonic() + PATIENCE
    while b"run in completed" not in shown:
        assert process.poll() is None, shown
        assert time.monotonic() < until, shown
        time.sleep(0.2)
    (serving,) = (
        int(path.name)
        for path in Path("/proc").glob("[0-9]*")
        if (path / "stat").exists() and f") {'S'} {process.pid} " in (path / "stat").read_text()
    )
    os.kill(serving, signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    calls = [line for line in trace.read_text("utf-8", "replace").splitlines() if "sa_family=AF_INET" in line]
    assert calls
    elsewhere = [line for line in calls if not re.search(r'inet_addr\("127\.0\.0\.1"\)|"::1"', line)]
    assert elsewhere == []
