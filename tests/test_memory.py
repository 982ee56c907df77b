"""The translation memory: nothing is translated twice, people come first, and no failure of it stops a run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from duiyi.processors.errors import UsageError
from duiyi.processors.memory import (
    TranslationMemory,
    Translator,
    clear_unused,
    documents_to_redo,
    export_tmx,
    import_file,
    open_memory,
)
from duiyi.processors.memory import store as store_module
from duiyi.processors.memory.store import Remembered
from duiyi.processors.models import InstalledModel, find_model
from duiyi.processors.records import Hypothesis
from duiyi.processors.settings import MemorySettings, Settings, load_settings
from duiyi.processors.translation import Identity, Request, argos, identity_of, load_engine
from duiyi.processors.translation.engine import Keep, Progress

ARGOS = load_settings(overrides={"translation": {"engine": "argos"}})
TINY = Identity("argos", "tiny@1", "a" * 64)
TEXTS = [f"这是第{number}页。" for number in range(40)]


class Fails:
    """Fails a test in which a warning is given."""

    def __call__(self, line: str) -> None:
        pytest.fail(line)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "memory.sqlite"


@pytest.fixture
def memory(file: Path) -> Iterator[TranslationMemory]:
    with opened(file) as found:
        yield found


def opened(file: Path, **changes: object) -> TranslationMemory:
    return open_memory(MemorySettings(path=file).model_copy(update=changes), Fails())


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every sentence that the model is asked to translate."""
    found: list[str] = []
    translate = argos.ArgosEngine.translate

    def counted(
        self: argos.ArgosEngine, requests: Sequence[Request], progress: Progress | None = None, keep: Keep | None = None
    ) -> list[Hypothesis]:
        found.extend(one.sentence for one in requests if not (one.again or one.wide))
        return translate(self, requests, progress, keep)

    monkeypatch.setattr(argos.ArgosEngine, "translate", counted)
    return found


def said(text: str, score: float | None = -0.5, *, truncated: bool = False) -> Remembered:
    return Remembered(Hypothesis(text, score, truncated))


def test_identical_sentences_are_translated_once(memory: TranslationMemory, calls: list[str]) -> None:
    finished: list[str] = []
    texts = [TEXTS[0], TEXTS[1], TEXTS[0], f"  {TEXTS[0]}\n"]
    found = Translator(memory, ARGOS).translate(texts, finished.append)
    assert sorted(calls) == sorted(finished) == sorted(TEXTS[:2])
    assert found[0] == found[2] == found[3]
    assert (found[0].engine, found[0].origin, found[0].remembered) == ("argos", "machine", False)


def test_a_second_run_makes_no_model_call_and_gives_the_same(file: Path, calls: list[str]) -> None:
    with opened(file) as memory:
        first = Translator(memory, ARGOS).translate(TEXTS)
    calls.clear()
    with opened(file) as memory:
        again = Translator(memory, ARGOS).translate(TEXTS)
        assert Translator(memory, ARGOS).new(TEXTS) == []
    assert calls == []
    assert all(one.remembered for one in again)
    assert [(o.text, o.score, o.flags, o.model) for o in again] == [(o.text, o.score, o.flags, o.model) for o in first]


def test_what_is_begun_while_other_sentences_are_finished_comes_out_the_same(
    memory: TranslationMemory, tmp_path: Path, calls: list[str]
) -> None:
    units = [TEXTS[:30], [*TEXTS[20:], "共9731件，在 Kuala Lumpur 交货。"], TEXTS[5:25]]
    with opened(tmp_path / "other.sqlite") as other:
        one_by_one = [Translator(other, ARGOS).translate(unit) for unit in units]
    calls.clear()
    translator = Translator(memory, ARGOS)
    assert translator.overlaps
    with ThreadPoolExecutor(1) as ahead:
        begun = [ahead.submit(translator.begin, unit) for unit in units]
        found = [translator.finish(one.result()) for one in begun]
    assert len(calls) == len(set(calls)), "each is asked for once"
    assert [[replace(one, remembered=False) for one in unit] for unit in found] == [
        [replace(one, remembered=False) for one in unit] for unit in one_by_one
    ]


