"""Which files the inputs stand for: `find_sources`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from duiyi.processors.errors import UsageError
from duiyi.processors.reading import Source, find_sources
from duiyi.processors.records import Unread


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    root = tmp_path / "corpus"
    for name in ("b.txt", "a.md", "sub/c.txt", "sub/deep/d.txt", "sub/deep/e.md", ".git/x.txt", ".hidden.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("你好", encoding="utf-8")
    return root


def names(found: list[Source | Unread], root: Path) -> list[str]:
    return [str(source.path.relative_to(root)) for source in found if isinstance(source, Source) and source.path]


def find(*inputs: object, exclude: Path | None = None) -> list[Source | Unread]:
    return list(find_sources([str(text) for text in inputs], exclude=exclude))


def test_a_folder_is_read_with_all_below_it_but_what_is_hidden(corpus: Path) -> None:
    found = find(corpus)
    assert names(found, corpus) == ["a.md", "b.txt", "sub/c.txt", "sub/deep/d.txt", "sub/deep/e.md"]
    assert all(isinstance(source, Source) and not source.named for source in found)
    assert found[0] == Source(corpus / "a.md", (corpus / "a.md").resolve().as_uri(), named=False)


def test_the_same_file_comes_once_however_it_is_named(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(corpus)
    (corpus / "link.txt").symlink_to("b.txt")
    found = find(".", "b.txt", corpus / "sub" / ".." / "b.txt", "*.txt", (corpus / "b.txt").as_uri())
    assert names(found, corpus).count("b.txt") == 1
    assert len(found) == 5
    assert [source.named for source in found if isinstance(source, Source) and source.path == corpus / "b.txt"] == [
        True
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["b.txt"]),
        ("**/*.md", ["a.md", "sub/deep/e.md"]),
        ("sub/**", ["sub/c.txt", "sub/deep/d.txt", "sub/deep/e.md"]),
        ("s?b/*/[de].*", ["sub/deep/d.txt", "sub/deep/e.md"]),
        ("*/deep", ["sub/deep/d.txt", "sub/deep/e.md"]),
        ("**/deep/d.txt", ["sub/deep/d.txt"]),
    ],
)
def test_patterns(corpus: Path, pattern: str, expected: list[str]) -> None:
    assert names(find(corpus / pattern), corpus) == expected


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "[1].txt").write_text("x")
    assert names(find(tmp_path / "[1].txt"), tmp_path) == ["[1].txt"]


def test_nothing_is_done_before_a_wrong_input_is_reported(corpus: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        find_sources([str(corpus), str(corpus / "nowhere")], exclude=None)
    with pytest.raises(UsageError, match=r"\*\.docx.*matches nothing"):
        find_sources([str(corpus / "*.docx")], exclude=None)
    with pytest.raises(UsageError, match="ftp://"):
        find_sources(["ftp://host/x.txt"], exclude=None)
    with pytest.raises(UsageError, match="not a valid URL"):
        find_sources(["http:///x"], exclude=None)
    for nothing in ([], [""]):
        with pytest.raises(UsageError):
            find_sources(nothing, exclude=None)


def test_the_output_folder_is_never_read(corpus: Path) -> None:
    out = corpus / "sub"
    assert names(find(corpus, exclude=out), corpus) == ["a.md", "b.txt"]
    assert names(find(corpus / "**" / "*.txt", exclude=out), corpus) == ["b.txt"]
    (corpus / "way-in.txt").symlink_to(out / "c.txt")
    assert names(find(corpus, exclude=out), corpus) == ["a.md", "b.txt"]
    with pytest.raises(UsageError, match="output folder"):
        find(out / "c.txt", exclude=out)


def test_links(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("x")
    (corpus / "out").symlink_to(tmp_path / "outside.txt")
    (corpus / "parent").symlink_to("..")
    (corpus / "loop").symlink_to("loop")
    (corpus / "gone").symlink_to("no-such-file")
    (corpus / "git").symlink_to(".git/x.txt")
    (corpus / "sub" / "up").symlink_to("..")
    (corpus / "sub" / "same").symlink_to("c.txt")
    found = find(corpus)
    unread = {Path(item.source_uri).name: item for item in found if isinstance(item, Unread)}
    assert {name: item.status for name, item in unread.items()} == dict.fromkeys(
        ["out", "parent", "loop", "gone", "git"], "skipped"
    )
    assert "leaves the folder" in unread["out"].error
    assert "leaves the folder" in unread["parent"].error
    assert "nowhere" in unread["gone"].error
    assert "hidden" in unread["git"].error
    assert len(names(found, corpus)) == len(set(names(found, corpus))) == 5
    assert len(find(corpus / "**" / "*.txt")) == 3


def test_a_named_link_is_followed(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "way.txt").symlink_to(corpus / "b.txt")
    (found,) = find(tmp_path / "way.txt")
    assert isinstance(found, Source)
    assert found.uri == (corpus / "b.txt").as_uri()


def test_pipes_are_not_waited_for(corpus: Path) -> None:
    os.mkfifo(corpus / "pipe.txt")
    (unread,) = [item for item in find(corpus) if isinstance(item, Unread)]
    assert (unread.status, unread.error) == ("skipped", "not a regular file")


def test_a_folder_that_cannot_be_listed_is_reported(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find(corpus)
    assert names(found, corpus) == ["a.md", "b.txt", "sub/c.txt"]
    (unread,) = [item for item in found if isinstance(item, Unread)]
    assert unread.status == "failed"
    assert unread.error == "cannot be read: Permission denied"


@pytest.fixture
def deep_folder(tmp_path: Path) -> Iterator[Path]:
    """A file 1200 folders down: more than Python's stack, so it is made and taken away step by step."""
    here = Path.cwd()
    os.chdir(tmp_path)
    for _ in range(1200):
        Path("a").mkdir()
        os.chdir("a")
    Path("x.txt").write_text("x")
    yield tmp_path
    Path("x.txt").unlink()
    for _ in range(1200):
        os.chdir("..")
        Path("a").rmdir()
    os.chdir(here)


def test_a_very_deep_folder(deep_folder: Path) -> None:
    assert names(find(deep_folder), deep_folder) == ["a/" * 1200 + "x.txt"]


def test_urls(corpus: Path) -> None:
    found = find("http://user:secret@example.org/a.html?q=1#top", "http://example.org/a.html?q=1", corpus / "b.txt")
    assert found[0] == Source(
        None, "http://example.org/a.html?q=1", named=True, url="http://user:secret@example.org/a.html?q=1"
    )
    assert len(found) == 2
