from __future__ import annotations

import pytest

from exeat.errors import NotPermitted
from exeat.review.inputs import Answer, ReviewInput
from tests.factories import as_bytes, manifest_document
from tests.pages.conftest import CLEAN, PEOPLE, opened, person

BROWSE, ENTRY = "pages/catalogue/browse.py", "pages/catalogue/entry.py"


def rows(app):
    return app.dataframe[0].value if app.dataframe else None


def said(app):
    found = [element.value for kind in (app.markdown, app.caption, app.info) for element in kind]
    return "\n".join([*found, *(element.value.to_csv() for element in app.table)])


def release(home):
    """Let the clean release go out, so that there is something to have."""
    with opened(home) as desk:
        before = desk.review.case(person("stella"), CLEAN)
        seen = before.state.version
        for number, name in enumerate(("stella", "stan")):
            desk.review.start_review(person(name), CLEAN, conflict="none", seen=seen + number, key=f"s{number}")
        chosen = {"weights": "approve", "log": "approve"}
        votes = ReviewInput(votes=chosen, basis=before.basis, answers={"P3": Answer("yes")})
        for number, name in enumerate(("stella", "stan")):
            desk.review.record_review(person(name), CLEAN, votes, seen=seen + 2 + number, key=f"r{number}")
        version = desk.review.case(person("stella"), CLEAN).state.version
        desk.review.activate(person("cleo"), CLEAN, seen=version, key="a")


@pytest.mark.parametrize("name", list(PEOPLE))
def test_everyone_with_a_role_browses(sign_in, name):
    app = sign_in(name, BROWSE)
    assert not app.exception
    assert app.title[0].value == "Catalogue"
    assert "2 checkpoints match; 0 available to you" in app.markdown[0].value
    assert set(rows(app)["For you"]) == {"not released yet"}


def test_a_released_checkpoint_says_from_which_tier(home, sign_in):
    release(home)
    app = sign_in("rex", BROWSE)
    assert "diagnostic log and weights from T2; you are T0" in set(rows(app)["For you"])


def test_filters_narrow_and_can_be_cleared(sign_in):
    app = sign_in("rex", BROWSE)
    app.text_input(key="search").set_value("no such thing").run()
    assert "No checkpoint matches" in app.info[0].value
    app.button[[button.label for button in app.button].index("Clear filters")].click().run()
    assert len(rows(app)) == 2


def test_filters_stand_in_the_address(sign_in):
    app = sign_in("stella", BROWSE, **{"by-lineage": "onco", "search": "onco-v2"})
    assert not app.exception
    assert app.selectbox(key="by-lineage").value == "onco"
    assert len(rows(app)) == 1


@pytest.mark.parametrize("odd", ["<b>x</b>", "' OR 1=1", "\u202e", "any\x00", "x" * 5000])
def test_odd_addresses_break_nothing(sign_in, odd):
    app = sign_in("stella", BROWSE, **dict.fromkeys(("search", "by-task", "by-tier", "sheet", "mine"), odd))
    assert not app.exception
    assert app.title[0].value == "Catalogue"
    app = sign_in("rex", ENTRY, checkpoint=odd)
    assert not app.exception
    assert app.error or "No checkpoint is chosen" in app.markdown[0].value


def test_a_row_and_the_keyboard_open_the_same_entry(sign_in):
    app = sign_in("rex", BROWSE)
    app.session_state["catalogue-rows"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert app.query_params["checkpoint"] in (["onco-v1"], ["onco-v2"], "onco-v1", "onco-v2")
    app = sign_in("rex", BROWSE)
    app.selectbox(key="entry-open").set_value("onco-v2")
    app.button(key="entry-go").click().run()
    assert not app.exception
    assert "onco v2" in said(app)


def test_an_entry_says_what_why_not_and_how_to_ask(home, sign_in):
    release(home)
    app = sign_in("rex", ENTRY, checkpoint="onco-v1")
    assert not app.exception
    assert "from T2; you are T0" in app.markdown[0].value
    assert "Write to" in app.info[0].value
    assert "from T3 on as values with intervals" in said(app)
    assert "0.55" not in said(app).replace("\\", "")


def test_those_who_may_see_figures_see_them(sign_in):
    app = sign_in("stella", ENTRY, checkpoint="onco-v1")
    figures = app.table[1].value
    assert "0\\.55" in set(figures["Value"])
    assert not [caption for caption in app.caption if "bands" in caption.value]


def test_an_entry_without_a_choice_or_of_nothing_says_the_next_step(sign_in):
    app = sign_in("rex", ENTRY)
    assert "No checkpoint is chosen" in app.markdown[0].value
    app = sign_in("rex", ENTRY, checkpoint="nothing")
    assert "no such checkpoint" in app.error[0].value


def test_two_of_a_lineage_are_compared(sign_in):
    app = sign_in("rex", ENTRY, checkpoint="onco-v1")
    app.selectbox(key="with").set_value("onco-v2").run()
    assert not app.exception
    assert len(app.table[-1].value.columns) == 3


def test_text_of_documents_is_never_markup(home, sign_in):
    hostile = "# Big **bold** <script>alert(1)</script> :red[x] [y](http://e.org) $x$"
    with opened(home) as desk:
        document = manifest_document(checkpoint_id="evil", title=hostile, purpose=hostile * 2, limitations=hostile)
        assert not desk.evidence.ingest_bytes("evil", as_bytes(document), person("stella")).rejected
    app = sign_in("rex", ENTRY, checkpoint="evil")
    assert not app.exception
    for element in (*app.title, *app.markdown):
        assert "<script>" not in element.value
        assert "](http" not in element.value


def test_the_domain_refuses_whoever_has_no_role(home):
    from exeat.access.catalogue import Filters  # noqa: PLC0415
    from exeat.model.person import Person  # noqa: PLC0415

    with opened(home) as desk, pytest.raises(NotPermitted):
        desk.catalogue.browse(Person("x", "X", frozenset()), Filters())
