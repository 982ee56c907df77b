"""The README's pictures, taken of a dataset: python tests/take_pictures.py DATASET FOLDER. Needs Chromium.

Those of Prefect's pages, where the first argument is the address that `duiyi serve` says: http://127.0.0.1:4200
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import httpx
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
            page.locator("tr.pair td.zh").nth(4).hover()
            page.locator("tr.pair td.zh").nth(4).locator(".token").nth(1).hover()
            page.screenshot(path=folder / f"view-{scheme}.png")
        browser.close()


def take_prefect(address: str, folder: Path) -> None:
    """The runs, and what the last one that did something left, as Prefect's pages show them."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"artifacts": {"key": {"any_": ["duiyi-documents"]}}, "sort": "CREATED_DESC"}
    found = httpx.post(f"{address}/api/artifacts/filter", json=tables, trust_env=False).json()
    told = next(one for one in found if one["data"] != "[]")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        for name, path, words in (
            ("prefect-runs", "/runs", "Deployment"),
            ("prefect-run", f"/runs/flow-run/{told['flow_run_id']}?tab=Artifacts", "Artifacts"),
            ("prefect-documents", f"/artifacts/artifact/{told['id']}", "source_uri"),
        ):
            page.goto(f"{address}{path}")
            page.get_by_text(words).first.wait_for(timeout=120_000)
            page.wait_for_timeout(3000)  # charts grow
            page.screenshot(path=folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    if sys.argv[1].startswith("http"):
        take_prefect(sys.argv[1], Path(sys.argv[2]))
    else:
        take(Path(sys.argv[1]), Path(sys.argv[2]))
