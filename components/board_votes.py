"""Who is at the item and how they vote; the quorum meter follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.board_words import SIDES, quorum_words
from components.session import actor, desk
from components.text import one_line, plain
from exeat.board.inputs import Votes
from exeat.review.inputs import MAX_REASON

if TYPE_CHECKING:
    from exeat.board.item import BoardItem


def ask_votes(item: BoardItem, prefix: str) -> tuple[Votes, dict[str, str]]:
    """Ask who is here and how each votes; return the votes and the reasons given."""
    here = st.multiselect(
        "Members at this item, by id",
        desk().board.members(actor()),
        default=[actor().person_id],
        key=f"{prefix}:here",
        help="The members that the settings name, by id. Names never go on the ledger.",
    )
    sides: dict[str, list[str]] = {side: [] for side in SIDES}
    reasons: dict[str, str] = {}
    for member in here:
        side = _side(one_line(member, 80), prefix)
        if side is not None:
            sides[side].append(member)
        if side in ("for", "against", "abstained"):
            reasons |= _reason(member, side, prefix)
    votes = Votes(
        in_favour=tuple(sides["for"]),
        against=tuple(sides["against"]),
        abstained=tuple(sides["abstained"]),
        recused=tuple(sides["recused"]),
    )
    _meter(votes, item.quorum)
    return votes, reasons


def _side(member: str, prefix: str) -> str | None:
    return st.segmented_control(
        f"Vote of {plain(member)}", list(SIDES), format_func=SIDES.__getitem__, key=f"{prefix}:vote:{member}"
    )


def _reason(member: str, side: str, prefix: str) -> dict[str, str]:
    need = "" if side == "against" else ", optional"
    text = st.text_input(f"Reason of {plain(member)}{need}", key=f"{prefix}:why:{member}", max_chars=MAX_REASON)
    return {member: text} if text.strip() else {}


def _meter(votes: Votes, quorum: int) -> None:
    present = len(votes.present)
    st.progress(min(1.0, present / quorum), text=quorum_words(present, len(votes.recused), quorum))
