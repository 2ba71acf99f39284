"""Feedback, confirmation, tables and titles as Streamlit draws them."""

# ruff: noqa: PLC0415 AppTest copies these functions into scripts of their own, which import for themselves

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

HOSTILE = "<b>x</b> **bold** :smile: [l](https://evil.example)"


def app(script, **state):
    test = AppTest.from_function(script, default_timeout=20)
    for key, value in state.items():
        test.session_state[key] = value
    return test


def confirming():
    import streamlit as st

    from components.confirm import confirmed

    def write(word: str) -> None:
        st.session_state["written"] = [*st.session_state.get("written", []), word]

    confirmed("Suspend it", "Nobody gets it.", st.session_state.get("why"), key="k", on_yes=write, args=("once",))


def test_the_consequence_stands_before_the_click():
    test = app(confirming).run()
    test.button(key="k").click().run()
    assert "written" not in test.session_state
    assert "Nobody gets it" in test.markdown[0].value
    test.button(key="k:yes").click().run()
    assert test.session_state["written"] == ["once"]
    assert [button.key for button in test.button] == ["k"]


def test_back_writes_nothing():
    test = app(confirming).run()
    test.button(key="k").click().run()
    test.button(key="k:back").click().run()
    assert "written" not in test.session_state
    assert [button.key for button in test.button] == ["k"]


def test_a_disabled_control_says_why_in_words():
    test = app(confirming, why="Only a steward may. *Ask one.*").run()
    assert test.button(key="k").disabled
    assert r"Only a steward may\. \*Ask one\.\*" in test.caption[0].value


def test_a_confirmation_closes_when_it_becomes_impossible():
    test = app(confirming).run()
    test.button(key="k").click().run()
    test.session_state["why"] = "Somebody else did it."
    test.run()
    assert [button.key for button in test.button] == ["k"]
    assert test.button(key="k").disabled


def attempting():
    import streamlit as st

    from components.feedback import attempt, show_outcome
    from exeat.errors import NotPermitted, Stale

    def refuse() -> None:
        raise NotPermitted("You may not do this.", "<script>alert(1)</script>")

    def late() -> None:
        raise Stale("This release changed since you opened it.", "Look again.", newer=("p2 returned it.",))

    def broken() -> None:
        raise ZeroDivisionError

    show_outcome("here")
    for name, action in (("refuse", refuse), ("late", late), ("broken", broken)):
        st.button(name, key=name, on_click=lambda action=action: attempt(action, place="here"))


def test_a_refusal_is_one_sentence_with_the_next_step():
    test = app(attempting).run()
    test.button(key="refuse").click().run()
    assert "You may not do this" in test.error[0].value
    assert r"\<script\>" in test.error[0].value


def test_a_stale_screen_says_what_changed():
    test = app(attempting).run()
    test.button(key="late").click().run()
    assert r"\- p2" not in test.error[0].value
    assert r"p2 returned it\." in test.error[0].value


def test_anything_else_is_calm_and_logged(caplog):
    test = app(attempting).run()
    test.button(key="broken").click().run()
    assert not test.exception
    assert "unexpected" in test.error[0].value
    assert "ZeroDivisionError" in caplog.text


def test_an_outcome_of_another_place_is_dropped():
    test = app(attempting, outcome={"place": "elsewhere", "done": ["Done.", 3]}).run()
    assert not test.success
    assert "outcome" not in test.session_state


def test_a_done_thing_answers_with_its_ledger_entry():
    test = app(attempting, outcome={"place": "here", "done": ["Suspended.", 1204]}).run()
    assert "Ledger entry 1,204" in test.success[0].value
    assert test.get("download_button")[0].label == "Receipt of entry 1,204"


def titled(title: str):
    from components.page import empty, page_title

    page_title(title, title)
    empty(title, title)


def test_titles_and_empty_states_show_plain_text():
    test = AppTest.from_function(titled, kwargs={"title": HOSTILE}, default_timeout=20).run()
    texts = [test.title[0].value, test.markdown[0].value, test.info[0].value]
    assert all(r"\<b\>x\<\/b\>" in text for text in texts)
    assert all(r"\*\*bold\*\*" in text for text in texts)
    assert not any("https:/" in text.replace("\\", "") for text in texts)


def tabled(rows: int):
    import pandas as pd

    from components.table import twin

    twin(pd.DataFrame({"**a**": ["**b**", None] * rows}), "figures")


@pytest.mark.parametrize(("rows", "kind"), [(1, "table"), (100, "dataframe")])
def test_the_table_twin_is_a_real_table_while_it_is_short(rows, kind):
    test = AppTest.from_function(tabled, kwargs={"rows": rows}, default_timeout=20).run()
    found = getattr(test, kind)[0].value
    assert len(found) == 2 * rows
    assert found.iloc[1, 0] in ("—", r"—")
    if kind == "table":
        assert found.iloc[0, 0] == r"\*\*b\*\*"


def loading():
    import streamlit as st

    from components.feedback import or_stop
    from exeat.errors import NotPermitted

    def refuse() -> None:
        raise NotPermitted("You may not see this.", "Ask a steward.")

    or_stop(refuse)
    st.write("unreachable")


def test_a_refused_page_ends_with_the_reason():
    test = app(loading).run()
    assert "You may not see this" in test.error[0].value
    assert not test.markdown
