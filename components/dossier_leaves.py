"""What would leave: each component, the form asked for, and what the policy lets that tier have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.charts.tier_matrix import MatrixRow, matrix_table, more_open, tier_matrix
from components.charts.treemap import Piece, treemap, treemap_alt, treemap_table
from components.figure import draw
from components.numbers import size
from components.table import table
from components.text import plain
from exeat.model.tier import Tier

if TYPE_CHECKING:
    from exeat.model.manifest import Manifest
    from exeat.model.policy import Policy
    from exeat.model.release import Proposal


def matrix_rows(proposal: Proposal, manifest: Manifest, policy: Policy) -> list[MatrixRow]:
    """Return each component with the policy's disposition per tier and what is proposed; proposed ones first."""
    asked = {part.component_id: part.disposition for part in proposal.components}
    kinds = {part.id: part.kind for part in manifest.components}
    rows = [
        MatrixRow(name, {tier: policy.cell(tier, kinds[name]).disposition for tier in Tier}, asked.get(name))
        for name in sorted(kinds, key=lambda name: (name not in asked, name))
    ]
    return rows + [MatrixRow(name, {}, asked[name]) for name in asked if name not in kinds]


def leaves_table(proposal: Proposal, manifest: Manifest, policy: Policy) -> pd.DataFrame:
    """Return what leaves and what stays, with the policy's word beside the proposal's."""
    parts = {part.id: part for part in manifest.components}
    rows = []
    for row in matrix_rows(proposal, manifest, policy):
        part = parts.get(row.component)
        kind = part.kind.title if part else "not in the manifest"
        allowed = row.allowed[proposal.tier].title if row.allowed else "denied"
        rows.append(
            {
                "Component": row.component if row.component == kind else f"{row.component} ({kind})",
                f"Proposed for {proposal.tier}": row.proposed.title if row.proposed else "stays inside",
                "Policy allows": f"{'✕' if more_open(row, proposal.tier) else '✓'} {allowed}",
                "Size": size(part.bytes) if part else "—",
            }
        )
    return pd.DataFrame(rows)


def show_leaves(proposal: Proposal, manifest: Manifest, policy: Policy) -> None:
    """Draw what leaves, to whom and until when; sizes and the other tiers one click away."""
    st.header("What leaves", anchor=False)
    st.markdown(
        f"To **{plain(proposal.recipients)}**, tier **{proposal.tier} ({proposal.tier.title})**, "
        f"until **{proposal.until}**."
    )
    table(leaves_table(proposal, manifest, policy), "Components, what is proposed, and what the policy allows")
    with st.expander("What other tiers may have, and sizes", icon=":material/grid_on:"):
        rows = matrix_rows(proposal, manifest, policy)
        st.subheader("Tier matrix", anchor=False)
        st.caption("Tiers: " + " · ".join(f"{tier} {tier.title}" for tier in Tier) + ". Framed: the tier asked for.")
        alt = (
            f"What the policy gives each tier of each component; {proposal.tier} is asked for. Same as the table below."
        )
        draw(tier_matrix(rows, proposal.tier), key="tier-matrix", alt=alt)
        table(matrix_table(rows, proposal.tier), "Tier matrix")
        st.subheader("Bytes by component", anchor=False)
        leaving = {part.component_id for part in proposal.components}
        pieces = [Piece(p.id, p.kind.title, p.bytes, p.id in leaving) for p in manifest.components]
        draw(treemap(pieces), key="treemap", alt=treemap_alt(pieces))
        table(treemap_table(pieces), "Bytes by component")
