"""Chromium against a real server: one home per module, nothing asked from outside, every trace on failure."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.running import CHROMIUM_FLAGS, chromium, demo, load_demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Route

    from tests.running import Server

ARTIFACTS = Path(__file__).parent / "artifacts"
LOCAL = ("localhost", "127.0.0.1")
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("Chromium is not installed; make setup-browser gets it")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)


@pytest.fixture(scope="session")
def loaded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample organisation, loaded once by ``exeat demo``; copied for each module."""
    return load_demo(tmp_path_factory.mktemp("template") / "home")


@pytest.fixture(scope="module")
def home(loaded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(loaded_home, tmp_path_factory.mktemp("browser") / "home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with demo(home) as running:
        yield running
    assert "Traceback" not in running.text(), running.text()[-4000:]


@pytest.fixture
def asked_outside() -> Iterator[list[str]]:
    """Every request that left for another machine; blocked, and the test fails."""
    urls: list[str] = []
    yield urls
    assert urls == []


@pytest.fixture
def new_page(
    browser: Browser, asked_outside: list[str], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open a page in a context of its own: another person at another machine."""
    contexts: list[BrowserContext] = []

    def fence(route: Route) -> None:
        if urlparse(route.request.url).hostname in LOCAL:
            route.continue_()
        else:
            asked_outside.append(f"{route.request.frame.url} asked for {route.request.url}")
            route.abort()

    def opened(width: int = 1440, height: int = 900, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(30_000)  # a busy machine is not a wrong answer
        context.route(re.compile("^http"), fence)
        contexts.append(context)
        return context.new_page()

    failed = request.session.testsfailed
    yield opened
    if request.session.testsfailed > failed:
        _keep(contexts, request.node.name)
    for context in contexts:
        context.close()


def _keep(contexts: list[BrowserContext], name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    for i, page in enumerate(page for context in contexts for page in context.pages):
        page.screenshot(path=ARTIFACTS / f"{re.sub(r'[^a-z0-9_]+', '-', name)}-{i}.png", full_page=True)