def test_flags_are_worked_out_anew_under_other_thresholds(memory: TranslationMemory, calls: list[str]) -> None:
    before = Translator(memory, ARGOS).translate(TEXTS[:1])[0]
    calls.clear()
    strict = ARGOS.model_copy(
        update={"checks": ARGOS.checks.model_copy(update={"length_deviation_max": 0.01, "length_deviation_min": -0.01})}
    )
    after = Translator(memory, strict).translate(TEXTS[:1])[0]
    assert calls == []
    assert "length_ratio" in after.flags
    assert "length_ratio" not in before.flags


def test_force_uses_nothing_older_but_each_sentence_is_still_translated_once(
    memory: TranslationMemory, calls: list[str]
) -> None:
    Translator(memory, ARGOS).translate(TEXTS[:2])
    calls.clear()
    forced = Translator(memory, ARGOS, force=True)
    forced.translate(TEXTS[:2])
    forced.translate(TEXTS[:2])
    assert sorted(calls) == sorted(TEXTS[:2])


def test_everything_that_changes_the_answer_is_part_of_the_key(tmp_path: Path) -> None:
    model = InstalledModel("argos", "tiny", "1", tmp_path, "d" * 64, 1)
    settings = ARGOS.translation
    same = identity_of(model, settings.model_copy(update={"threads": 7, "argos_batch_tokens": 9}))
    assert same == identity_of(model, settings)
    changed = [
        identity_of(InstalledModel("argos", "tiny", "1", tmp_path, "e" * 64, 1), settings),
        identity_of(InstalledModel("argos", "tiny", "2", tmp_path, "d" * 64, 1), settings),
        identity_of(model, settings.model_copy(update={"argos_beam": 2})),
        identity_of(model, settings.model_copy(update={"compute_type": "float32"})),
        identity_of(model, settings.model_copy(update={"max_length_ratio": 2.0})),
    ]
    llm = InstalledModel("llm", "tiny", "1", tmp_path, "d" * 64, 1)
    changed += [
        identity_of(llm, settings),
        identity_of(llm, settings.model_copy(update={"llm_prompt": "English: {source}"})),
        identity_of(llm, settings.model_copy(update={"llm_retry_no_repeat_ngram": 3})),
    ]
    signatures = {one.signature for one in [same, *changed]}
    assert len(signatures) == len(changed) + 1


def test_both_tries_come_back_as_they_were(memory: TranslationMemory) -> None:
    memory.store(TINY, {"甲": said("A", None, truncated=True), "乙": said("B")})
    memory.store_second(TINY, {"甲": Hypothesis("A2", -0.25), "乙": None})
    memory.store(TINY, {"甲": said("other")})
    assert memory.lookup(TINY, ["甲", "乙", "丙"]) == {
        "甲": Remembered(Hypothesis("A", None, truncated=True), tried=True, second=Hypothesis("A2", -0.25)),
        "乙": Remembered(Hypothesis("B", -0.5), tried=True),
    }
    assert memory.lookup(TINY._replace(signature="b" * 64), ["甲"]) == {}


