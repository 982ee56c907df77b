"""One flow run in a process of its own: ``python -m duiyi.flows.flow_process RUN_ID NICE MAX_MEMORY``.

`dispatch` starts it. It ends with whoever started it, and is Prefect's own engine otherwise.
"""

from __future__ import annotations

import contextlib
import os
import resource
import runpy
import sys

from .child_process import SERVED, end_with_parent


def main() -> None:
    """Run the flow run that the first argument names, at the priority and within the memory that the others give."""
    run_id, nice, memory = sys.argv[1:]
    end_with_parent()
    os.nice(int(nice))
    if int(memory):
        resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
    os.environ[SERVED] = run_id
    sys.argv = ["prefect.engine", run_id]
    code = 0
    try:
        runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    _leave(code)


def _leave(code: int) -> None:
    """End without tearing the interpreter down around threads of CTranslate2, once Prefect's client has sent all it holds."""
    from .prefect_home import flush_client

    flush_client()
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
