"""What binds a report to the model: asked for each report that does not say which files it was measured on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.prepare_field import control, typed
from components.prepare_words import key_for, show_refusal, watch
from components.session import actor, desk
from components.text import one_line, plain
from exeat.model.tier import Access
from exeat.prepare.form import Field

if TYPE_CHECKING:
    from exeat.model.draft import DraftFile
    from exeat.prepare.views import Prepared

ACCESS_WORDS = {
    Access.API_LABEL: "only the predicted label",
    Access.API_CONF: "predictions with their confidence",
    Access.WHITE_BOX: "the weights themselves",
    Access.TRACE: "the whole course of training",
}
INDEPENDENT = Field(
    "independent", "flag", "Independent", "Was it measured by somebody independent of the model's authors?"
)
AUTHOR = Field("author", "line", "Measured by", "Which team or role measured it?", most=300)
ALSO = (
    Field("measured_at", "moment", "Measured at", "Only when the report itself does not say: its time with zone."),
    Field("tool_version", "line", "Version of the tool", "Only when the report itself does not say.", most=300),
    Field("attack", "line", "Attack", "Only when the report itself does not say: lira, rmia, quantile, …", most=30),
    Field("delta", "number", "Delta", "Only when the report itself does not say: of an epsilon."),
)


def show_reports(view: Prepared) -> None:
    """Draw the questions about each report that names no model."""
    if not view.unbound:
        return
    st.subheader("Reports: what were they measured on?", anchor=False)
    st.write("These reports do not say which model they are about. Your answers bind each to the files of this draft.")
    for file in view.unbound:
        with st.container(border=True):
            st.markdown(f"**{plain(file.name, 160)}**")
            _questions(view, file)


def _questions(view: Prepared, file: DraftFile) -> None:
    said = view.draft.measured.get(file.sha256)
    _access(view, file, said.access if said else None)
    for field in (INDEPENDENT, AUTHOR):
        _ask(view, file, field)
    _measured_on(view, file)
    with st.expander("If the report leaves something out", icon=":material/edit_note:"):
        for field in ALSO:
            _ask(view, file, field)


def _ask(view: Prepared, file: DraftFile, field: Field) -> None:
    key = key_for(view.draft.id, f"report:{file.sha256}:{field.path}")
    said = view.draft.measured.get(file.sha256)
    value = getattr(said, field.path) if said else None
    shown = value.isoformat() if isinstance(value, datetime) else value
    control(field, shown, key, _save, view.draft.id, field, file.sha256)
    show_refusal(key)


def _save(draft_id: str, field: Field, sha256: str, raw: Any) -> None:
    desk().prepare.measure(actor(), draft_id, sha256, **{field.path: typed(field, raw)})


def _access(view: Prepared, file: DraftFile, now: Access | None) -> None:
    key = key_for(view.draft.id, f"report:{file.sha256}:access")
    options = [access.value for access in Access]
    watch(key, now.value if now else None, _save_access, view.draft.id, file.sha256)
    st.selectbox(
        "What could the attacker see of the model?",
        options,
        index=options.index(now.value) if now else None,
        format_func=lambda one: ACCESS_WORDS[Access(one)],
        placeholder="Choose",
        key=key,
    )
    show_refusal(key)


def _save_access(draft_id: str, sha256: str, access: str | None) -> None:
    desk().prepare.measure(actor(), draft_id, sha256, access=access)


def _measured_on(view: Prepared, file: DraftFile) -> None:
    """Ask on which files it was measured when there are several."""
    listed = view.merged.document().get("components", ())
    parts = {
        str(part["sha256"]): str(part.get("id")) for part in listed if isinstance(part, dict) and part.get("sha256")
    }
    if len(parts) < 2:  # noqa: PLR2004 with one file there is nothing to choose
        return
    key = key_for(view.draft.id, f"report:{file.sha256}:on")
    said = view.draft.measured.get(file.sha256)
    start = [one for one in (said.component_sha256 if said else ()) if one in parts]
    watch(key, start, _save_on, view.draft.id, file.sha256)
    st.multiselect(
        "Measured on which files? Empty: on the weights.",
        list(parts),
        default=start,
        format_func=lambda one: one_line(parts[one], 80),
        placeholder="Choose",
        key=key,
    )
    show_refusal(key)


def _save_on(draft_id: str, sha256: str, chosen: list[str]) -> None:
    desk().prepare.measure(actor(), draft_id, sha256, component_sha256=list(chosen))