def test_the_file_is_the_users_alone(file: Path) -> None:
    with opened(file) as memory:
        memory.store(TINY, {"甲": said("A")})
        files = sorted(file.parent.iterdir())
        assert len(files) == 3
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_it_stays_within_its_size_and_keeps_what_was_used_last_and_what_people_said(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 2**20
    monkeypatch.setattr(store_module, "_CHECK_EVERY", 100)
    with opened(file, max_bytes=most) as memory:
        memory.import_people({"人": "person"}, {})
        for number in range(40):
            memory.store(TINY, {f"{number} {index} {'长' * 100}": said("long " * 30) for index in range(100)})
            assert memory.bytes() < 1.3 * most
    with opened(file, max_bytes=most) as memory:
        assert memory.bytes() <= most
        assert memory.lookup(TINY, [f"39 99 {'长' * 100}"])
        assert not memory.lookup(TINY, [f"0 0 {'长' * 100}"])
        assert memory.people(["人"]) == {"人": "person"}


def _translate_until_killed(file: Path, batches: int) -> None:
    left = batches
    argos.KEPT_AT_ONCE = 7
    with opened(file) as memory:
        store = memory.store

        def counted(*arguments: object) -> None:
            nonlocal left
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            store(*arguments)  # type: ignore[arg-type]

        memory.store = counted  # type: ignore[method-assign, assignment]
        Translator(memory, ARGOS).translate(TEXTS)


def test_a_killed_run_repeats_no_finished_sentence(file: Path, calls: list[str]) -> None:
    run = multiprocessing.get_context("forkserver").Process(target=_translate_until_killed, args=(file, 3))
    run.start()
    run.join()
    assert run.exitcode == -signal.SIGKILL
    with opened(file) as memory:
        finished = set(memory.lookup(Translator(memory, ARGOS).identity, TEXTS))
        assert len(finished) == 3 * 7
        Translator(memory, ARGOS).translate(TEXTS)
    whole = [
        sentence for sentence in calls if sentence in TEXTS
    ]  # pieces of one that lost its number are asked for, too
    assert sorted(whole) == sorted(set(TEXTS) - finished)


def _store_many(file: Path, first: int) -> None:
    with opened(file) as memory:
        for number in range(first, first + 200):
            memory.store(TINY, {f"第{number}句": said(f"by {first}")})


def test_processes_share_it(file: Path) -> None:
    with opened(file):
        pass
    runs = [
        multiprocessing.get_context("forkserver").Process(target=_store_many, args=(file, first))
        for first in (0, 100, 200)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
        assert run.exitcode == 0
    with opened(file) as memory:
        assert len(memory.lookup(TINY, [f"第{number}句" for number in range(400)])) == 400


@pytest.mark.parametrize("broken", ["no folder", "no memory", "a later version"])
def test_without_a_usable_file_there_is_one_warning_and_the_work_is_done(broken: str, tmp_path: Path) -> None:
    file = tmp_path / "memory.sqlite"
    if broken == "no folder":
        file.write_text("in the way")
        file = file / "memory.sqlite"
    elif broken == "no memory":
        file.write_bytes(b"this is no database at all" * 100)
    else:
        with opened(file):
            pass
        with sqlite3.connect(file) as db:
            db.execute("pragma user_version = 99")
    lines: list[str] = []
    with open_memory(MemorySettings(path=file), lines.append) as memory:
        assert Translator(memory, ARGOS).translate(TEXTS[:2])[0].text
        assert Translator(memory, ARGOS).new(TEXTS[:2]) == []
    assert len(lines) == 1
    assert str(file) in lines[0]
    assert "\n" not in lines[0]


def test_a_file_that_breaks_in_the_middle_of_a_run_does_not_stop_it(file: Path) -> None:
    lines: list[str] = []
    with open_memory(MemorySettings(path=file), lines.append) as memory:
        memory.store(TINY, {"甲": said("A")})
        with sqlite3.connect(file) as db:
            db.execute("drop table machine")
        memory.store(TINY, {"乙": said("B")})
        memory.store(TINY, {"丙": said("C")})
        assert memory.lookup(TINY, "甲乙丙").keys() == {"乙", "丙"}
    assert len(lines) == 1


def test_turned_off_it_writes_nothing(file: Path, calls: list[str]) -> None:
    for _ in range(2):
        with opened(file, enabled=False) as memory:
            translator = Translator(memory, ARGOS)
            translator.translate(TEXTS[:1])
            translator.translate(TEXTS[:1])
    assert calls == [TEXTS[0]] * 2, "once a run"
    assert not file.parent.exists()


def test_the_variable_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUIYI_MEMORY", "off")
    assert not load_settings().memory.enabled
    assert not Settings().memory.enabled
    monkeypatch.setenv("DUIYI_MEMORY__PATH", "/elsewhere/memory.sqlite")
    monkeypatch.setenv("DUIYI_MEMORY", "on")
    assert load_settings().memory.enabled
    assert str(load_settings().memory.path) == "/elsewhere/memory.sqlite"
    monkeypatch.setenv("DUIYI_MEMORY", "maybe")
    with pytest.raises(UsageError, match="maybe"):
        load_settings()


def test_what_is_cleared_is_not_in_the_file(file: Path) -> None:
    with opened(file) as memory:
        memory.store(TINY, {"机密": said("a very secret sentence")})
        memory.import_people({"人": "a person's words"}, {})
        assert memory.clear() == 1
        assert memory.people(["人"])
        assert memory.clear(people=True) == 1
    assert b"secret" not in file.read_bytes()
    assert b"person's words" not in file.read_bytes()


def test_a_person_comes_before_the_model_whatever_the_script(memory: TranslationMemory, calls: list[str]) -> None:
    memory.import_people({"这是第0页。": "Page nought."}, {})
    found = Translator(memory, ARGOS, force=True).translate(["這是第0頁。"])[0]
    assert (found.text, found.origin, found.engine, found.model, found.score, found.flags) == (
        ("Page nought.", "memory", None, None, None, ())
    )
    assert calls == []


TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header creationtool="x" creationtoolversion="1" segtype="sentence" o-tmf="x" adminlang="en"
 srclang="zh-CN" datatype="plaintext"/><body>
<tu><tuv xml:lang="zh-CN"><seg>请<bpt i="1">&lt;b&gt;</bpt>坐<ept i="1">&lt;/b&gt;</ept>。</seg></tuv>
<tuv xml:lang="EN-us"><seg>Please <hi>sit</hi> down.</seg></tuv></tu>
<tu><tuv xml:lang="zh"><seg>谢谢。</seg></tuv><tuv xml:lang="de"><seg>Danke.</seg></tuv></tu>
<tu><prop type="x-origin">machine</prop><tuv xml:lang="zh"><seg>再见。</seg></tuv><tuv xml:lang="en"><seg>Bye.</seg></tuv></tu>
<tu changeid="me"><prop type="x-origin">machine</prop><tuv xml:lang="zh"><seg>早安。</seg></tuv>
<tuv xml:lang="en"><seg>Morning.</seg></tuv></tu>
</body></tmx>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tmx_of_other_tools_is_taken_in(memory: TranslationMemory, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "theirs.tmx"
    path.write_bytes(TMX.replace("UTF-8", encoding).encode(encoding))
    done = import_file(path, memory)
    assert memory.people(["请坐。", "谢谢。", "再见。", "早安。"]) == {
        "请坐。": "Please sit down.",
        "早安。": "Morning.",
    }
    assert (done.sentences, done.news, done.ours, done.faulty) == (2, 2, 1, 1)
    assert "line 7" in done.faults[0]
    assert import_file(path, memory).news == 0


def test_our_own_output_goes_out_and_comes_back_as_a_models(file: Path, tmp_path: Path, calls: list[str]) -> None:
    path = tmp_path / "memory.tmx"
    with opened(file) as memory:
        Translator(memory, ARGOS).translate(TEXTS[:3])
        memory.store_second(TINY, {})
        memory.import_people({"人 & <b>": "\x07 a person"}, {})
        with path.open("w", encoding="utf-8") as stream:
            assert export_tmx(memory, stream) == 4
    calls.clear()
    with opened(tmp_path / "other.sqlite") as other:
        done = import_file(path, other)
        assert (done.sentences, done.machine, done.faulty) == (1, 3, 0)
        found = Translator(other, ARGOS).translate(TEXTS[:3])
        assert {one.origin for one in found} == {"machine"}
        assert list(other.people(["人 & <b>"])) == ["人 & <b>"]
    assert calls == []


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.txt", "x", "neither"),
        ("a.tsv", "one\ttwo\tthree\n", "first line"),
        ("a.tmx", "<tmx><body>", "well-formed"),
        ("a.tmx", "<html></html>", "no TMX"),
        ("a.tmx", '<!DOCTYPE tmx [<!ENTITY a "b">]><tmx></tmx>', "entity"),
        ("missing.tsv", None, "cannot read"),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_line(
    memory: TranslationMemory, tmp_path: Path, name: str, content: str | None, what: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=what) as raised:
        import_file(tmp_path / name, memory)
    assert "\n" not in str(raised.value)


def test_a_table_of_corrections_is_taken_in_and_its_faults_are_named(memory: TranslationMemory, tmp_path: Path) -> None:
    memory.store(TINY, {"照旧。": said("As ever.")})
    path = tmp_path / "corrected.tsv"
    pair = "0123456789abcdef" * 2
    rows = [
        "zh\ten\tpair_id\tnote",
        "你好。\tHello.\t\t",
        f"随便\tAnything\t{pair}\tx",
        "照旧。\tAs ever.\t\t",
        "short",
        "no Chinese\tnone\t\t",
        "第三\tThird\tnot-an-id\t",
    ]
    path.write_text("\n".join(rows), "utf-8")
    done = import_file(path, memory)
    assert memory.people(["你好。", "照旧。"]) == {"你好。": "Hello."}
    assert memory.corrections([pair]) == {pair: "Anything"}
    assert (done.sentences, done.pairs, done.ours, done.faulty) == (2, 1, 1, 3)
    assert [f"line {number}" in fault for number, fault in zip((5, 6, 7), done.faults, strict=True)] == [True] * 3
    path.write_text("你好。\t\n", "utf-8")
    assert import_file(path, memory).news == 1
    assert memory.people(["你好。"]) == {}


def test_marks_that_exported_fields_have_for_spreadsheets_are_undone_whatever_columns_were_left(
    memory: TranslationMemory, tmp_path: Path
) -> None:
    path, pair = tmp_path / "a.tsv", "0123456789abcdef" * 2
    path.write_text(f"pair_id\ten\n{pair}\t'@Raj it is in C:\\\\temp, not \\d\n", "utf-8")
    import_file(path, memory)
    assert memory.corrections([pair]) == {pair: "@Raj it is in C:\\temp, not \\d"}
    path.write_text("zh\ten\tflags\n你好。\t'@Raj, hello\t\n再见。\t'Tis goodbye\t\n", "utf-8")
    import_file(path, memory)
    assert memory.people(["你好。", "再见。"]) == {"你好。": "@Raj, hello", "再见。": "'Tis goodbye"}


def test_quotation_marks_of_spreadsheets_are_undone_and_others_stay(memory: TranslationMemory, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('zh\ten\n你好。\t"Say ""hello"", please"\n', "utf-16")
    import_file(path, memory)
    assert memory.people(["你好。"]) == {"你好。": 'Say "hello", please'}
    path.write_text('zh\ten\n你好。\t"Hello" he said\n再见。\t"Bye"\n', "utf-8")
    import_file(path, memory)
    assert memory.people(["你好。", "再见。"]) == {"你好。": '"Hello" he said', "再见。": '"Bye"'}


def test_a_name_alone_that_the_model_gets_wrong_is_said_by_the_dictionary(memory: TranslationMemory) -> None:
    for _ in range(2):  # and so again, from the memory
        found = Translator(memory, ARGOS).translate(["台中", "洛美"])
        assert [(one.text, one.score, one.quality) for one in found] == [("Taichung", None, None), ("Lomé", None, None)]


def test_the_machines_own_speed_is_known_after_work(memory: TranslationMemory) -> None:
    translator = Translator(memory, ARGOS)
    assert memory.rate(translator.identity) is None
    told: list[float | None] = []
    translator.translate(TEXTS[:20], expect=lambda wanted: told.append(wanted.seconds))
    translator.translate(TEXTS[20:], expect=lambda wanted: told.append(wanted.seconds))
    assert told[0] is None
    assert told[1] is not None
    assert memory.rate(translator.identity) > 0


def test_a_loaded_model_is_not_loaded_again() -> None:
    with opened(Path("unused"), enabled=False) as memory:
        translator = Translator(memory, ARGOS)
        translator.translate(TEXTS[:1])
    installed = find_model("argos", ARGOS.models)
    assert load_engine(installed, ARGOS.translation) is load_engine(installed, ARGOS.translation)


def test_what_no_dataset_has_goes(memory: TranslationMemory, tmp_path: Path) -> None:
    from dataset_runs import rows_of
    from duiyi.processors.settings import WritingSettings
    from duiyi.processors.writing import DatasetWriter

    writer = DatasetWriter(tmp_path / "out", WritingSettings())
    writer.commit(rows_of("file:///a.txt", "我們明天見。\n"))
    writer.merge()
    documents_to_redo(memory, tmp_path / "out")
    memory.store(TINY, {"我们明天见。": said("See you."), "没人用。": said("Nobody.")})
    assert clear_unused(memory) == (1, [])
    assert memory.lookup(TINY, ["我们明天见。", "没人用。"]).keys() == {"我们明天见。"}
