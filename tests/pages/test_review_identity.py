"""Who acts: demo people only in demo mode, OpenID claims otherwise, and nobody without either."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import ROOT, claims


def app(**user):
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if user:
        test.user = user
    return test


def said(test):
    return "\n".join(e.value for kind in ("title", "markdown", "warning", "caption") for e in getattr(test, kind))


def test_without_an_identity_the_app_shows_how_to_configure_it_and_nothing_else(home):
    test = app().run()
    assert "no identity provider is configured" in said(test)
    assert not test.sidebar.children
    assert not test.button


def test_the_address_names_nobody_outside_demo_mode(home):
    test = app()
    test.query_params["as"] = "steward-1"
    assert "no identity provider is configured" in said(test.run())


@pytest.mark.parametrize("exp", [int(time.time()) - 5, None, "soon"], ids=["past", "none", "word"])
def test_an_expired_token_is_nobody(home, exp):
    test = app(**claims("stella") | {"exp": exp}).run()
    assert not test.exception
    assert "Releases" not in [title.value for title in test.title]


def test_groups_without_a_role_see_nothing(home):
    test = app(**claims("stella") | {"groups": ["visitors"]}).run()
    assert "Nothing to show yet" in said(test)


@pytest.fixture
def demo(home, monkeypatch):
    monkeypatch.setenv("EXEAT_DEMO", "true")


def test_demo_mode_says_so_and_lets_anyone_be_anyone(demo):
    test = app()
    test.query_params["as"] = "submitter-1"
    test.run()
    assert "Demo: anyone may act as anyone" in said(test)
    assert test.selectbox(key="acting_as").value == "submitter-1"
    test.selectbox(key="acting_as").set_value("steward-2").run()
    assert not test.exception
    assert test.selectbox(key="acting_as").value == "steward-2"
    assert "steward" in said(test)


@pytest.mark.parametrize("bad", ["nobody", "<b>", "steward-1' --", ""])
def test_an_unknown_demo_person_is_the_first_steward(demo, bad):
    test = app()
    test.query_params["as"] = bad
    test.run()
    assert test.selectbox(key="acting_as").value == "steward-1"
