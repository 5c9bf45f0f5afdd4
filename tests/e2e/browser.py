"""A person at headless Chromium: opens the page, logs in, looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# Without these, Chromium looks up its vendor's hosts at every start.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def browser_page(*flags: str) -> Iterator[Page]:
    """An empty tab of a fresh browser, which accepts the test's own certificates."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *flags])
        page = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 800}).new_page()
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def log_in(page: Page, url: str, email: str, password: str) -> None:
    """Fill in the login form as a person does, and wait for the page behind it."""
    page.goto(f"{url}/user/login/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("button[type=submit], input[type=submit]")
    page.wait_for_url(lambda address: "/user/login" not in address)
    page.wait_for_load_state("networkidle")


def screenshot(page: Page, path: Path) -> Path:
    """Keep what the person sees as a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(path))
    return path
