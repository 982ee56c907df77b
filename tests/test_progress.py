"""What a person is told while a run goes on."""

from __future__ import annotations

import pytest
from duiyi.flows import progress as progress_module
from duiyi.flows.progress import RunProgress
from duiyi.processors.memory import Wanted, load_of


def test_the_first_answers_of_a_batch_which_come_late_tell_no_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    progress = RunProgress()
    sentence = "我们明天见。"
    progress.expect(Wanted(100, 100 * load_of(sentence), None))
    now[0] = 60.0
    progress.translated(sentence)
    assert "to go" not in capsys.readouterr().err
    now[0] = 70.0
    for _ in range(19):
        progress.translated(sentence)
    now[0] = 80.0
    progress.translated(sentence)
    assert capsys.readouterr().err.splitlines()[-1].endswith("21 of 100 sentences, about 5 min to go")
