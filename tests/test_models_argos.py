"""Installing Argos packages: the index, the download, archives that must be refused, and Argos' own folder."""

from __future__ import annotations

import io
import json
import re
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from duiyi.processors.errors import ModelInstallError, NoModelError, UsageError
from duiyi.processors.models import argos_archive, find_model, install, installed_models, models_folder, remove, verify
from duiyi.processors.models.argos_archive import unpack
from duiyi.processors.settings import ModelSettings
from tiny_models import TINY_ARGOS, Answer, Server, loopback_server, point_argos_at, source_of, write_gguf

LABEL = "translate-zh_en@0.1"


@pytest.fixture
def server() -> Iterator[Server]:
    with loopback_server() as running:
        yield running


@pytest.fixture
def packages(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Argos' own folder of packages, an empty one; its index is the test's server."""
    return point_argos_at(tmp_path / "argos", monkeypatch, f"{server.url}/")


@pytest.fixture
def settings(tmp_path: Path) -> ModelSettings:
    return ModelSettings(dir=tmp_path / "models", index_timeout=0.5, download_timeout=2.0)


def silent(_: str) -> None:
    pass


def entry(version: str, *links: str, source: str = "zh", target: str = "en") -> dict[str, Any]:
    return {"type": "translate", "from_code": source, "to_code": target, "package_version": version, "links": links}


def serve_index(server: Server, *entries: dict[str, Any]) -> None:
    server.answers["/index.json"] = Answer(json.dumps(entries).encode())


def left_in(packages: Path) -> list[str]:
    return sorted(path.name for path in packages.iterdir() if path.name != ".duiyi-install.lock")


def rewritten(target: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """The tiny package with some of its members changed, renamed or (None) left out."""
    with zipfile.ZipFile(TINY_ARGOS) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            kept = change(member.filename, b"" if member.is_dir() else old.read(member))
            if kept is not None:
                new.writestr(*kept)
    return target


def of_version(target: Path, version: str, **also: Any) -> Path:
    def change(name: str, body: bytes) -> tuple[str, bytes]:
        if name.endswith("/metadata.json"):
            body = json.dumps({**json.loads(body), "package_version": version, **also}).encode()
        return name, body

    return rewritten(target, change)


def test_newest_package_of_the_index(server: Server, packages: Path, settings: ModelSettings, tmp_path: Path) -> None:
    newest = of_version(tmp_path / "newest.argosmodel", "1.10")
    server.answers["/1.10"] = Answer(newest.read_bytes())
    serve_index(
        server,
        entry("1.9", f"{server.url}/1.9"),
        entry("1.10", "ipfs://nowhere", f"{server.url}/gone", f"{server.url}/1.10"),
        entry("99", f"{server.url}/wrong", source="zt"),
        entry("99", f"{server.url}/wrong", target="ja"),
        entry("98", "ipfs://only"),
        {"type": "sbd"},
    )
    lines: list[str] = []
    model = install("argos", settings, None, lines.append)
    assert server.asked == ["/index.json", "/gone", "/1.10"]
    assert (model.engine, model.label, model.path.parent) == ("argos", "translate-zh_en@1.10", packages)
    assert left_in(packages) == [model.path.name]
    assert verify(model) == []
    assert any(re.search(r"SHA-256 is [0-9a-f]{64}", line) for line in lines)
    assert installed_models(settings) == [model]
    assert find_model("auto", settings) == find_model("argos", settings) == model


def test_from_a_file_as_argos_sees_it(server: Server, packages: Path, settings: ModelSettings) -> None:
    from argostranslate.package import get_installed_packages

    model = install(None, settings, TINY_ARGOS, silent)
    assert model.label == LABEL
    assert server.asked == []
    [package] = get_installed_packages()
    assert (package.package_path, package.from_code, package.package_version) == (model.path, "zh", "0.1")


def test_argos_works_while_we_install(packages: Path, settings: ModelSettings) -> None:
    from argostranslate.package import get_installed_packages

    seen: list[list[str]] = []
    install(
        "argos", settings, TINY_ARGOS, lambda line: seen.append([package.type for package in get_installed_packages()])
    )
    assert ["temporary"] in seen
    assert [package.type for package in get_installed_packages()] == ["translate"]


def test_a_newer_version_replaces_the_same_folder(packages: Path, settings: ModelSettings, tmp_path: Path) -> None:
    first = install("argos", settings, TINY_ARGOS, silent)
    (first.path / "stale").write_text("of the old one")
    second = install("argos", settings, of_version(tmp_path / "new.argosmodel", "0.2"), silent)
    assert second.path == first.path
    assert not (second.path / "stale").exists()
    assert [model.version for model in installed_models(settings)] == ["0.2"]
    assert left_in(packages) == [second.path.name]


def test_newest_of_several_folders_comes_first(packages: Path, settings: ModelSettings, tmp_path: Path) -> None:
    install("argos", settings, TINY_ARGOS, silent)
    for version, folder in (("1.10", "b"), ("1.9", "a")):
        with zipfile.ZipFile(of_version(tmp_path / "other.argosmodel", version)) as archive:
            archive.extractall(packages / "unpacked")
        [unpacked] = (packages / "unpacked").iterdir()
        unpacked.rename(packages / folder)
        (packages / "unpacked").rmdir()
    models = installed_models(settings)
    assert [model.version for model in models] == ["1.10", "1.9", "0.1"]
    assert verify(models[0]) == [], "what another tool installed is checked as far as it can be"
    with pytest.raises(UsageError, match=r"more than one model is called translate-zh_en; installed: .*@1.10, .*@1.9"):
        remove("translate-zh_en", settings)
    assert remove("translate-zh_en@1.9", settings) == packages / "a"
    assert left_in(packages) == ["b", models[2].path.name]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(b"[]", wait=30), r"did not answer within 0.5 s"),
        (Answer(status=404), "answers 404"),
        (Answer(b"[{", cut=1), "cannot fetch"),
        (Answer(b"<html>"), "is not JSON"),
        (Answer(b"{}"), "a JSON list is expected"),
        (Answer(b"[1, {}, null]"), "lists no package from zh to en"),
    ],
    ids=["hangs", "missing", "truncated", "html", "object", "without-ours"],
)
def test_an_index_that_is_of_no_use(
    answer: Answer, message: str, server: Server, packages: Path, settings: ModelSettings
) -> None:
    server.answers["/index.json"] = answer
    with pytest.raises(ModelInstallError, match=message):
        install("argos", settings, None, silent)
    assert left_in(packages) == []


def test_without_a_name_the_index_decides(
    server: Server, packages: Path, settings: ModelSettings, tmp_path: Path
) -> None:
    write_gguf(tmp_path / "tiny.gguf")
    llm = source_of(tmp_path / "tiny.gguf", f"{server.url}/gguf", tmp_path / "no-lock")
    server.answers["/gguf"] = Answer((tmp_path / "tiny.gguf").read_bytes())
    lines: list[str] = []
    model = install(None, settings, None, lines.append, llm)
    assert (model.engine, model.path.parent) == ("llm", models_folder(settings))
    assert any("installing llm" in line and "answers 404" in line for line in lines)
    assert find_model("auto", settings) == model

    server.answers["/package"] = Answer(TINY_ARGOS.read_bytes())
    serve_index(server, entry("0.1", f"{server.url}/package"))
    lines.clear()
    chosen = install(None, settings, None, lines.append, llm)
    assert chosen.engine == "argos"
    assert any("installing argos" in line for line in lines)
    assert find_model("auto", settings) == chosen
    assert find_model("llm", settings) == model


def test_no_link_works(server: Server, packages: Path, settings: ModelSettings) -> None:
    whole = TINY_ARGOS.read_bytes()
    server.answers["/cut"] = Answer(whole, cut=len(whole) // 2)
    serve_index(server, entry("1", f"{server.url}/gone", f"{server.url}/cut"))
    with pytest.raises(ModelInstallError, match=r"gone: the server answers 404.*cut.*duiyi models install llm"):
        install("argos", settings, None, silent)
    assert left_in(packages) == []


def zip_with(target: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for name, body in members:
            archive.writestr(name, body)
    return target


def link(name: str, kind: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (kind | 0o777) << 16
    return member


def raw_name(target: Path, name: str) -> Path:
    """An archive with a member that `zipfile` itself would not write so."""
    placeholder = "p/" + "x" * (len(name.encode()) - 2)
    zip_with(target, ("p/metadata.json", b"{}"), (placeholder, b"x"))
    target.write_bytes(target.read_bytes().replace(placeholder.encode(), name.encode()))
    return target


UNSAFE: dict[str, tuple[Callable[[Path], object], str]] = {
    "parent": (lambda at: zip_with(at, ("p/../../outside", b"x")), "names a member 'p/../../outside'"),
    "absolute": (lambda at: zip_with(at, ("/outside", b"x")), "names a member '/outside'"),
    "drive": (lambda at: raw_name(at, "C:/outside"), "names a member 'C:/outside'"),
    "backslash": (lambda at: raw_name(at, "p\\..\\outside"), "names a member 'p"),
    "null": (lambda at: raw_name(at, "p/model\0.bin"), "names a member 'p/model"),
    "hidden": (lambda at: zip_with(at, (".duiyi-install-x/metadata.json", b"{}")), "names a member '.duiyi"),
    "link": (lambda at: zip_with(at, (link("p/link"), b"/etc/passwd")), "'p/link' is a link"),
    "device": (lambda at: zip_with(at, (link("p/device", stat.S_IFCHR), b"")), "is a link or a special file"),
    "through-a-link": (lambda at: zip_with(at, (link("p/l"), b".."), ("p/l/outside", b"x")), "'p/l' is a link"),
    "two-folders": (lambda at: zip_with(at, ("p/metadata.json", b"{}"), ("q/x", b"")), "2 things at its top"),
    "same-name-twice": (lambda at: raw_name(at, "p/metadata.json"), "holds the same name twice"),
    "file-as-folder": (lambda at: zip_with(at, ("p/a", b"x"), ("p/a/b", b"x")), "holds the same name twice"),
    "empty": (zip_with, "is empty"),
    "many-members": (lambda at: zip_with(at, *((f"p/{number}", b"") for number in range(31))), "31 members"),
    "no-zip": (lambda at: at.write_bytes(b"<html>not found</html>" * 20), "is not an Argos package"),
    "empty-file": (lambda at: at.write_bytes(b""), "is not an Argos package"),
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_unsafe_archives_are_refused(
    kind: str, packages: Path, settings: ModelSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(argos_archive, "MAX_MEMBERS", 30)
    make, message = UNSAFE[kind]
    (tmp_path / "given").mkdir()
    archive = tmp_path / "given" / "package.argosmodel"
    make(archive)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(ModelInstallError, match=rf"package\.argosmodel .*{re.escape(message)}") as caught:
        install("argos", settings, archive, silent)
    assert "\n" not in str(caught.value)
    assert left_in(packages) == []
    assert {path for path in tmp_path.rglob("*") if path.is_file()} - before == {packages / ".duiyi-install.lock"}
    assert not Path("/outside").exists()


def test_a_bomb_is_stopped(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.argosmodel"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p/zeros", bytes(20_000_000))
    assert bomb.stat().st_size < 50_000
    with pytest.raises(ModelInstallError, match="unpacks to more than 5000000 bytes"):
        unpack(bomb, tmp_path / "out", max_bytes=5_000_000)
    assert sum(path.stat().st_size for path in (tmp_path / "out").rglob("*")) < 6_000_000


def test_a_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p/zeros", bytes(20_000_000))
    honest = (20_000_000).to_bytes(4, "little")
    assert packed.getvalue().count(honest) == 2
    (tmp_path / "bomb.argosmodel").write_bytes(packed.getvalue().replace(honest, (10).to_bytes(4, "little")))
    with pytest.raises(ModelInstallError):
        unpack(tmp_path / "bomb.argosmodel", tmp_path / "out", max_bytes=1000)
    assert sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file()) <= 1000


def test_truncated_archives(packages: Path, settings: ModelSettings, tmp_path: Path) -> None:
    whole = TINY_ARGOS.read_bytes()
    cut = tmp_path / "cut.argosmodel"
    for length in range(0, len(whole), len(whole) // 20 + 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(ModelInstallError, match=r"cut.argosmodel is not an Argos package"):
            install("argos", settings, cut, silent)
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    cut.write_bytes(damaged)
    with pytest.raises(ModelInstallError, match=r"cut.argosmodel is not an Argos package"):
        install("argos", settings, cut, silent)
    assert left_in(packages) == []


def without(part: str) -> Callable[[str, bytes], tuple[str, bytes] | None]:
    return lambda name, body: None if name.endswith(part) else (name, body)


def with_body(part: str, new: bytes) -> Callable[[str, bytes], tuple[str, bytes] | None]:
    return lambda name, body: (name, new if name.endswith(part) else body)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("metadata.json"), "no metadata.json"),
        (without("model.bin"), "no model/model.bin"),
        (without("sentencepiece.model"), "neither sentencepiece.model nor bpe.model"),
        (with_body("metadata.json", b"{"), "not JSON"),
        (with_body("metadata.json", b"[]"), "not a JSON object"),
        (with_body("metadata.json", b'{"from_code": "zt", "to_code": "en"}'), "translates zt to en where zh to en"),
        (with_body("metadata.json", b'{"from_code": "en", "to_code": "zh"}'), "translates en to zh where zh to en"),
        (with_body("model.bin", b"nonsense"), "does not translate"),
        (with_body("sentencepiece.model", b"nonsense"), "does not translate"),
    ],
)
def test_packages_that_are_not_usable(
    change: Callable[[str, bytes], tuple[str, bytes] | None],
    message: str,
    packages: Path,
    settings: ModelSettings,
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelInstallError, match=f"is not a usable Argos package: .*{message}"):
        install("argos", settings, rewritten(tmp_path / "bad.argosmodel", change), silent)
    assert left_in(packages) == []


def test_a_failure_keeps_what_was_there(packages: Path, settings: ModelSettings, tmp_path: Path) -> None:
    first = install("argos", settings, TINY_ARGOS, silent)
    bad = rewritten(tmp_path / "bad.argosmodel", with_body("model.bin", b"nonsense"))
    with pytest.raises(ModelInstallError):
        install("argos", settings, bad, silent)
    assert installed_models(settings) == [first]
    assert verify(first) == []


def test_an_interrupt_leaves_nothing(packages: Path, settings: ModelSettings) -> None:
    def interrupt(line: str) -> None:
        if "translating a word" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install("argos", settings, TINY_ARGOS, interrupt)
    assert left_in(packages) == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("duiyi")] == []


def test_verify(packages: Path, settings: ModelSettings) -> None:
    model = install("argos", settings, TINY_ARGOS, silent)
    body = bytearray((model.path / "model" / "model.bin").read_bytes())
    body[-1] ^= 1
    (model.path / "model" / "model.bin").write_bytes(body)
    [problem] = verify(model)
    assert "model.bin has changed" in problem
    [changed] = installed_models(settings)
    assert changed.digest != model.digest
    (model.path / "sentencepiece.model").unlink()
    assert "neither sentencepiece.model" in verify(model)[0]


def test_broken_folders_are_warned_of(
    packages: Path, settings: ModelSettings, caplog: pytest.LogCaptureFixture
) -> None:
    for name, metadata in (("broken", "{"), ("japanese", '{"from_code": "ja", "to_code": "en"}')):
        (packages / name).mkdir()
        (packages / name / "metadata.json").write_text(metadata)
    (packages / "empty").mkdir()
    with pytest.raises(NoModelError, match="run: duiyi models install argos"):
        find_model("argos", settings)
    with pytest.raises(NoModelError, match=r"run: duiyi models install$"):
        find_model("auto", settings)
    assert "broken is left out" in caplog.text
    assert "japanese" not in caplog.text


def test_remove(packages: Path, settings: ModelSettings) -> None:
    model = install("argos", settings, TINY_ARGOS, silent)
    assert remove("translate-zh_en", settings) == model.path
    assert left_in(packages) == []
    assert installed_models(settings) == []


def test_no_such_file(packages: Path, settings: ModelSettings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        install(None, settings, tmp_path / "none.argosmodel", silent)
