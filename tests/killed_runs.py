"""Runs in processes of their own that end in the middle of what they do.

They are forked from a server process that has loaded all there is to load, so that each starts within milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from functools import cache
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from dataset_runs import ARGOS, run_library
from duiyi.processors.settings import Settings
from duiyi.processors.writing import files

OPERATIONS = ("make_folder", "write_group", "finish", "rename", "unlink")
"""The functions through which all changes of the disk go."""


def settings_of(**sections: dict[str, Any]) -> Settings:
    changed = {name: getattr(ARGOS, name).model_copy(update=values) for name, values in sections.items()}
    return ARGOS.model_copy(update=changed)


def start_run(*arguments: Any, last: int | None = None, **choices: Any) -> BaseProcess:
    """Start `run_library`; the process is killed right after its ``last`` change of the disk (0: before the first)."""
    _start_server()
    process = multiprocessing.get_context("forkserver").Process(target=_run, args=(last, arguments, choices))
    process.start()
    return process


@cache
def _start_server() -> None:
    multiprocessing.set_forkserver_preload(["warm_process"])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(
            "PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep
        )  # this Python's server has no other way to know
        forkserver.ensure_running()


def _run(last: int | None, arguments: tuple[Any, ...], choices: dict[str, Any]) -> None:
    if last is not None:
        _count_down(last)
    run_library(*arguments, **choices)


def _count_down(last: int) -> None:
    left = last

    def counted(operation: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            operation(*arguments)

        return call

    for name in OPERATIONS:
        setattr(files, name, counted(getattr(files, name)))


def operations_of(*arguments: Any, **choices: Any) -> list[str]:
    """The changes of the disk that an undisturbed run makes, in this process: what each is, and to which file."""
    found: list[str] = []
    originals = {name: getattr(files, name) for name in OPERATIONS}

    def noted(name: str) -> Callable[..., None]:
        def call(*given: Any) -> None:
            found.append(
                f"{name} {Path(str(given[-1])).name if name in {'rename', 'unlink', 'finish'} else ''}".strip()
            )
            originals[name](*given)

        return call

    try:
        for name in OPERATIONS:
            setattr(files, name, noted(name))
        run_library(*arguments, **choices)
    finally:
        for name, original in originals.items():
            setattr(files, name, original)
    return found
