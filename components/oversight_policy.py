"""The policy on screen: which one is in force, which are proposed, and the second person's button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.confirm import confirmed
from components.feedback import attempt, show_outcome
from components.numbers import day
from components.session import actor, desk
from components.table import table
from components.text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.evidence.adoption import Standing

PLACE = "policy"


def show_policies(standings: Sequence[Standing]) -> None:
    """Say which policy is in force, list all that came in, and offer to put another one into force."""
    st.header("Policy", anchor=False)
    show_outcome(PLACE)
    now = next((one for one in standings if one.state == "in force"), None)
    if now:
        st.markdown(f"In force: **{plain(now.policy.title)}**, version {plain(now.policy.version)}.")
    st.caption("Taking a policy file in changes nothing. A second person puts it into force; open reviews follow it.")
    table(_sheet(standings), "Policies that came in, newest first")
    for one in standings:
        if one.state != "in force":
            _offer(one)


def _sheet(standings: Sequence[Standing]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Policy": [one_line(f"{one.policy.policy_id} {one.policy.version}") for one in standings],
            "Stands": [one.state for one in standings],
            "Proposed by": [one_line(one.proposed_by) for one in standings],
            "On": [day(one.proposed_at) for one in standings],
            "Valid from": [one.policy.valid_from.isoformat() for one in standings],
            "Digest": [one.sha256[:19] + "…" for one in standings],
        }
    )


def _offer(one: Standing) -> None:
    name = f"{one.policy.policy_id} {one.policy.version}"
    confirmed(
        f"Put {one_line(name, 80)} into force",
        f"From now on every open review and every new release is judged by {name}; votes that it touches are asked for "
        "again.",
        one.why_not,
        key=f"adopt-{one.sha256[7:19]}",
        on_yes=_adopt,
        args=(one.sha256, one.version),
        icon=":material/gavel:",
    )


def _adopt(sha256: str, seen: int) -> None:
    attempt(lambda: desk().evidence.adopt_policy(actor(), sha256, seen=seen), place=PLACE)
