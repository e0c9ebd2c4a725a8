"""A browser without a window, for what only a browser can tell; Debian's chromium does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

CHROMIUM, DRIVER = (
    next(filter(None, map(shutil.which, names)), None)
    for names in (("chromium", "google-chrome", "chromium-browser"), ("chromedriver",))
)
MISSING = (
    None
    if CHROMIUM and DRIVER and find_spec("selenium")
    else "no browser: `apt-get install chromium chromium-driver`, and `pip install -e '.[test]'`"
)


@contextmanager
def browser() -> Iterator[Any]:
    """A driver of selenium's that neither looks for a browser elsewhere nor downloads one."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Shared memory is small in many containers.
    for argument in ("--headless=new", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    if os.getuid() == 0:
        options.add_argument("--no-sandbox")
    driver = webdriver.Chrome(options, webdriver.ChromeService(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


def look(driver: Any, *, width: int = 1200, scheme: str = "light") -> None:
    """Show pages so wide, in light or in dark; one below 500 pixels is a telephone's."""
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
