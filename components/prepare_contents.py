"""What the model files of a draft contain, and the weights alone attached in one click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from components.dossier_inspection import MARKS, answer, channels_table
from components.dossier_minimised import show_minimised
from components.feedback import gate_button
from components.numbers import counted
from components.prepare_words import key_for, renew, save, show_refusal, spoken
from components.session import actor, desk
from components.table import table
from components.text import plain
from exeat.model.manifest import Component
from exeat.model.tier import Disposition
from exeat.prepare.contents import reason_not_minimised
from exeat.prepare.proposal import kind_of

if TYPE_CHECKING:
    from exeat.model.inspection import Inspection
    from exeat.prepare.views import Prepared


def show_draft_contents(view: Prepared) -> None:
    """Draw what an inspection found in the model files, with a way to leave it behind."""
    seen = view.contents.inspections
    if not seen:
        return
    st.subheader("What the files contain", anchor=False)
    files = listed_files(view)
    leaving = frozenset(one.id for one in files if view.forms.get(one.id) is not Disposition.DENIED)
    st.markdown(plain(answer(files, leaving, seen), 1000))
    for name, inspection in seen.items():
        sorts = counted(len({found.channel for found in inspection.channels}), "sort")
        st.markdown(f"**{MARKS[inspection.verdict]}** {plain(name)}: {sorts} of leakage channel.")
        for found in inspection.findings[:3]:
            st.error(f"**{plain(name)}**: {plain(found.sentence)} {plain(found.what_to_do)}", icon=":material/cancel:")
        _offer(view, name, inspection)
    channels = channels_table(files, leaving, seen)
    if not channels.empty:
        with st.expander(
            f"{counted(len(channels), 'leakage channel')}, each with its remedy", icon=":material/water_drop:"
        ):
            table(channels, "Leakage channels by the part that carries them")
    show_minimised(view.contents)


def listed_files(view: Prepared) -> list[Component]:
    """Return the components of a manifest that need not be complete yet, as far as tables look at them."""
    parts = view.merged.document().get("components", ())
    known = [(part, kind) for part in parts if isinstance(part, dict) and (kind := kind_of(part)) is not None]
    fields: list[dict[str, Any]] = [
        {"id": str(part["id"]), "path": str(part.get("path", "")), "kind": kind} for part, kind in known
    ]
    return [Component.model_construct(**one) for one in fields]


def _offer(view: Prepared, name: str, inspection: Inspection) -> None:
    """Offer to attach the weights alone, where that closes a channel and was not done."""
    done = any(record.source_sha256 == inspection.sha256 for record in view.contents.minimisations.values())
    if not inspection.channels or done:
        return
    key = key_for(view.draft.id, f"minimise:{name}")
    st.write(
        f"{plain(name)} carries more than weights. Attach a file that holds the weights alone: each tensor stays bit "
        "for bit what it is, the rest is left behind, and the record of it goes to the reviewers."
    )
    gate_button(
        spoken(f"Attach the minimised file of {name}", 120),
        reason_not_minimised(inspection),
        key=key,
        icon=":material/content_cut:",
        on_click=_attach,
        args=(view.draft.id, key, str(inspection.sha256)),
    )
    show_refusal(key)


def _attach(draft_id: str, key: str, sha256: str) -> None:
    if save(key, lambda: desk().prepare.minimise(actor(), draft_id, sha256)):
        renew(draft_id)
