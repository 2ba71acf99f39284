"""Intake on screen: upload, what came in, what was refused and why, what can no longer be read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from components.numbers import counted, day, size
from components.page import empty
from components.paging import turn_pages
from components.session import actor, desk
from components.table import table
from components.text import one_line, plain
from exeat.errors import ExeatError
from exeat.model.person import Permission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.access.intake_view import Arrivals
    from exeat.evidence.intake import IntakeResult, RejectRecord
    from exeat.model.person import Person

PAGE_ROWS, REJECTS_SHOWN = 25, 200
ANY, SHEET = "any", "arrivals"
_FILES, _OUTCOME = "intake-files", "intake-outcome"
log = logging.getLogger("exeat.app")


def answer(kinds: pd.DataFrame, rejects: Sequence[RejectRecord]) -> str:
    """Return the sentence that answers what came in."""
    came = int(kinds["n"].sum()) if len(kinds) else 0
    newest = f", the newest on {day(kinds['newest'].max())}" if came else ""
    return f"{counted(came, 'document')} came in{newest}; {counted(len(rejects), 'file was', 'files were')} refused."


def show_upload(person: Person) -> None:
    """Let those who may bring evidence in; the reason stands there for the others."""
    if not person.can(Permission.EVIDENCE_INGEST):
        st.caption(":material/lock: Only stewards and custodians bring evidence in. Ask one of them.")
        return
    with st.form("intake-upload", clear_on_submit=True):
        st.file_uploader(
            "Manifests, risk reports, proposals, policies or access events", accept_multiple_files=True, key=_FILES
        )
        st.form_submit_button("Take in", icon=":material/upload_file:", on_click=_take_in)
    _show_outcome()


def _take_in() -> None:
    """Take in every uploaded file; what became of each is kept for the next run."""
    lines: list[tuple[str, str, str]] = []
    for file in st.session_state.get(_FILES) or ():
        try:
            lines += _lines(desk().evidence.ingest_bytes(file.name, file.getvalue(), actor()))
        except ExeatError as error:
            lines.append(("refused", file.name, str(error)))
        except Exception:
            log.exception("unexpected error while taking in a file")
            lines.append(("refused", file.name, "Something unexpected went wrong; see the server's log."))
    st.session_state[_OUTCOME] = lines or [("refused", "nothing", "Choose a file first.")]


def _lines(result: IntakeResult) -> list[tuple[str, str, str]]:
    taken = [("taken in", item.name, f"{item.kind} {item.subject_id}".strip()) for item in result.accepted]
    known = [("known already", item.name, f"{item.kind} {item.subject_id}".strip()) for item in result.known]
    refused = [("refused", one.name, f"{one.reason} {one.what_to_do}".strip()) for one in result.rejected]
    return [*taken, *known, *refused, *(("left alone", one.name, one.reason) for one in result.skipped)]


def _show_outcome() -> None:
    for what, name, why in st.session_state.get(_OUTCOME, ()):
        show = st.error if what == "refused" else st.success if what == "taken in" else st.info
        show(f"**{plain(name, 120)}** {what}: {plain(why, 600)}")


def show_damage(unreadable: pd.DataFrame) -> None:
    """Say which documents the ledger names but the store cannot give."""
    if unreadable.empty:
        return
    st.error(
        f"**{counted(len(unreadable), 'document')} cannot be read.** The ledger names them; the evidence store has "
        "lost or changed them. Restore the evidence folder from a backup.",
        icon=":material/error:",
    )
    table(unreadable, "Documents that cannot be read")


def ask_kind(kinds: pd.DataFrame) -> str:
    """Let one kind of document be chosen, in the address; empty for all."""
    kind = st.selectbox(
        "Kind",
        [ANY, *map(str, kinds["kind"])],
        key="document",
        bind="query-params",
        width=260,
    )
    return "" if kind == ANY else str(kind)


def show_arrivals(arrivals: Arrivals) -> None:
    """Draw one page of what came in, newest first."""
    if arrivals.rows.empty:
        empty("Nothing came in yet.", "Upload a manifest here, or run: exeat ingest FOLDER.")
        return
    rows = [_arrival(row) for row in arrivals.rows.to_dict("records")]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height="content",
        alt="What came in, newest first",
    )
    turn_pages(SHEET, arrivals.total, PAGE_ROWS)


def _arrival(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "When (UTC)": f"{row['ts']:%Y-%m-%d %H:%M}",
        "Kind": row["kind"],
        "About": one_line(row["subject_id"], 100),
        "Digest": str(row["sha256"]),
        "Brought by": one_line(row["actor"], 80),
        "Entry": int(row["seq"]),
    }


def show_rejects(rejects: Sequence[RejectRecord]) -> None:
    """Draw what was refused, newest first: where, why, and what to do."""
    st.header("Refused", anchor=False)
    if not rejects:
        st.write("Nothing was refused.")
        return
    shown = list(reversed(rejects))[:REJECTS_SHOWN]
    rows = [
        {
            "When": one.at[:16].replace("T", " "),  # noqa: PD008 a text field, not pandas
            "File": one_line(one.name, 120),
            "Where": one_line(one.place, 120),
            "Why": one_line(one.reason, 400),
            "What to do": one_line(one.what_to_do, 300),
            "Size": size(one.bytes),
        }
        for one in shown
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, width="stretch", height="content", alt="Refused files, newest first"
    )
    if len(rejects) > len(shown):
        st.caption(f"The newest {len(shown):,} of {len(rejects):,} are shown.")
