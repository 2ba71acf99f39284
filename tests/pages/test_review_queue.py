from __future__ import annotations

import pytest

from tests.pages.conftest import BARRED, CLEAN, DRAFT, EXCEPTION, opened, person

QUEUE, RELEASE = "pages/review/queue.py", "pages/review/release.py"


def rows(app):
    return app.dataframe[0].value if app.dataframe else None


def test_a_steward_sees_what_waits_for_them(sign_in):
    app = sign_in("stella", QUEUE)
    assert not app.exception
    assert app.title[0].value == "Releases"
    assert "3 releases wait for you" in app.markdown[0].value
    shown = rows(app)
    assert set(shown["Whose turn"]) == {"you"}
    assert len(shown) == 3
    assert "▲ high" in set(shown["Risk"])
    assert list(shown["Risk"]) == sorted(shown["Risk"], key=["▲ high", "■ medium", "● low"].index)


def test_filters_are_visible_and_can_be_cleared(sign_in):
    app = sign_in("stella", QUEUE)
    assert app.pills(key="show").value == ["mine", "open"]
    app.selectbox(key="tier").set_value("T5").run()
    assert "No release matches" in app.info[0].value
    app.button[[b.label for b in app.button].index("Clear filters")].click().run()
    assert app.pills(key="show").value == []
    assert len(rows(app)) == 4


def search(app, text):
    app.text_input(key="q").set_value(text).run()
    return app


def test_a_search_narrows_the_queue(sign_in):
    app = search(sign_in("stella", QUEUE), "exception")
    assert list(rows(app)["Release"]) == [f"Tumour classifier ({EXCEPTION})"]


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999", "\uff12", "1e3"])
def test_an_odd_page_number_is_the_first_page(sign_in, number):
    app = sign_in("stella", QUEUE, page=number)
    assert not app.exception
    assert len(rows(app)) == 3


def test_a_row_opens_its_dossier(sign_in):
    app = search(sign_in("stella", QUEUE), "exception")
    app.session_state["queue-rows"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert "exception" in app.title[0].value


def test_the_keyboard_opens_too(sign_in):
    app = sign_in("stella", QUEUE)
    first = app.selectbox(key="queue-open").value
    app.button(key="queue-down").click().run()
    assert app.selectbox(key="queue-open").value != first
    app.button(key="queue-up").click().run()
    assert app.selectbox(key="queue-open").value == first
    app.button(key="queue-go").click().run()
    assert first in app.title[0].value.replace("\\", "")


def test_nothing_waits_once_everything_was_reviewed_by_others(sign_in, home):
    with opened(home) as desk:
        for release_id in (CLEAN, EXCEPTION, BARRED):
            for name in ("stan", "sasha"):
                seen = desk.review.case(person(name), release_id).version
                desk.review.start_review(person(name), release_id, conflict="none", seen=seen, key="t")
    app = sign_in("stella", QUEUE)
    assert "No release waits for you" in app.markdown[0].value.replace("\\", "")
    assert "3 wait for other reviewers" in app.markdown[0].value


def test_submitters_see_their_own_releases(sign_in):
    app = sign_in("sam", QUEUE)
    assert app.title[0].value == "My releases"
    assert len(rows(app)) == 4
    assert "1 of them waiting for you" in app.markdown[0].value
    turns = dict(zip(rows(app)["Release"], rows(app)["Whose turn"], strict=True))
    assert turns[f"Tumour classifier ({DRAFT})"] == "you"


@pytest.mark.parametrize("name", ["chris", "cleo", "auda", "mira"])
def test_other_readers_find_the_queue(sign_in, name):
    app = sign_in(name, QUEUE)
    assert not app.exception
    assert app.title[0].value in ("Releases", "My releases")


@pytest.mark.parametrize("page", [QUEUE, RELEASE])
def test_researchers_do_not_reach_the_review(sign_in, page):
    with pytest.raises(ValueError, match="page"):
        sign_in("rex", page)


def test_there_is_no_bulk_approve(sign_in):
    app = sign_in("stella", QUEUE)
    assert not any("pprove" in button.label for button in app.button)
