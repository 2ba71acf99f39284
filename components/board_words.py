"""Words of the board on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.numbers import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.board.inputs import BoardDecision
    from exeat.board.item import BoardItem
    from exeat.model.tier import Disposition

OUTCOME_WORDS = {
    "approve": "Approved",
    "approve_with_conditions": "Approved with conditions",
    "reject": "Rejected",
    "defer": "Deferred, back to the submitter",
}
SIDES = {"for": "For", "against": "Against", "abstained": "Abstained", "recused": "Recused"}


def form_words(forms: Mapping[str, Disposition]) -> str:
    """Return ``weights sandbox, log denied``."""
    return ", ".join(f"{part} {form.title}" for part, form in forms.items())


def quorum_words(present: int, recused: int, needed: int) -> str:
    """Return how many are present, and whether that is a quorum."""
    state = "a quorum" if present >= needed else f"no quorum, {needed - present} missing"
    return f"{present} present and voting, {recused} recused; {needed} needed: {state}."


def consequence(item: BoardItem, decision: BoardDecision) -> str:
    """Return what recording this decision leads to."""
    votes = decision.votes
    said = f"{len(votes.in_favour)} of {len(votes.present)} present in favour"
    start = f"Records “{item.title}” as {OUTCOME_WORDS.get(decision.outcome, '?').lower()} ({said})."
    if not decision.approves:
        return f"{start} Nothing leaves."
    leaving = [f"{part} as {form.title}" for part, form in decision.matrix.items() if form.value != "denied"]
    gets = f" {item.recipients} ({item.tier}) will get {listed(leaving)} until {decision.until or item.until}."
    return f"{start}{gets} It takes effect when another member who voted co-signs."
