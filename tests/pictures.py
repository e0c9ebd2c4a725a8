"""Make the pictures of the page in the documentation: `python tests/pictures.py`."""

from __future__ import annotations

import sys
from base64 import b64decode
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from browser import MISSING, browser, look

from aggregates import Store
from aggregates.faces.page import page
from aggregates.installing import upgrading
from aggregates.samples import write_sample

IMAGES = Path(__file__).parents[1] / "docs" / "images"
NOW = datetime(2026, 10, 8, 15, 45)
# name -> width, height, scheme, what is at the top
PICTURES = {
    "page-light": (1140, 860, "light", "header"),
    "page-dark": (1000, 800, "dark", "section[aria-labelledby=sessions]"),
    "page-narrow": (390, 900, "light", "header"),
}
_MARGIN = 16


def main() -> int:
    """Write the pictures; 1 where there is no browser."""
    if MISSING is not None:
        print(MISSING, file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, browser() as driver:
        file = Path(folder) / "page.html"
        file.write_text(_page_of_a_sample(Path(folder)), encoding="utf-8")
        for name, (width, height, scheme, top) in PICTURES.items():
            look(driver, width=width, scheme=scheme)
            driver.get(file.as_uri())
            _save(driver, IMAGES / f"{name}.png", width, height, top)
    return 0


def _page_of_a_sample(folder: Path) -> str:
    path = folder / "agent_workflow.db"
    write_sample(path, 20_000, days=20, row_bytes=300, until=NOW)
    upgrading.upgrade(str(path))
    with Store(path, source_timezone="UTC") as store:
        return page(store, refresh=False, now=NOW)


def _save(driver: Any, path: Path, width: int, height: int, top: str) -> None:
    begin = driver.execute_script(
        "return document.querySelector(arguments[0]).getBoundingClientRect().top", top
    )
    clip = {"x": 0, "y": max(0, begin - _MARGIN), "width": width, "height": height, "scale": 1}
    found = driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip}
    )
    path.write_bytes(b64decode(found["data"]))
    print(path, f"{path.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
