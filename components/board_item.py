"""One agenda item for the projector: large text, no names, no per-record data, the essentials first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.board_words import OUTCOME_WORDS, form_words
from components.charts.interval_strip import interval_strip, strip_alt, strip_table, verdict_text
from components.charts.palette import sign
from components.confirm import confirmed
from components.dossier_exposure import nothing_measured
from components.feedback import attempt, receipt_button
from components.figure import draw
from components.numbers import counted, days, size
from components.session import actor, desk
from components.table import table, twin
from components.text import one_line, plain
from exeat.model.person import Permission
from exeat.policy.finding import Barrier

if TYPE_CHECKING:
    from exeat.board.item import BoardItem
    from exeat.policy.finding import Finding

GATES_IN_VIEW = 6
_BARS = {Barrier.BLOCKING: "blocks", Barrier.CONDITIONAL: "needs a reason", Barrier.NONE: "advisory"}
PURPOSE_CHARACTERS = 300
"""About three lines of large text; the whole purpose stands in the dossier."""


def place_of(release_id: str) -> str:
    """Return where outcomes of an item are shown."""
    return f"board:{release_id}"


def show_item(item: BoardItem) -> None:
    """Draw the essentials side by side: what is asked on the left, what stands against it on the right."""
    st.set_page_config(page_title=f"{one_line(item.title)} · Exeat")
    st.title(plain(item.title), anchor=False)
    st.header(plain(item.answer, 1000), anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        _asked(item)
    with right:
        _exposure(item)
    gates, tiers = st.columns(2, gap="large")
    with gates:
        _gates(item)
    with tiers:
        _what_if(item)


def _asked(item: BoardItem) -> None:
    st.subheader(plain(one_line(item.purpose, PURPOSE_CHARACTERS), PURPOSE_CHARACTERS), anchor=False)
    st.markdown(f"**To** {plain(item.recipients)}")
    tier, until = st.columns(2)
    tier.metric("Tier", f"{item.tier} {item.tier.title}")
    until.metric("For how long", days(item.days), f"until {item.until}", delta_color="off", delta_arrow="off")
    rows = [
        {
            "What leaves": one.component_id,
            "Kind": one.kind,
            "Asked for as": one.proposed.title,
            "Policy allows": one.policy_allows.title,
            "Size": size(one.bytes),
        }
        for one in item.leaving
    ]
    table(pd.DataFrame(rows), "What would leave")
    if item.opinions:
        st.write("Reviewers: " + plain("; ".join(_opinion(part, votes) for part, votes in item.opinions.items())))


def _opinion(part: str, votes: object) -> str:
    counts = votes if isinstance(votes, dict) else {}
    return f"{part} " + ", ".join(f"{count} {vote.replace('_', ' ')}" for vote, count in sorted(counts.items()))


def _exposure(item: BoardItem) -> None:
    if not item.readings:
        st.subheader(plain(nothing_measured(item.assessment)), anchor=False)
        return
    worst = item.readings[0]
    st.subheader(plain(worst.in_people or f"{worst.label}: {verdict_text(worst)}"), anchor=False)
    if worst.note:
        st.caption(plain(worst.note, 1000))
    as_of = item.assessment.as_of
    draw(interval_strip(item.readings), key="board-strip", alt=strip_alt(item.readings, as_of))
    twin(strip_table(item.readings), f"worst figures, as of {as_of}")


def _gates(item: BoardItem) -> None:
    st.header(f"{counted(len(item.gates), 'gate')} failed or not measured", anchor=False)
    if not item.gates:
        st.write("Every gate passes.")
    for finding in item.gates[:GATES_IN_VIEW]:
        _gate(finding)
    rest = item.gates[GATES_IN_VIEW:]
    if rest:
        with st.expander(f"{counted(len(rest), 'more gate')}", icon=":material/checklist:"):
            for finding in rest:
                _gate(finding)


def _gate(finding: Finding) -> None:
    mark = sign(finding.verdict)
    st.markdown(
        f":{mark.badge}-badge[{mark.icon} {mark.word}] **{plain(finding.check)}** {plain(finding.headline)} "
        f"({_BARS[finding.barrier]})"
    )


def _what_if(item: BoardItem) -> None:
    st.header("At each tier", anchor=False)
    rows = [
        {
            "Tier": f"{one.tier} {one.tier.title}" + (" (asked for)" if one.asked else ""),
            "Would leave": form_words(one.forms) if one.leaves else "nothing",
            "Block": str(one.blocking) if one.leaves else None,
            "Need a reason": str(one.conditional) if one.leaves else None,
        }
        for one in item.what_if
    ]
    table(pd.DataFrame(rows), "What the same evidence would say at each tier")


def show_record(item: BoardItem) -> None:
    """Draw the decision on record in numbers, its receipt, and the co-signature that it may wait for."""
    tally = item.tally
    if tally is None:
        return
    st.header(f"On record: {OUTCOME_WORDS.get(tally.outcome, tally.outcome)}", anchor=False)
    st.write(
        f"{tally.in_favour} for, {tally.against} against, {tally.abstained} abstained, {tally.recused} recused. "
        f"{tally.signed} of {counted(tally.signatures_needed, 'signature')}."
    )
    receipt_button(tally.seq, key="board-receipt")
    if item.awaiting_cosign and actor().can(Permission.BOARD_COSIGN):
        confirmed(
            "Co-sign the approval",
            f"You sign that the board voted to let “{item.title}” leave as recorded. It takes effect when all signed.",
            item.why_not_cosign,
            key=f"cosign:{item.release_id}",
            icon=":material/draw:",
            on_yes=_cosign,
            args=(item.release_id, item.version, item.basis),
        )


def _cosign(release_id: str, seen: int, basis: str) -> None:
    attempt(
        lambda: desk().board.cosign(actor(), release_id, basis=basis, seen=seen, key=str(seen)),
        place=place_of(release_id),
    )
