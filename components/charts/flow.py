"""From role to tier to outcome: how many accesses went where, and which were denied."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import FAIL, INFO, MUTED, UNKNOWN, safe, styled

OUTCOMES = {"ok": "allowed", "denied": "✕ denied", "notfound": "not found", "error": "error"}
_MOST_ROLES = 12


def _tier(cell: object) -> str:
    return "tier unknown" if pd.isna(cell) else f"T{int(cell)}"  # type: ignore[call-overload]  # any cell of a frame


def _words(found: pd.DataFrame) -> pd.DataFrame:
    """Return role, tier and outcome as words, rare roles folded together."""
    big = found.groupby("role")["n"].sum().nlargest(_MOST_ROLES).index
    words = found.assign(
        role=found["role"].where(found["role"].isin(big), "other roles"),
        tier=[_tier(cell) for cell in found["tier"]],
        outcome=[OUTCOMES.get(str(one), str(one)) for one in found["outcome"]],
    )
    return words.groupby(["role", "tier", "outcome"])[["n"]].sum().reset_index()


def tier_flow(found: pd.DataFrame, *, height: int = 380) -> go.Figure:
    """Return the flow; ``found`` has role, tier, outcome, n. Denied links have one colour and say so in words."""
    words = _words(found)
    roles, tiers = [f"role {role}" for role in words["role"].unique()], sorted(set(words["tier"]))
    place = {name: number for number, name in enumerate([*roles, *tiers, *words["outcome"].unique()])}
    right = words.groupby(["tier", "outcome"])[["n"]].sum().reset_index()
    links = [(place[f"role {r}"], place[t], int(n), o) for r, t, o, n in words.itertuples(index=False, name=None)]
    links += [(place[t], place[o], int(n), o) for t, o, n in right.itertuples(index=False, name=None)]
    denied = OUTCOMES["denied"]
    figure = go.Figure(
        go.Sankey(
            node={
                "label": [safe(name.removeprefix("role "), 40) for name in place], "pad": 14, "thickness": 14,
                "color": [FAIL if n == denied else INFO if n.startswith("T") else UNKNOWN for n in place],
            },
            link={
                "source": [link[0] for link in links], "target": [link[1] for link in links],
                "value": [link[2] for link in links], "label": [safe(link[3]) for link in links],
                "color": ["rgba(213,94,0,0.45)" if link[3] == denied else MUTED for link in links],
            },
        )
    )  # fmt: skip
    return styled(figure, height=height)


def flow_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return the same flows as rows."""
    words = _words(found).sort_values("n", ascending=False)
    words["n"] = [f"{int(n):,}" for n in words["n"]]
    return words.rename(columns={"role": "Role", "tier": "Tier", "outcome": "Outcome", "n": "Events"})


def flow_alt(found: pd.DataFrame) -> str:
    """Return the figure in words."""
    total, denied = int(found["n"].sum()), int(found.loc[found["outcome"] == "denied", "n"].sum())
    return f"Flow of {total:,} accesses from role to tier to outcome; {denied:,} were denied."
