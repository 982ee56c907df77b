"""View and report in a real browser: what they show, that nothing in a document acts, that they ask for nothing.

The browser tests need Chromium (or Chrome) on the machine; without it they are skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import Duiyi
from duiyi.processors.checks import FLAGS as SET_FLAGS
from duiyi.processors.flags import FLAGS
from duiyi.processors.pages import write_report, write_view
from duiyi.processors.pages.page import short_names
from duiyi.processors.pages.view import natural
from made_datasets import large_dataset, write_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
ATTACKS = [
    "</script><script>document.title='ran'</script>", "<img src=x onerror=\"document.title='ran'\">", "<!--<script>", "]]>", "&lt;b&gt;粗",
    "{{ 7 * 7 }}", "\u202e倒\u202c", "\x00\x07", "𠮷👩‍👩‍👧",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium runs the tests of the pages in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # a sandbox of its own is denied to root, as most containers are
        started = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=os.geteuid() != 0)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window that fails the test for any error, any line in the console, any request but that for the page itself."""
    heard: list[str] = []
    window = browser.new_page(viewport={"width": 1280, "height": 800})
    window.on("console", lambda message: heard.append(f"console: {message.text}"))
    window.on("pageerror", lambda error: heard.append(f"error: {error}"))
    window.on("request", lambda request: heard.append(request.url) if not request.is_navigation_request() else None)
    yield window
    window.close()
    assert heard == []


def show(page: Page, path: Path) -> None:
    page.goto(path.as_uri())


