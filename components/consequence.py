"""What would happen, in one sentence, before the click; pure text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.numbers import counted, listed, size
from exeat.model.tier import Disposition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.model.manifest import Manifest
    from exeat.model.release import Proposal

_VERBS = {
    Disposition.ALLOWED: "download",
    Disposition.AGGREGATED: "see only aggregates of",
    Disposition.MASKED: "download, with portions masked,",
    Disposition.QUERY_ONLY: "query, not copy,",
    Disposition.SANDBOX: "use inside the sandbox",
    Disposition.ESCROW: "rely on an escrow copy of",
}


def what_receivers_get(proposal: Proposal, manifest: Manifest, approved: tuple[str, ...]) -> str:
    """Say who gets what: ``The oncology group (T2, agreement) will be able to download weights (38 kB) until …``."""
    sizes = {part.id: part.bytes for part in manifest.components}
    by_verb: dict[str, list[str]] = {}
    for part in proposal.components:
        if part.component_id in approved and part.disposition in _VERBS:
            named = f"{part.component_id} ({size(sizes.get(part.component_id))})"
            by_verb.setdefault(_VERBS[part.disposition], []).append(named)
    who = f"{proposal.recipients} ({proposal.tier}, {proposal.tier.title})"
    if not by_verb:
        return f"{who} will get nothing."
    gains = listed([f"{verb} {listed(names)}" for verb, names in by_verb.items()])
    return f"{who} will be able to {gains} until {proposal.until}."


def of_review(proposal: Proposal, manifest: Manifest, votes: Mapping[str, str], in_already: int, needed: int) -> str:
    """Return what recording this review leads to, for these votes and this place in the order."""
    by_vote: dict[str, list[str]] = {}
    for part, vote in votes.items():
        by_vote.setdefault(vote.replace("_", " "), []).append(part)
    said = listed([f"{vote} for {listed(parts)}" for vote, parts in by_vote.items()])
    approved = tuple(part for part, vote in votes.items() if vote == "approve")
    gets = what_receivers_get(proposal, manifest, approved)
    missing = needed - in_already - 1
    if missing > 0:
        more = counted(missing, "more review is", "more reviews are")
        then = f"It stays sealed until {more} in. If all agree: "
    else:
        then = "It is the last one missing: the reviews open, and if all agree it is decided. Then: "
    return f"You record on “{proposal.title}”: {said}. {then}{gets} This cannot be deleted."
