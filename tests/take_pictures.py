"""The README's pictures, taken of a dataset: python tests/take_pictures.py DATASET FOLDER. Needs Chromium."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from duiyi.processors.pages import write_report, write_view
from playwright.sync_api import sync_playwright
from test_pages import CHROMIUM


def take(dataset: Path, folder: Path) -> None:
    """Writes view and report of a dataset, in light and in dark."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as pages, sync_playwright() as playwright:
        write_view(dataset, Path(pages) / "view.html")
        write_report(dataset, Path(pages) / "report.html")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1180, "height": 720}, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto((Path(pages) / "report.html").as_uri())
            page.screenshot(path=folder / f"report-{scheme}.png")
            page.goto((Path(pages) / "view.html").as_uri())
            page.locator("tr.pair td.zh").nth(2).hover()
            page.locator("tr.pair td.zh .token").nth(4).hover()
            page.screenshot(path=folder / f"view-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
