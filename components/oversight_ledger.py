"""The ledger on screen: verification, search, entries as sentences, one entry whole, proof and export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from components.feedback import receipt_button, show_error
from components.numbers import counted
from components.page import empty
from components.paging import turn_pages
from components.session import actor, desk
from components.text import one_line, plain
from exeat.access.ledger_view import Search
from exeat.errors import ExeatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.access.ledger_view import Page
    from exeat.ledger.statement import Entry, TreeHead

PAGE_ROWS = 25
AT_ONCE = 5000
"""Up to so many entries a log is verified when the page opens; a longer one when asked for."""
ANY, SHEET = "any", "entries"


@st.cache_data(max_entries=8, show_spinner="Verifying every entry…")
def _verified(note: str) -> tuple[bool, int, tuple[str, ...]]:  # noqa: ARG001 the signed head is the cache key
    report = desk().ledger.verify()
    return report.ok, report.entries, report.problems[:20]


def show_verification(head: TreeHead | None) -> None:
    """Say whether the whole log verifies under its newest signed head."""
    if head is None:
        st.info("The log has no signed tree head yet.")
        return
    asked = st.session_state.get("verify-for") == head.note
    if head.size > AT_ONCE and not asked:
        st.info(f"{head.size:,} entries are not verified in this session yet.", icon=":material/pending:")
        st.button("Verify now", on_click=lambda: st.session_state.update({"verify-for": head.note}), key="verify")
        return
    ok, entries, problems = _verified(head.note)
    if ok:
        words = f"Verified up to entry {entries - 1:,}: every entry, tree head and signature."
        st.success(words, icon=":material/verified:")
        return
    headline = f"**The log does not verify: {counted(len(problems), 'problem')}.**"
    st.error("\n".join([headline, *(f"- {plain(problem)}" for problem in problems)]), icon=":material/error:")
    st.write("Stop writing, keep the database as it is, and run: exeat ledger verify")


def show_head(head: TreeHead | None) -> None:
    """Show the signed tree head and offer it and the whole log for download."""
    if head is None:
        return
    with st.expander("Signed tree head, key and export", icon=":material/key:"):
        st.code(head.note, language=None, wrap_lines=True)
        st.caption("Anyone can check the export against this head and key with tools/verify_ledger.py alone.")
        st.code(desk().ledger.vkey, language=None, wrap_lines=True)
        with st.container(horizontal=True):
            st.download_button(
                "Tree head", head.note, "tree-head.txt", "text/plain", on_click="ignore", icon=":material/download:"
            )
            st.download_button(
                "Whole log as JSON lines",
                _export,
                "exeat-ledger.jsonl",
                "application/jsonl",
                on_click="ignore",
                icon=":material/download:",
            )


def _export() -> bytes:
    """Make the export when it is asked for; whoever may not read the whole ledger gets nothing."""
    desk().ledger_view.check_can_export(actor())
    return b"".join(desk().ledger.export())


def ask_search(kinds: Mapping[str, int]) -> Search:
    """Draw search and kind, each in the address; return what they say."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search", key="find", bind="query-params", width=260, placeholder="entry, case, person id …"
        )
        kind = st.selectbox(
            "Kind",
            [ANY, *kinds],
            key="kind",
            bind="query-params",
            width=260,
        )
        case = st.text_input("Case", key="case", bind="query-params", width=260, placeholder="release:…")
    return Search(text=one_line(text, 200), kind="" if kind == ANY else str(kind), case=one_line(case, 200))


def show_page(page: Page) -> None:
    """Draw one page of entries, newest first."""
    if page.rows.empty:
        empty("No entry matches.", "Clear the search to see all entries.")
        return
    rows = [
        {
            "Entry": int(row["seq"]),
            "When (UTC)": f"{row['ts']:%Y-%m-%d %H:%M:%S}",
            "What": one_line(row["sentence"], 300),
            "Role": str(row["role"]).replace("_", " "),
            "Signed in": one_line(row["authenticated"], 80),
            "Kind": str(row["kind"]),
        }
        for row in page.rows.to_dict("records")
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height="content",
        alt="Entries as sentences, newest first",
    )
    turn_pages(SHEET, page.total, PAGE_ROWS)
    st.caption(f"{counted(page.total, 'entry', 'entries')}, newest first.")


def ask_entry(page: Page) -> int | None:
    """Let one entry of the page be chosen by keyboard; return its number."""
    said = {int(seq): str(text) for seq, text in zip(page.rows["seq"], page.rows["sentence"], strict=True)}
    return st.selectbox(
        "One entry whole",
        [None, *said],
        key="ledger-entry",
        width="stretch",
        format_func=lambda seq: "choose one" if seq is None else f"{seq}: {one_line(said[seq], 120)}",
    )


def show_entry(seq: int) -> None:
    """Draw one entry: its sentence, its line as it was hashed, and its offline proof."""
    try:
        entry, said = desk().ledger_view.entry(actor(), seq)
    except ExeatError as error:
        show_error(error)
        return
    st.markdown(f"**{plain(said, 400)}**")
    for name, value in _facts(entry):
        st.markdown(f"- {name}: {plain(value, 300)}")
    receipt_button(seq, key="ledger-receipt")
    with st.expander("The line as it was hashed", icon=":material/data_object:"):
        st.code(entry.line.decode("utf-8", "replace"), language=None, wrap_lines=True)


def _facts(entry: Entry) -> list[tuple[str, Any]]:
    sealed = ", ".join(sorted(entry.sealed)) or "nothing"
    names = [(f"Document, {name}", digest) for name, digest in sorted(entry.subject.items())]
    return [
        ("Case", f"{entry.case}, version {entry.version}"),
        ("Role", f"{entry.role}, signed in by {entry.authenticated}"),
        *names,
        ("Sealed", sealed),
        ("Leaf", entry.leaf.hex()),
    ]
