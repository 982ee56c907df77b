"""The language model's turn: one process at a time, in a fair line, and who waits holds no model."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from duiyi.processors.translation import turn
from duiyi.processors.translation.turn import llm_turn


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "user_data_path", lambda _name: tmp_path)
    monkeypatch.setattr(turn, "is_small_machine", lambda: True)


class Worker(threading.Thread):
    """Works in batches, as a process would, each with lock files of its own."""

    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__()
        self.label, self.log, self.said = name, log, list[str]()
        self.loaded = False

    def run(self) -> None:
        with llm_turn(self.said.append, self.rest, self.wake) as offer:
            for _ in range(3):
                self.log.append(f"{self.label} begins")
                time.sleep(0.15)
                self.log.append(f"{self.label} ends")
                offer()

    def rest(self) -> None:
        self.loaded = False

    def wake(self) -> None:
        self.log.extend("two models in memory" for other in WORKERS if other is not self and other.loaded)
        self.loaded = True


WORKERS: list[Worker] = []


def test_two_take_turns_batch_by_batch() -> None:
    log: list[str] = []
    WORKERS[:] = [Worker("a", log), Worker("b", log)]
    WORKERS[0].start()
    time.sleep(0.05)
    WORKERS[1].start()
    for worker in WORKERS:
        worker.join()
    assert len(log) == 12
    for begin, end in zip(log[::2], log[1::2], strict=True):
        assert (begin.split()[0], begin.split()[1], end.split()[1]) == (end.split()[0], "begins", "ends")
    order = [line[0] for line in log[::2]]
    assert order[:2] == ["a", "b"], "who waits comes next"
    assert any("waiting" in line for line in WORKERS[1].said)


def test_alone_there_is_no_waiting_and_nothing_is_said() -> None:
    said: list[str] = []
    with llm_turn(said.append, pytest.fail, lambda: None) as offer:  # type: ignore[arg-type]
        offer()
    with llm_turn(said.append, pytest.fail, lambda: None):  # type: ignore[arg-type]
        pass
    assert said == []
