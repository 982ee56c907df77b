"""The main job through Prefect: real flow runs, the small Argos package, real Parquet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pandas
import pytest
from dataset_runs import files_of
from duiyi.processors.run_summary import RunSummary
from duiyi.processors.writing import open_dataset

SAMPLES = Path(__file__).parent.parent / "data" / "samples"
ARGOS = {"translation": {"engine": "argos"}}


@pytest.fixture(scope="module")
def corpus(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, RunSummary]]:
    from duiyi.flows.translate import translate_corpus

    out = tmp_path_factory.mktemp("corpus")
    yield out, translate_corpus([str(SAMPLES)], str(out), overrides=ARGOS)


def table(out: Path, name: str) -> pandas.DataFrame:
    return getattr(open_dataset(out), name).to_table().to_pandas()


def test_every_sample_becomes_documents_segments_and_pairs(corpus: tuple[Path, RunSummary]) -> None:
    out, summary = corpus
    documents = table(out, "documents")
    assert set(documents["status"]) == {"ok"}
    assert len(documents) == summary.documents >= 20
    pairs = table(out, "pairs")
    assert len(pairs) == summary.pairs
    assert pairs["pair_id"].is_unique
    assert (pairs.loc[pairs["origin"] == "machine", "engine"] == "argos").all()
    author = pairs[pairs["origin"] == "author"]
    assert {"快速开始", "停水通知"} <= set(author["zh"])
    assert author[["engine", "model", "score"]].isna().all(axis=None)
    assert (author["en_doc_id"] == author["doc_id"]).all()
    assert documents["pairs_author"].sum() == len(author) == summary.author
    assert (pairs["zh_tokens"].str.join("") == pairs["zh"]).all()
    encodings = dict(zip(documents["source_uri"].str.rsplit("/").str[-1], documents["encoding"], strict=True))
    assert encodings["letter-gb18030.txt"] == "gb18030"
    assert encodings["meeting-big5.txt"] == "cp950"  # Microsoft's Big5
    posts = documents[documents["format"] == "jsonl"]
    assert posts["source_id"].notna().all()


def test_every_run_of_chinese_is_inside_a_pair(corpus: tuple[Path, RunSummary]) -> None:
    out, _ = corpus
    pairs, segments = table(out, "pairs"), table(out, "segments")
    for doc_id, rows in segments.groupby("doc_id"):
        text = "".join(rows.sort_values("segment")["text"])
        covered = [False] * len(text)
        for row in pairs[pairs["doc_id"] == doc_id].itertuples():
            assert text[row.zh_start : row.zh_end] == row.zh
            covered[row.zh_start : row.zh_end] = [True] * (row.zh_end - row.zh_start)
        japanese_or_code = [False] * len(text)
        for row in rows.itertuples():
            if row.lang in {"none", "other"}:
                japanese_or_code[row.start : row.end] = [True] * (row.end - row.start)
        missed = [
            c
            for c, inside, excused in zip(text, covered, japanese_or_code, strict=True)
            if "\u4e00" <= c <= "\u9fff" and not inside and not excused
        ]
        assert not missed


def test_a_rerun_changes_nothing_and_a_changed_file_only_its_rows(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_corpus

    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / f"{name}.txt").write_text(f"我们明天见{name}。\n", "utf-8")
    out = tmp_path / "out"
    translate_corpus([str(tmp_path / "in")], str(out), overrides=ARGOS)
    before = files_of(out)
    again = translate_corpus([str(tmp_path / "in")], str(out), overrides=ARGOS)
    assert files_of(out) == before
    assert (again.documents, again.tally.decisions["unchanged"]) == (0, 2)

    (tmp_path / "in" / "a.txt").write_text("我们后天见。\n", "utf-8")
    changed = translate_corpus([str(tmp_path / "in")], str(out), overrides=ARGOS)
    assert (changed.documents, changed.tally.decisions["changed"], changed.tally.decisions["unchanged"]) == (1, 1, 1)
    assert sorted(table(out, "pairs")["zh"]) == ["我们后天见。", "我们明天见b。"]

    other = {**ARGOS, "checks": {"length_deviation_max": 4.0}}
    stale = translate_corpus([str(tmp_path / "in")], str(out), overrides=other)
    assert (stale.documents, stale.tally.decisions["stale"]) == (0, 2)
    assert any("--refresh" in line for line in stale.lines())
    assert translate_corpus([str(tmp_path / "in")], str(out), overrides=other, refresh=True).documents == 2
    assert translate_corpus([str(tmp_path / "in")], str(out), overrides=other, force=True).documents == 2


def test_what_was_only_detected_is_translated_once_there_is_an_engine(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_corpus, translate_files

    source = tmp_path / "a.txt"
    source.write_text("Good.\n我们明天见。\n", "utf-8")
    out = str(tmp_path / "out")
    first = translate_corpus([str(source)], out, overrides={"translation": {"engine": "none"}})
    assert (first.documents, first.pairs) == (1, 0)
    second = translate_files([str(source)], out, overrides=ARGOS)
    assert (second.documents, second.pairs) == (1, 1)


def test_one_broken_document_does_not_stop_the_others(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_corpus

    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.txt").write_text("我们明天见。\n", "utf-8")
    (folder / "rows.jsonl").write_text('{"id": 1, "text": "你好"}\n{"id": 2, "text": \n', "utf-8")
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    summary = translate_corpus([str(folder)], str(tmp_path / "out"), overrides=ARGOS)
    documents = table(tmp_path / "out", "documents")
    assert sorted(documents["status"]) == ["failed", "ok", "ok", "skipped"]
    assert documents[documents["status"] != "ok"]["error"].str.len().gt(5).all()
    assert summary.failed == 1
    again = files_of(tmp_path / "out")
    translate_corpus([str(folder)], str(tmp_path / "out"), overrides=ARGOS)
    assert files_of(tmp_path / "out") == again


def test_what_was_read_once_stays_when_it_cannot_be_read_any_more(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_corpus

    source = tmp_path / "a.txt"
    source.write_text("我们明天见。\n", "utf-8")
    out = tmp_path / "out"
    translate_corpus([str(source)], str(out), overrides=ARGOS)
    before = files_of(out)
    source.write_bytes(b"\x00\x01" * 50)
    assert translate_corpus([str(source)], str(out), overrides=ARGOS).failed == 1
    assert files_of(out) == before


def test_a_mended_row_leaves_no_failure_behind(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_corpus

    source = tmp_path / "rows.jsonl"
    source.write_text('{"id": 1, "text": "你好"}\n{"id": 2, "text":\n{"id": 3, "\\ud800": "x"}\n', "utf-8")
    out = tmp_path / "out"
    assert translate_corpus([str(source)], str(out), overrides=ARGOS).failed == 2
    source.write_text('{"id": 1, "text": "你好"}\n{"id": 2, "text": "好的"}\n', "utf-8")
    assert translate_corpus([str(source)], str(out), overrides=ARGOS).failed == 0
    assert table(out, "documents")["status"].tolist() == ["ok", "ok"]


def test_a_new_model_makes_only_translated_documents_stale(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_corpus

    (tmp_path / "english.txt").write_text("Nothing in Chinese here.\n", "utf-8")
    out = tmp_path / "out"
    none = {"translation": {"engine": "none"}}
    assert translate_corpus([str(tmp_path / "english.txt")], str(out), overrides=none).documents == 1
    again = translate_corpus([str(tmp_path / "english.txt")], str(out), overrides=ARGOS)
    assert again.tally.decisions["unchanged"] == 1


def test_pruning_is_told_in_the_summary(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_corpus

    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.txt").write_text(f"第{number}页。\n", "utf-8")
    translate_corpus([str(folder)], str(out), overrides=ARGOS)
    (folder / "2.txt").unlink()
    asked = translate_corpus([str(folder)], str(out), overrides=ARGOS, prune="yes")
    assert any("--prune=force" in line for line in asked.lines())
    assert len(table(out, "documents")) == 4
    forced = translate_corpus([str(folder)], str(out), overrides=ARGOS, prune="force")
    assert "1 dropped" in forced.lines()[0]
    assert [len(table(out, name)) for name in ("pairs", "segments", "documents")] == [3, 3, 3]


def test_shards_and_limits(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_corpus

    rows = [{"id": n, "body": f"第{n}次见面。", "stars": n % 5, "when": None} for n in range(25)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    overrides = {
        **ARGOS,
        "reading": {"text_column": "body", "keep": ["stars", "when"]},
        "flows": {"shard_documents": 10},
    }
    out = tmp_path / "out"
    assert translate_corpus([str(tmp_path / "in.jsonl")], str(out), overrides=overrides, limit=12).documents == 12
    assert translate_corpus([str(tmp_path / "in.jsonl")], str(out), overrides=overrides).documents == 13
    documents = table(out, "documents")
    assert sorted(documents["source_id"], key=int) == [str(n) for n in range(25)]
    assert {json.loads(text)["stars"] for text in documents["metadata"]} == {0, 1, 2, 3, 4}
    assert documents["source_uri"].str.endswith(tuple(f"#id={n}" for n in range(25))).all()


def test_the_run_has_a_name_and_a_summary_in_prefect(corpus: tuple[Path, RunSummary]) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    _, summary = corpus

    async def look() -> tuple[str, list[str]]:
        async with get_client() as client:
            run = await client.read_flow_run(summary.run_id)
            own = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))  # one page holds only so many
            artifacts = await client.read_artifacts(artifact_filter=own)
            return run.name, [str(artifact.data) for artifact in artifacts]

    name, artifacts = asyncio.run(look())
    assert name == "samples"
    assert any(f"{summary.documents} documents written" in data for data in artifacts)
