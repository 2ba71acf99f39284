"""Entries of a release as sentences, for its history and for what changed since a screen was opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.review.lifecycle import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from exeat.ledger.statement import Entry

_DID: dict[Kind, str] = {
    Kind.DRAFTED: "drafted the proposal",
    Kind.SUBMITTED: "submitted it for review",
    Kind.REVIEW_STARTED: "took a reviewer's seat",
    Kind.CONFLICT_DECLARED: "declared a conflict and stood aside",
    Kind.REVIEW_RECORDED: "recorded a review",
    Kind.REVIEWS_OPENED: "opened the reviews",
    Kind.COMMENTED: "commented",
    Kind.COMMENT_PROMOTED: "showed a comment to everyone",
    Kind.RETURNED: "returned it to the submitter",
    Kind.REFERRED: "referred it to the board",
    Kind.WITHDRAWN: "withdrew it",
    Kind.APPROVED: "recorded the approval that all reviews agree on",
    Kind.REJECTED: "recorded the rejection that all reviews agree on",
    Kind.BOARD_DECIDED: "recorded the board's decision",
    Kind.BOARD_COSIGNED: "co-signed the board's decision",
    Kind.ACTIVATED: "activated it",
    Kind.SUSPENDED: "suspended it",
    Kind.LIFT_AGREED: "agreed to lift the suspension",
    Kind.LIFTED: "lifted the suspension by quorum",
    Kind.REVOKED: "revoked it",
    Kind.SUPERSEDED: "put a newer release in its place",
    Kind.VIEWED: "viewed the dossier",
}


class Happened(NamedTuple):
    """One line of the history: entry number, time, sentence."""

    seq: int
    at: datetime
    sentence: str


def sentence_of(entry: Entry, names: Mapping[str, str] | None = None) -> str:
    """Return one entry as a sentence; with ``names`` nobody else is named, only by role."""
    who = "Exeat" if entry.actor == "system" else entry.actor
    if names is not None and entry.actor != "system":
        who = names.get(entry.actor) or f"a {entry.role.replace('_', ' ')}"
    try:
        did = _DID[Kind(entry.kind)]
    except ValueError:
        did = f"stated {entry.kind}"
    return f"{who} {did}."


def history(entries: Iterable[Entry], names: Mapping[str, str] | None = None) -> tuple[Happened, ...]:
    """Return the entries as lines, oldest first."""
    return tuple(Happened(entry.seq, entry.ts, sentence_of(entry, names)) for entry in entries)
