"""A long document is worked on in parts, and its rows are those it has in one piece."""

from __future__ import annotations

from datetime import UTC, datetime

from duiyi.processors.analysis import analyse, analyse_in_parts
from duiyi.processors.pairing import pair_up
from duiyi.processors.reading import read_text
from duiyi.processors.records import Block, Document
from duiyi.processors.repair import Translation
from duiyi.processors.settings import Settings
from duiyi.processors.writing import DocumentRows, Rows, Run, document_rows
from duiyi.processors.writing import rows as rows_module
from hypothesis import given, settings
from hypothesis import strategies as st

SETTINGS = Settings()
RUN = Run("run", "c" * 64, "u" * 64, datetime(2026, 11, 22, tzinfo=UTC))
LINES = st.lists(
    st.sampled_from(
        [
            "我们明天去。See you there.",
            "今天很热。今天很热。",
            "Just so 你知道 lah, this is fine.",
            "这是一个很长的句子，没有",
            "说完就换行了。后面 go on",
            "```",
            "x = f(1)",
            "2024-03-05 12:30",
            "Terima kasih banyak",
            "東京は雨です。",
            "",
        ]
    ),
    max_size=30,
)


def whole(document: Document) -> Rows:
    analysis = analyse(document, SETTINGS)
    made = [
        Translation(f"{n} {analysis.sentences[s].text!a}", -1.0, (), "argos", "m@1")
        for n, s in enumerate(analysis.wanted)
    ]
    return document_rows(analysis, pair_up(analysis, made, SETTINGS), RUN, 0.0)


def in_parts(document: Document, characters: int) -> tuple[Rows, int]:
    rows, count, done = Rows(), 0, 0
    made = DocumentRows(document, RUN, rows)
    for part in analyse_in_parts(document, SETTINGS, characters):
        count += 1
        translations = [
            Translation(f"{n} {part.sentences[s].text!a}", -1.0, (), "argos", "m@1")
            for n, s in enumerate(part.wanted, done)
        ]
        done += len(part.wanted)
        paired = pair_up(part, translations, SETTINGS)
        made.add(part, paired, made.occurrences(paired.sentences))
        if part.totals is not None:
            made.finish(part.totals, 0.0)
    return rows, count


def same(one: Rows, other: Rows) -> bool:
    return all(
        getattr(one, name).table().equals(getattr(other, name).table()) for name in ("pairs", "segments", "documents")
    )


@given(LINES, st.integers(1, 80))
@settings(max_examples=120, deadline=None)
def test_lines_give_the_same_rows_in_parts_of_any_size(lines: list[str], characters: int) -> None:
    document = read_text("\n".join(lines), "file:///a.txt")
    assert same(in_parts(document, characters)[0], whole(document))


@given(st.lists(LINES, min_size=1, max_size=5), st.integers(1, 80))
@settings(max_examples=80, deadline=None)
def test_wrapped_blocks_give_the_same_rows_in_parts_of_any_size(blocks: list[list[str]], characters: int) -> None:
    texts = ["\n".join(lines) for lines in blocks]
    text = "\n\n".join(texts)
    made: list[Block] = []
    position = 0
    for one in texts:
        made.append(Block(position, position + len(one), wrapped=True))
        position += len(one) + 2
    document = Document("file:///a.md", text, tuple(block for block in made if block.end > block.start), "markdown")
    assert same(in_parts(document, characters)[0], whole(document))


def test_a_long_text_is_many_parts_and_its_rows_become_compact(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    document = read_text("我们 go 吧。\nGood morning, everyone.\n" * 400, "file:///a.txt")
    expected = whole(document)
    monkeypatch.setattr(rows_module, "COMPACT_ROWS", 50)
    found, count = in_parts(document, 500)
    assert count > 15
    assert list(found.segments["segment"]) == list(range(800))
    for name in ("pairs", "segments", "documents"):
        one, other = getattr(found, name), getattr(expected, name)
        assert len(one) == len(other)
        assert one.table().to_pylist() == other.table().to_pylist()
    together = Rows()
    together.extend(found)
    together.extend(expected)
    assert together.pairs["pair_id"] == [*expected.pairs["pair_id"]] * 2
