"""Signing in at a real OpenID provider: roles from groups, unknown groups, expiry, signing out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.seeing import settle
from tests.running import ROOT, free_port, http, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.running import Server

pytestmark = [
    pytest.mark.oidc,
    pytest.mark.skipif(
        not (ROOT / "node_modules" / "oidc-provider").exists() or shutil.which("node") is None,
        reason="oidc-provider is not installed; make setup-browser gets it",
    ),
]
GROUPS = {"ana": ["staff", "exeat-stewards"], "rui": ["exeat-researchers"], "eve": ["exeat-system", "others"]}
SETTINGS = {
    "EXEAT_ROLE_MAP": '{"exeat-stewards": "steward", "exeat-researchers": "researcher", "exeat-system": "system"}',
    "EXEAT_TIER_MAP": '{"exeat-stewards": "T5", "exeat-researchers": "T1"}',
}
SECRETS = """[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "only-for-tests-only-for-tests-only-for-tests"
client_id = "exeat"
client_secret = "test-secret-test-secret-test-secret"
server_metadata_url = "http://localhost:{op_port}/.well-known/openid-configuration"
client_kwargs = {{ scope = "openid profile email groups", prompt = "login" }}
"""


@pytest.fixture
def asked_outside() -> Iterator[list[str]]:
    """Our pages ask nothing of other machines; the test provider's own forms want a font, which does not count."""
    said: list[str] = []
    yield said
    assert [line for line in said if not re.match(r"http://localhost:\d+/(interaction|session|auth)", line)] == []


@contextmanager
def provider(port: int, redirect: str, *, seconds: int) -> Iterator[None]:
    environment = {
        "PORT": str(port),
        "REDIRECT": redirect,
        "ID_TOKEN_SECONDS": str(seconds),
        "OP_GROUPS": json.dumps(GROUPS),
    }
    process = subprocess.Popen(
        ["node", "tests/browser/op.mjs"], cwd=ROOT, env=os.environ | environment, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            try:
                if http(f"http://localhost:{port}/.well-known/openid-configuration")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def signed_up(folder: Path, *, seconds: int = 3600) -> Iterator[Server]:
    """The app with ``exeat serve`` and a provider whose ID tokens live so many seconds."""
    port, op_port = free_port(), free_port()
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text(SECRETS.format(port=port, op_port=op_port))
    environment = SETTINGS | {"HOME": str(folder)}
    with (
        provider(op_port, f"http://localhost:{port}/oauth2callback", seconds=seconds),
        serve(folder / "home", environment, port) as server,
    ):
        yield server


def sign_in(page: Page, server: Server, login: str) -> None:
    page.goto(server.url)
    page.get_by_role("button", name=re.compile("^Sign in")).click()
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{server.url}/**")
    settle(page)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with signed_up(tmp_path_factory.mktemp("oidc")) as server:
        yield server
    assert "Traceback" not in server.text(), server.text()[-3000:]


def test_nobody_sees_anything_before_signing_in(app, new_page):
    page = new_page()
    for address in ("", "/queue", "/ledger", "/queue?as=steward-1"):
        page.goto(app.url + address)
        settle(page)
        expect(page.get_by_role("button", name=re.compile("^Sign in"))).to_be_visible()
        assert page.get_by_test_id("stPageLink").count() == 0
        expect(page.get_by_text("Demo:")).to_have_count(0)


def test_a_steward_gets_the_stewards_pages(app, new_page):
    page = new_page()
    sign_in(page, app, "ana")
    expect(page.get_by_text("Test ana")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_contain_text("Intake")
    expect(page.get_by_text("Demo:")).to_have_count(0)


def test_a_researcher_gets_the_catalogue_only(app, new_page):
    page = new_page()
    sign_in(page, app, "rui")
    expect(page.get_by_test_id("stSidebar").get_by_text(re.compile("researcher · tier T1"))).to_be_visible()
    expect(page.get_by_text("Intake")).to_have_count(0)
    page.goto(f"{app.url}/intake")
    settle(page)
    expect(page.get_by_role("heading", name="Intake")).to_have_count(0)


@pytest.mark.parametrize("login", ["eve", "stranger"])
def test_unmapped_groups_and_the_system_role_give_nothing(app, new_page, login):
    page = new_page()
    sign_in(page, app, login)
    expect(page.get_by_role("heading", name="Nothing to show yet")).to_be_visible()


def test_signing_out_ends_it(app, new_page):
    page = new_page()
    sign_in(page, app, "ana")
    page.get_by_role("button", name=re.compile("^Sign out|logout Sign out")).click()
    page.wait_for_timeout(1500)
    page.goto(app.url)
    settle(page)
    expect(page.get_by_role("button", name=re.compile("^Sign in"))).to_be_visible()


def test_an_expired_token_is_signed_out(tmp_path, new_page):
    """Streamlit keeps its cookie for thirty days and never looks at ``exp``; we do, at each run."""
    with signed_up(tmp_path, seconds=12) as app:
        page = new_page()
        sign_in(page, app, "ana")
        expect(page.get_by_text("Test ana")).to_be_visible()
        page.wait_for_timeout(12_500)
        page.goto(app.url)
        page.wait_for_timeout(1500)
        page.goto(app.url)
        settle(page)
        expect(page.get_by_role("button", name=re.compile("^Sign in"))).to_be_visible()
        expect(page.get_by_text("Test ana")).to_have_count(0)
