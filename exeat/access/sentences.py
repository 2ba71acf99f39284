"""Ledger entries as sentences: one line per kind, as data."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "genesis": "{who} opened the log",
    "person.registered": "{who} acted for the first time",
    "policy.proposed": "{who} proposed a policy",
    "policy.adopted": "{who} put a policy into force",
    "checkpoint.registered": "{who} registered checkpoint {what}",
    "component.received": "{who} brought in a file of checkpoint {what}",
    "component.inspected": "{who} had a file of checkpoint {what} inspected",
    "component.minimised": "{who} brought in the record of a minimised file of checkpoint {what}",
    "report.attached": "{who} attached a risk report to checkpoint {what}",
    "access.partition_closed": "{who} closed the access events of {what}",
    "release.drafted": "{who} drafted release {what}",
    "release.submitted": "{who} submitted release {what} for review",
    "review.started": "{who} took a reviewer's seat for release {what}",
    "conflict.declared": "{who} declared a conflict and stands aside from release {what}",
    "review.recorded": "{who} recorded a review of release {what}",
    "reviews.opened": "the reviews of release {what} were opened",
    "comment.recorded": "{who} commented on release {what}",
    "comment.promoted": "{who} showed a comment on release {what} to everyone",
    "release.returned": "{who} returned release {what} to the submitter",
    "release.referred": "{who} referred release {what} to the board",
    "release.withdrawn": "{who} withdrew release {what}",
    "decision.approved": "release {what} was approved: all reviews agree",
    "decision.rejected": "release {what} was rejected: all reviews agree",
    "board.decided": "{who} recorded the board's decision on release {what}",
    "board.cosigned": "{who} co-signed the board's decision on release {what}",
    "release.activated": "{who} activated release {what}",
    "release.suspended": "{who} suspended release {what}",
    "suspension.lift_agreed": "{who} agreed to lift the suspension of release {what}",
    "suspension.lifted": "the suspension of release {what} was lifted",
    "release.revoked": "{who} revoked release {what}",
    "release.superseded": "release {what} was superseded by a newer one",
    "release.viewed": "{who} viewed the dossier of release {what}",
    "redaction.recorded": "{who} erased a sealed value",
}


def sentence(kind: str, case: str, who: str) -> str:
    """Return the entry as one sentence; an unknown kind is named as it is."""
    what = case.partition(":")[2] or case
    text = SENTENCES.get(kind, "{who} recorded {kind} about {what}").format(who=who, what=what, kind=kind)
    return f"{text[0].upper()}{text[1:]}."
