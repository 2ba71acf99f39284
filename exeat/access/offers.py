"""What a tier may have of a checkpoint, why not the rest, and how to ask. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.model.tier import ComponentKind, Disposition, Tier

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from exeat.model.policy import Policy


class Holding(NamedTuple):
    """One component: in what form it goes to whom, or why it does not. ``bytes`` in bytes."""

    component_id: str
    kind: ComponentKind
    bytes: int
    available: bool
    disposition: Disposition
    tier: Tier | None
    until: date | None
    recipients: str
    why: str

    @property
    def words(self) -> str:
        """Return ``weights (masked)``."""
        form = "" if self.disposition is Disposition.ALLOWED else f" ({self.disposition.title})"
        return f"{self.kind.title}{form}"


def holdings(components: pd.DataFrame, offers: pd.DataFrame, mine: Tier, policy: Policy | None) -> tuple[Holding, ...]:
    """Return every component of the newest manifest, what this tier may have first."""
    by_component = {str(name): group for name, group in offers.groupby("component_id")} if len(offers) else {}
    held = [_holding(row, by_component.get(str(row.component_id)), mine, policy) for row in components.itertuples()]
    return tuple(sorted(held, key=lambda h: (not h.available, h.tier is None, h.tier or "", h.component_id)))


def _holding(component: Any, offers: pd.DataFrame | None, mine: Tier, policy: Policy | None) -> Holding:
    kind = ComponentKind(component.kind)
    about = (str(component.component_id), kind, int(component.bytes))
    if offers is None:
        return Holding(*about, False, Disposition.DENIED, None, None, "", _not_released(kind, mine, policy))
    active = offers[offers["state"] == "active"]
    within = active[active["tier"] <= mine.value]
    best = (within if len(within) else active if len(active) else offers).iloc[0]
    tier, until = Tier(best["tier"]), best["until"].date()
    available = len(within) > 0
    why = _why(tier, str(best["state"]), mine, until, available=available)
    form = Disposition(best["decided"])
    return Holding(*about, available, form, tier, until, str(best["recipients"]), why)


def _why(tier: Tier, state: str, mine: Tier, until: date, *, available: bool) -> str:
    if available:
        return f"Released to {tier} and above until {until}."
    if state != "active":
        return f"Approved for {tier} ({tier.title}), but not active yet: the custodian activates it."
    return f"Goes to {tier} ({tier.title}) and above; you are {mine} ({mine.title})."


def _not_released(kind: ComponentKind, mine: Tier, policy: Policy | None) -> str:
    """Return why nothing leaves, and the most that the policy would allow."""
    if policy is None:
        return "Not released."
    cell = policy.cell(mine, kind)
    if cell.disposition is not Disposition.DENIED:
        return f"Not released. The policy would allow your tier at most: {cell.disposition.title}."
    first = next((t for t in Tier if policy.cell(t, kind).disposition is not Disposition.DENIED), None)
    if first is None:
        return f"Not released. The policy lets {kind.title} go to no tier."
    return f"Not released. The policy denies {kind.title} to {mine}; {first} ({first.title}) is the first that may ask."


def how_to_ask(facts: dict[str, Any], held: tuple[Holding, ...], mine: Tier) -> str:
    """Return the next step for a person who wants more than they may have."""
    whom = next(
        (str(facts[k]) for k in ("custodian", "contact") if isinstance(facts[k], str) and facts[k]), "a steward"
    )
    wanted = min((h.tier for h in held if h.tier is not None and h.tier.rank > mine.rank), default=None)
    first = f"Write to {whom}, {facts['org']}, and name the checkpoint, the component, your purpose and until when."
    if wanted is None:
        return first
    return f"{first} For {wanted} ({wanted.title}) your access has to be raised from {mine} ({mine.title})."
