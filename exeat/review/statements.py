"""What the review says on the ledger: typed builders of drafts. Free text and names are sealed, never in clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.ledger.statement import Draft
from exeat.model.person import SYSTEM, Role
from exeat.review.lifecycle import MOVE_OF, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from exeat.model.person import Person
    from exeat.review.inputs import ReviewInput
    from exeat.review.parts import Cell, Review

PERSON_REGISTERED = "person.registered"


def release_draft(
    kind: Kind,
    release_id: str,
    by: Person,
    *,
    key: str,
    expects: int | None = None,
    prefix: str = "release:",
    body: Mapping[str, Any] | None = None,
    subject: Mapping[str, str] | None = None,
    sealed: Mapping[str, Any] | None = None,
) -> Draft:
    """Return a statement about a release, in the role that carries its permission.

    Empty texts are sealed as well: which fields an entry seals must not tell how somebody voted.
    """
    role = by.role_for(MOVE_OF[kind].permission) or Role.SYSTEM
    return Draft(
        kind=kind.value,
        case=prefix + release_id,
        actor=by.person_id,
        role=role.value,
        authenticated=by.authenticated,
        key=key,
        expects=expects,
        body=dict(body or {}),
        subject=dict(subject or {}),
        sealed=dict(sealed or {}),
    )


def person_registered(person: Person) -> Draft:
    """Return the statement that binds a person id to a sealed name; written once, with the first action."""
    return Draft(
        kind=PERSON_REGISTERED,
        case=f"person:{person.person_id}",
        actor=person.person_id,
        role="system" if person is SYSTEM else "self",
        authenticated=person.authenticated,
        key=f"{PERSON_REGISTERED}:{person.person_id}",
        body={"roles": sorted(role.value for role in person.roles)},
        sealed={"name": person.name},
    )


def review_sealed(review: ReviewInput) -> dict[str, Any]:
    """Return a review as sealed fields: what is opened later apart from texts that may be erased."""
    reasons = {f"answer:{item}": answer.reason for item, answer in review.answers.items() if answer.reason}
    reasons |= {f"override:{check}": override.reason for check, override in review.overrides.items()}
    return {
        "review": {
            "votes": dict(review.votes),
            "answers": {item: answer.value for item, answer in review.answers.items()},
            "overrides": {check: override.residual_risk for check, override in review.overrides.items()},
        },
        "rationale": review.rationale.strip(),
        "reasons": reasons,
    }


def opened_body(reviews: Iterable[Review], round_number: int) -> dict[str, Any]:
    """Return what becomes clear when the reviews open: votes, answers, overridden checks with residual risk."""
    return {
        "round": round_number,
        "reviews": [
            {
                "reviewer": review.reviewer,
                "version": review.version,
                "votes": dict(review.content.votes),
                "answers": dict(review.content.answers),
                "overrides": dict(review.content.overrides),
            }
            for review in reviews
            if review.content is not None
        ],
    }


def matrix_body(matrix: Iterable[Cell]) -> list[dict[str, str]]:
    """Return the decision matrix as rows of text."""
    return [
        {
            "component": cell.component,
            "tier": cell.tier.value,
            "disposition": cell.disposition.value,
            "until": _day(cell.until),
        }
        for cell in matrix
    ]


def _day(day: date) -> str:
    return day.isoformat()
