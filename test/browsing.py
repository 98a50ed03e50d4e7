"""The page in a headless Chromium: the fixtures of conftest.py that open it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

CHROMIUM = os.environ.get("POWERPLANT_BROWSER") or next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome", "msedge"])), None
)
DESK = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)

OpenPage = Callable[..., Page]


def chromium() -> Iterator[Browser]:
    """A browser, until the tests end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


class Watched:
    """The requests, errors and warnings of a browser window."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._listen(message.type, message.text))

    def _listen(self, kind: str, text: str) -> None:
        # The browser logs every answer of 422, 501 and 503; these are expected.
        if kind in {"error", "warning"} and not re.search("422|501|503", text):
            self.complaints.append(text)


def windows(browser: Browser, contexts: dict[str, BrowserContext], server_url: str) -> Iterator[OpenPage]:
    """Opens the page in a new window. Asserts at the end: no errors, and no requests to other hosts.

    Windows with the same options share a context, so that the files of the page are in its cache.
    """
    opened: list[tuple[Page, Watched, str]] = []

    def open_window(fragment: str = "", script: str = "", url: str = server_url, **options: Any) -> Page:
        viewport = options.pop("viewport", DESK)
        key = json.dumps(options, sort_keys=True)
        if key not in contexts:
            contexts[key] = browser.new_context(**options)
            contexts[key].grant_permissions(["clipboard-read", "clipboard-write"])
            contexts[key].set_default_timeout(5000)
        page = contexts[key].new_page()
        opened.append((page, Watched(page), url))
        page.set_viewport_size(viewport)
        if script:
            page.add_init_script(script)
        page.goto(f"{url}/{fragment}")
        page.wait_for_selector("#chart svg, #day-picture svg")
        return page

    yield open_window
    for page, _, _ in opened:
        if not page.is_closed() and not page.url.startswith("about:"):
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
        page.close()
    for _, watched, url in opened:
        assert watched.complaints == []
        assert [asked for asked in watched.asked if not asked.startswith((url, "blob:"))] == []
