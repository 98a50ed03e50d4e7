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
BLANK = "about:blank"
TIMEOUT = 5000
"""Milliseconds for what a test waits for."""

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
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self._handlers: dict[Any, Callable[[Any], None]] = {
            "request": lambda request: self.asked.append(request.url),
            "pageerror": lambda error: self.complaints.append(str(error)),
            "console": lambda message: self._listen(message.type, message.text),
        }
        for event, handler in self._handlers.items():
            page.on(event, handler)

    def _listen(self, kind: str, text: str) -> None:
        # The browser logs every answer of 422, 501 and 503; these are expected.
        if kind in {"error", "warning"} and not re.search("422|501|503", text):
            self.complaints.append(text)

    def end(self) -> None:
        """Watch no longer."""
        for event, handler in self._handlers.items():
            self.page.remove_listener(event, handler)


def windows(browser: Browser, contexts: dict[str, BrowserContext], server_url: str) -> Iterator[OpenPage]:
    """Opens the page in a window. Asserts at the end: no errors, and no requests to other hosts.

    Windows with the same options share a context, so that the files of the page are in its cache. A window is blank
    after its test, and the next test uses it: a new one takes the browser three times as long. It is brought to the
    front, since a browser draws a window behind another one only once a second, and each click waits for a drawing.
    """
    opened: list[tuple[Page, Watched, str]] = []
    changed: list[Page] = []

    def open_window(fragment: str = "", script: str = "", url: str = server_url, **options: Any) -> Page:
        viewport = options.pop("viewport", DESK)
        key = json.dumps(options, sort_keys=True)
        if key not in contexts:
            contexts[key] = browser.new_context(**options)
            contexts[key].grant_permissions(["clipboard-read", "clipboard-write"])
            contexts[key].set_default_timeout(TIMEOUT)
        unused = [page for page in contexts[key].pages if page.url == BLANK]
        page = unused[0] if unused and not script else contexts[key].new_page()
        opened.append((page, Watched(page), url))
        page.bring_to_front()
        page.mouse.move(0, 0)
        page.set_viewport_size(viewport)
        page.emulate_media(
            media="null",
            color_scheme=options.get("color_scheme", "light"),
            forced_colors="null",
            reduced_motion="null",
        )
        if script:
            page.add_init_script(script)
            changed.append(page)
        page.goto(f"{url}/{fragment}")
        page.wait_for_selector("#chart svg, #day-picture svg")
        return page

    yield open_window
    for page, watched, _ in opened:
        watched.end()
        if not page.is_closed() and page.url != BLANK:
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
        if page in changed:
            page.close()
        elif not page.is_closed():
            _make_blank(page)
    for _, watched, url in opened:
        assert watched.complaints == []
        assert [asked for asked in watched.asked if not asked.startswith((url, "blob:"))] == []


def _make_blank(page: Page) -> None:
    """Leave nothing of a test in its window."""
    page.unroute_all()
    page.set_default_timeout(TIMEOUT)
    page.goto(BLANK)


def until_still(page: Page) -> None:
    """Wait until the page is drawn for a new size or state, and its transitions have ended."""
    page.evaluate(
        """async () => {
            for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
            await Promise.allSettled(document.getAnimations().map((one) => one.finished));
        }"""
    )
