"""The state of a release: a pure fold over its statements, and what it permits on a given day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exeat.model.tier import Disposition
from exeat.review.handlers import HANDLERS
from exeat.review.lifecycle import MOVE_OF, Kind, State
from exeat.review.parts import Comment, ReleaseState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from exeat.ledger.statement import Entry
    from exeat.model.tier import Tier

LIVE = frozenset({State.APPROVED, State.ACTIVE})
DECIDED = LIVE | {State.SUSPENDED, State.REJECTED, State.REVOKED, State.EXPIRED, State.SUPERSEDED}
CASE, COMMENTS, VIEWS = "release:", "comments:", "view:"


def fold(
    entries: Iterable[Entry], opened: Mapping[str, Any] | None = None, *, start: ReleaseState | None = None
) -> ReleaseState:
    """Return the state after the statements of one release case; ``start`` continues an earlier fold.

    ``opened`` maps commitments to values (``LedgerStore.opened``); without it all texts and sealed votes are None.
    Unknown kinds, and kinds that the state does not allow, change nothing but the version.
    """
    state = start or ReleaseState()
    for entry in entries:
        state = _step(state, entry, opened or {})
    return state


def _step(state: ReleaseState, entry: Entry, opened: Mapping[str, Any]) -> ReleaseState:
    after = _moved(state, entry, opened)
    if after is None:
        after = replace(state, ignored=(*state.ignored, entry.seq))
    release_id = state.release_id or entry.case.removeprefix(CASE)
    return replace(after, release_id=release_id, version=entry.version, updated_at=entry.ts)


def _moved(state: ReleaseState, entry: Entry, opened: Mapping[str, Any]) -> ReleaseState | None:
    """Return the state after an allowed statement, None when it has no effect."""
    try:
        kind = Kind(entry.kind)
    except ValueError:
        return None
    move, handler = MOVE_OF[kind], HANDLERS.get(kind)
    if handler is None or state.state not in move.sources or (not state.exists and kind is not Kind.DRAFTED):
        return None
    after = handler(state, entry, opened)
    return after if after is None or move.target is None else replace(after, state=move.target)


def effective(state: ReleaseState, today: date) -> State:
    """Return the state as of today: what was decided for a time is over the day after ``until``."""
    until = state.decision.until if state.decision else None
    over = state.state in LIVE | {State.SUSPENDED} and until is not None and today > until
    return State.EXPIRED if over else state.state


def permitted(state: ReleaseState, component: str, tier: Tier, today: date) -> Disposition:
    """Return in what form this tier may have the component today; denied unless the release is active now.

    Read from the current state, expiry and suspension each time; there is no flag that remembers an approval.
    """
    if effective(state, today) is not State.ACTIVE or state.decision is None:
        return Disposition.DENIED
    cells = [
        cell.disposition
        for cell in state.decision.matrix
        if cell.component == component and tier.rank >= cell.tier.rank and today <= cell.until
    ]
    return cells[0] if cells else Disposition.DENIED


def fold_comments(entries: Iterable[Entry], opened: Mapping[str, Any] | None = None) -> tuple[Comment, ...]:
    """Return the comments of a release in order; promotion widens the audience, nothing removes one."""
    values, found = opened or {}, dict[int, Comment]()
    for entry in entries:
        if entry.kind == Kind.COMMENTED:
            found[entry.seq] = Comment(
                seq=entry.seq,
                at=entry.ts,
                author=entry.actor,
                role=entry.role,
                round=int(entry.body.get("round", 0)),
                audience=str(entry.body.get("audience", "reviewers")),
                text=values.get(entry.sealed.get("text", "")),
            )
        elif entry.kind == Kind.COMMENT_PROMOTED and (old := found.get(entry.body.get("comment", -1))):
            found[old.seq] = replace(old, audience="everyone", promoted_by=entry.actor)
    return tuple(found.values())
