"""What can be done to a release beside reviewing it: each action with its reason, consequence and confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from components.confirm import confirmed
from components.feedback import attempt, gate_button
from components.session import actor, desk
from components.text import plain
from exeat.review.lifecycle import MOVE_OF
from exeat.review.rules import KIND_OF, Action

if TYPE_CHECKING:
    from exeat.model.person import Person
    from exeat.review.views import CaseView


class Offer(NamedTuple):
    """One action as the page offers it; ``consequence`` may use {title} and {quorum}."""

    action: Action
    label: str
    icon: str
    needs_reason: bool
    consequence: str


OFFERS = (
    Offer(Action.SUBMIT, "Submit for review", ":material/send:", False,
          "Submits “{title}”: reviewers see the whole dossier, and all votes that its changes touch start again."),
    Offer(Action.ACTIVATE, "Activate", ":material/play_arrow:", False,
          "Activates “{title}”: from now on the recipients get what was approved, until {until}."),
    Offer(Action.AGREE_TO_LIFT, "Agree to lift the suspension", ":material/lock_open:", True,
          "Records that you agree to lift the suspension of “{title}”; with {quorum} agreeing it is in force again."),
    Offer(Action.RETURN, "Return to the submitter", ":material/undo:", True,
          "Returns “{title}” to its submitter, with your reason. The round ends."),
    Offer(Action.REFER, "Refer to the board", ":material/groups:", True,
          "Refers “{title}” to the board: from now on only the board decides."),
    Offer(Action.SUSPEND, "Suspend", ":material/pause_circle:", True,
          "Suspends “{title}”: nobody gets anything of it until {quorum} stewards agree to lift it."),
    Offer(Action.REVOKE, "Revoke", ":material/block:", True,
          "Revokes “{title}” for good: nobody gets anything of it any more, and a new release is needed."),
    Offer(Action.WITHDRAW, "Withdraw", ":material/remove_circle:", True,
          "Withdraws “{title}”: it leaves the queue, and a new release is needed to ask again."),
)  # fmt: skip


def place_of(release_id: str) -> str:
    """Return where outcomes of a release are shown."""
    return f"release:{release_id}"


def offers_of(who: Person) -> list[Offer]:
    """Return the actions of this person's roles."""
    return [offer for offer in OFFERS if who.can(MOVE_OF[KIND_OF[offer.action]].permission)]


def show_actions(case: CaseView) -> None:
    """Draw the actions of this person's roles: first what is possible now, then what is not and why."""
    offers = offers_of(actor())
    possible = [offer for offer in offers if case.why_not.get(offer.action) is None]
    impossible = [offer for offer in offers if offer not in possible]
    if not offers:
        return
    st.header("Other actions", anchor="actions")
    for offer in possible:
        _show(case, offer)
    if impossible:
        with st.expander(f"Not possible now ({len(impossible)}), and why", icon=":material/lock:"):
            for offer in impossible:
                gate_button(offer.label, case.why_not[offer.action], key=f"off:{offer.action}", icon=offer.icon)


def _show(case: CaseView, offer: Offer) -> None:
    with st.expander(offer.label, icon=offer.icon):
        key = f"do:{offer.action}:{case.state.release_id}:{case.state.round}"
        text, lacking = "", None
        if offer.needs_reason:
            text = st.text_area(f"Reason: {offer.label.lower()}", key=f"{key}:reason", max_chars=4000)
            lacking = None if text.strip() else "Give a reason first; it goes on the record, sealed."
        says = _consequence(case, offer)
        st.write(plain(says))
        seen = case.state.version
        confirmed(
            offer.label,
            says,
            lacking,
            key=key,
            icon=offer.icon,
            on_yes=do,
            args=(offer.action, case.state.release_id, seen, text),
        )


def _consequence(case: CaseView, offer: Offer) -> str:
    quorum, until = case.policy.approvals.lift_suspension_quorum, case.proposal.until
    return offer.consequence.format(title=case.proposal.title, quorum=quorum, until=until)


def do(action: Action, release_id: str, seen: int, reason: str) -> bool:
    """Do it for whoever acts now, on the version they saw; used as a callback."""
    who = actor()
    use_case = getattr(desk().review, action.value)
    more = {"reason": reason} if reason else {}
    return attempt(lambda: use_case(who, release_id, seen=seen, key=str(seen), **more), place=place_of(release_id))