def shown(page: Page) -> list[tuple[str, str]]:
    rows = page.locator("tr.pair")
    return list(zip(rows.locator("td.zh").all_text_contents(), rows.locator("td.en").all_text_contents(), strict=True))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The view of a few pairs of every kind."""
    folder = tmp_path_factory.mktemp("small")
    tokens = {
        "zh_tokens": ["我们", "昨天", "修", "𠮷屋", "。"], "en_tokens": ["We", "repaired", "the", "𠮷", "house", "yesterday", "."],
        "word_alignment": [{"zh": 0, "en": 0}, {"zh": 1, "en": 5}, {"zh": 2, "en": 1}, {"zh": 3, "en": 4}, {"zh": 3, "en": 3}],
    }  # fmt: skip
    pairs = [
        {"zh": "我们昨天修𠮷屋。", "en": "We repaired the 𠮷 house yesterday.", "source_uri": "file:///c/post%2010.txt", **tokens},
        {"zh": "第二句。", "en": "A second one.", "source_uri": "file:///c/post%209.txt", "flags": ["echo"], "quality": 0.3,
         "model": "tiny@1", "zh_script": "Hant"},
        {"zh": "快速开始", "en": "Quick start", "origin": "author", "similarity": 0.93, "quality": 0.9, "kind": "embedded",
         "source_uri": "file:///c/post%2010.txt"},
        {"zh": "译不出", "en": None, "flags": ["empty"], "source_uri": "file:///c/post%2010.txt"},
    ]  # fmt: skip
    out = folder / "view.html"
    write_view(write_rows(folder / "corpus", pairs), out)
    return out


def test_the_view_shows_both_sides_in_the_order_of_documents_and_of_reading(small: Path, page: Page) -> None:
    show(page, small)
    assert page.locator("tr.document").all_text_contents() == ["post 9.txt", "post 10.txt"]
    assert shown(page) == [
        ("第二句。", "A second one."), ("我们昨天修𠮷屋。", "We repaired the 𠮷 house yesterday."), ("快速开始", "Quick start"),
        ("译不出", "not translated"),
    ]  # fmt: skip
    assert page.locator("#found").inner_text() == "4 pairs."
    assert page.locator("tr.pair td.zh").first.get_attribute("lang") == "zh-Hant"
    assert page.locator("tr.pair.author .origin").all_text_contents() == ["author"]


def test_the_view_is_filtered_by_text_document_origin_flag_kind_and_quality(small: Path, page: Page) -> None:
    show(page, small)
    for change, found in [
        (lambda: page.fill("#text", "QUICK"), ["快速开始"]),
        (lambda: page.fill("#text", "𠮷"), ["我们昨天修𠮷屋。"]),
        (lambda: page.select_option("#document", label="post 9.txt (1)"), ["第二句。"]),
        (lambda: page.select_option("#origin", label="author (1)"), ["快速开始"]),
        (lambda: page.select_option("#flag", label="echo (1)"), ["第二句。"]),
        (lambda: page.select_option("#flag", "none"), ["我们昨天修𠮷屋。", "快速开始"]),
        (lambda: page.select_option("#kind", "1"), ["快速开始"]),
        (lambda: page.fill("#quality", "0.5"), ["快速开始"]),
    ]:
        change()
        assert [zh for zh, _ in shown(page)] == found
        page.click("#clear")
        page.locator("tr.pair").nth(3).wait_for()
    page.fill("#text", "没有这样的字")
    assert page.locator("#nothing").is_visible()
    assert page.locator("mark").count() == 0


def test_what_was_searched_is_marked(small: Path, page: Page) -> None:
    show(page, small)
    page.fill("#text", "house")
    assert page.locator("mark").all_text_contents() == ["house"]
    page.locator("tr.pair td.en").hover()
    assert page.locator("td.en").inner_text() == "We repaired the 𠮷 house yesterday."


def test_a_word_under_the_pointer_lights_up_with_what_it_is_aligned_to(small: Path, page: Page) -> None:
    show(page, small)
    row = page.locator("tr.pair").nth(1)
    row.hover()
    row.locator("td.zh .token").nth(3).hover()
    assert page.locator(".token.hot").all_text_contents() == ["𠮷屋", "𠮷", "house"]
    row.locator("td.en .token").nth(5).hover()
    assert page.locator(".token.hot").all_text_contents() == ["昨天", "yesterday"]


def test_everything_can_be_done_with_the_keyboard(small: Path, page: Page) -> None:
    show(page, small)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-rowindex')") == "3"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#said").inner_text() == "昨天: yesterday"
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert "the source is repeated" in page.locator("tr.details").inner_text()
    assert page.locator("tr.pair").first.locator("button").get_attribute("aria-expanded") == "true"
    page.keyboard.press("Enter")
    assert page.locator("tr.details").count() == 0
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.getAttribute('aria-rowindex')") == "5"


def test_a_screen_reader_gets_a_table_with_names_for_all_controls(small: Path, page: Page) -> None:
    show(page, small)
    tree = page.locator("body").aria_snapshot()
    for part in (
        'searchbox "Search Chinese or English"', 'combobox "Document"', 'combobox "Origin"', 'combobox "Flags"', 'combobox "Kind"',
        'slider "Quality from', 'table "Chinese and English side by side', 'columnheader "English"', 'rowheader "post 9.txt"',
        'button "Details"',
    ):  # fmt: skip
        assert part in tree
    assert page.locator("table").get_attribute("aria-rowcount") == "5"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_pages_can_be_read_in_light_and_in_dark(scheme: str, small: Path, page: Page) -> None:
    write_report(small.parent / "corpus", small.parent / "report.html")
    for path in (small, small.parent / "report.html"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        show(page, path)
        faint = page.evaluate(CONTRASTS)
        assert faint and min(faint) >= 4.5
        other = {"light": "dark", "dark": "light"}[scheme]
        before = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.click("#theme")
        if page.locator("#theme").inner_text() != f"Theme: {other}":
            page.click("#theme")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


CONTRASTS = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => { const [r, g, b] = channels(color).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (node) => { for (; node; node = node.parentElement) { const color = getComputedStyle(node).backgroundColor;
    if (channels(color)[3] !== 0) return color; } return 'rgb(255, 255, 255)'; };
  return [...document.querySelectorAll('td, th, .origin, .flag, p, small, summary, button, label, h1, h3, .chart text')]
    .filter((node) => node.textContent.trim() && node.getClientRects().length)
    .map((node) => { const style = getComputedStyle(node);
      const [a, b] = [light(node.namespaceURI.includes('svg') ? style.fill : style.color), light(ground(node))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); });
}"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset in which every text and name tries to act."""
    folder = tmp_path_factory.mktemp("hostile")
    pairs = [
        {"zh": attack, "en": f"en {attack}", "zh_tokens": list(attack), "source_uri": f"file:///{attack}", "model": attack, "flags": ["echo"]}
        for attack in ATTACKS
    ]  # fmt: skip
    failed = {
        "source_uri": f"file:///broken/{ATTACKS[0]}",
        "status": "failed",
        "error": ATTACKS[1],
        "cmi": None,
        "format": ATTACKS[0],
    }
    return write_rows(folder / ATTACKS[3], pairs, [failed])


def test_text_that_holds_markup_is_shown_and_not_run(hostile: Path, tmp_path: Path, page: Page) -> None:
    write_view(hostile, tmp_path / "view.html")
    write_report(hostile, tmp_path / "report.html")
    show(page, tmp_path / "view.html")
    assert {zh for zh, _ in shown(page)} == set(ATTACKS)
    for row in page.locator("tr.pair").all():
        row.hover()
        row.locator("button").click()
    assert {zh for zh, _ in shown(page)} == set(ATTACKS)
    assert page.title() == "]]> – parallel text"
    show(page, tmp_path / "report.html")
    assert ATTACKS[1] in page.locator("body").inner_text()
    assert page.title() == "]]> – report"
    assert page.locator("img, script:not(body > script)").count() == 0


def test_the_policy_lets_no_other_script_run(small: Path, browser: Browser) -> None:
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    for injected in (
        "<script>document.title='ran'</script>",
        "<p id=target onclick=\"document.title='ran'\">x</p>",
        "<img src='https://example.invalid/x.png'>",
    ):
        bad = small.with_name("bad.html")
        bad.write_text(small.read_text("utf-8").replace("</body>", f"{injected}</body>"), "utf-8")
        show(page, bad)
        for target in page.locator("#target").all():
            target.click()
    page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; } catch (error) { console.log(String(error)); } }"
    )
    assert page.title() != "ran"
    assert sum("Content Security Policy" in line for line in refused) >= 3
    assert any("TrustedHTML" in line for line in refused)
    page.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The view of 20,000 pairs."""
    folder = tmp_path_factory.mktemp("large")
    write_view(large_dataset(folder / "corpus", 20_500), folder / "view.html")
    return folder / "view.html"


def test_twenty_thousand_pairs_are_one_page_that_scrolls_to_its_end(large: Path, page: Page) -> None:
    assert large.stat().st_size < 15_000_000
    show(page, large)
    scope = page.locator("#scope").inner_text()
    assert scope.startswith(
        "The page shows the first 20,000 of 20,500 pairs, from 500 of 513 documents; show more with --limit"
    )
    page.locator("tr.pair").first.focus()
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.getAttribute('aria-rowindex')") == "20001"
    assert page.locator("tr.pair").count() < 1000
    page.fill("#text", "piano by the window")
    found = re.match(r"([\d,]+) of 20,000 pairs", page.locator("#found").inner_text())
    assert found
    assert 3000 < int(found[1].replace(",", "")) < 5000


def test_the_report_counts_what_is_in_the_dataset(tmp_path: Path) -> None:
    figures = write_report(large_dataset(tmp_path / "corpus", 1000), tmp_path / "report.html")
    assert (figures.documents, figures.pairs, figures.untranslated) == (25, 1000, 0)
    assert figures.origins == {"machine": 875, "author": 125}
    assert sum(figures.flags.values()) == 167
    assert figures.flagged == 167 - figures.flags["repaired"]
    assert figures.quality.total == 1000
    assert figures.similarity.total == 125
    assert figures.scores.total == 875
    assert figures.zh_lengths.total == figures.en_lengths.total == figures.kinds["sentence"]
    assert sum(figures.language_segments.values()) == 75
    assert figures.guests == {"en": 25}
    assert [run.documents for run in figures.runs.values()].count(0) == 0
    assert sum(run.pairs for run in figures.runs.values()) == 1000
    seconds = [one.values["seconds"] for one in figures.slowest]
    assert seconds == sorted(seconds, reverse=True)


def test_the_report_names_every_reason_with_its_documents(tmp_path: Path, page: Page) -> None:
    failed = [
        {"source_uri": f"file:///in/{number}.pdf", "status": "failed", "error": "the PDF is encrypted", "cmi": None}
        for number in range(3)
    ]
    skipped = {"source_uri": "file:///in/photo.jpg", "status": "skipped", "error": "a picture", "cmi": None}
    write_rows(tmp_path / "corpus", [{"zh": "好", "en": "good"}], [*failed, skipped])
    write_report(tmp_path / "corpus", tmp_path / "report.html")
    show(page, tmp_path / "report.html")
    text = page.locator("body").inner_text()
    assert "3 failed" in text
    assert re.search(r"failed\s+the PDF is encrypted\s+3\s+in/0.pdf", text)
    assert re.search(r"skipped\s+a picture\s+1\s+in/photo.jpg", text)
    assert page.locator("figure .chart title").first.text_content()


@pytest.mark.parametrize(
    "pairs", [[], [{"zh": "好", "en": None, "flags": ["empty"], "en_tokens": None, "engine": None}]]
)
def test_a_dataset_without_translations_has_its_pages_too(
    pairs: list[dict[str, object]], tmp_path: Path, page: Page
) -> None:
    write_rows(
        tmp_path / "corpus", pairs, [{"source_uri": "file:///a.txt", "cmi": None, "seconds": None, "encoding": None}]
    )
    assert write_view(tmp_path / "corpus", tmp_path / "view.html").pairs == len(pairs)
    write_report(tmp_path / "corpus", tmp_path / "report.html")
    for name in ("view.html", "report.html"):
        show(page, tmp_path / name)


def test_the_pages_name_no_other_place(small: Path) -> None:
    write_report(small.parent / "corpus", small.parent / "report.html")
    for path in (small, small.parent / "report.html"):
        page = path.read_text("utf-8")
        assert not re.search(r"(?:src|href|action)\s*=\s*[\"'](?!data:)|url\(|@import|https?://(?!www\.w3\.org/)", page)


def test_every_flag_that_is_set_has_a_meaning() -> None:
    assert set(SET_FLAGS) <= set(FLAGS)


def test_documents_are_named_by_what_tells_them_apart() -> None:
    assert short_names(["file:///a/b/x%20y.txt", "file:///a/b/c/z.txt"]) == ["x y.txt", "c/z.txt"]
    assert short_names(["file:///a/p.jsonl#id=a/1", "file:///a/p.jsonl#id=a/2"]) == ["p.jsonl#id=a/1", "p.jsonl#id=a/2"]
    assert short_names(["file:///a/only.txt"]) == ["only.txt"]
    assert short_names([]) == []
    assert sorted(["p10", "p9", "p", "q1"], key=natural) == ["p", "p9", "p10", "q1"]


def test_the_commands_write_pages_and_say_what_is_left_out(duiyi: Duiyi, tmp_path: Path) -> None:
    large_dataset(tmp_path / "corpus", 90)
    seen = duiyi("view", tmp_path / "corpus", "--out", tmp_path / "v.html", "--limit", 50)
    said = f"duiyi: {tmp_path}/v.html shows the first 50 of 90 pairs, from 2 of 3 documents; show more with --limit\n"
    assert (seen.returncode, seen.stderr, seen.stdout) == (0, said, "")
    data = json.loads(re.search(r'id="data">(.*?)</script>', (tmp_path / "v.html").read_text("utf-8"), re.DOTALL)[1])  # type: ignore[index]
    assert len(data["rows"]["zh"]) == 50
    reported = duiyi("report", tmp_path / "corpus", "--out", tmp_path / "r.html")
    assert (reported.returncode, reported.stderr) == (
        0,
        f"duiyi: {tmp_path}/r.html reports on 90 pairs of 3 documents\n",
    )
    for command in ("view", "report"):
        wrong = duiyi(command, tmp_path / "nothing", "--out", tmp_path / "x.html")
        assert wrong.returncode == 2
        assert "holds no duiyi dataset" in wrong.stderr
        assert not (tmp_path / "x.html").exists()


def test_a_run_leaves_a_report_and_links_to_it(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_corpus
    from prefect.client.orchestration import get_client

    async def links(run_id: str) -> list[str]:
        async with get_client() as client:
            found = await client.read_artifacts()
            return [str(one.data) for one in found if one.key == "duiyi-report" and str(one.flow_run_id) == run_id]

    (tmp_path / "notes.txt").write_text("先看年报。\nRead it first.\n", "utf-8")
    out, page = tmp_path / "out", tmp_path / "out" / "report.html"
    overrides = {"translation": {"engine": "none"}}
    summary = translate_corpus([str(tmp_path / "notes.txt")], str(out), overrides=overrides)
    with ThreadPoolExecutor(1) as apart:  # the browser's driver has an event loop running in this thread
        (link,) = apart.submit(asyncio.run, links(summary.run_id)).result()
    assert page.as_uri() in link
    written = page.stat().st_mtime_ns
    translate_corpus([str(tmp_path / "notes.txt")], str(out), overrides=overrides)
    assert page.stat().st_mtime_ns == written
    page.unlink()
    translate_corpus([str(tmp_path / "notes.txt")], str(out), overrides={**overrides, "flows": {"report_pairs": 0}})
    assert not page.exists()
