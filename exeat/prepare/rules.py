"""Who may prepare a release, and when a draft can become one. ``check`` raises with the sentence ``reason`` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import ExeatError, Incomplete, NotFound, NotNow, NotPermitted
from exeat.model.person import ROLE_PERMISSIONS, Permission, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exeat.model.draft import Draft
    from exeat.model.person import Person

MAX_DRAFTS = 20
"""Most drafts of one person; submitted ones count until they are deleted."""


class Missing(NamedTuple):
    """One thing that a draft still needs: the step of the page, the field there, and the question."""

    step: str
    path: str
    sentence: str


def check_can_prepare(person: Person) -> None:
    """Let submitters; everyone else has other duties here."""
    if not person.can(Permission.RELEASE_SUBMIT):
        may = [role.title for role in Role if Permission.RELEASE_SUBMIT in ROLE_PERMISSIONS[role]]
        roles = ", ".join(sorted(role.title for role in person.roles)) or "nobody"
        raise NotPermitted(f"You are here as {roles} and may not prepare a release.", f"A {' or '.join(may)} may.")


def check_is_own(person: Person, draft: Draft) -> None:
    """Let nobody but its owner know of a draft."""
    check_can_prepare(person)
    if draft.owner != person.person_id:
        raise no_such_draft()


def no_such_draft() -> NotFound:
    """Return the answer for a draft that is not there, or not this person's."""
    return NotFound("There is no such draft.", "Choose one of your drafts.")


def check_can_start(person: Person, count: int) -> None:
    """Let a submitter with fewer drafts than the limit."""
    check_can_prepare(person)
    if count >= MAX_DRAFTS:
        raise NotNow(f"You have {count} drafts; {MAX_DRAFTS} are the limit.", "Delete one that you do not need.")


def check_can_change(person: Person, draft: Draft) -> None:
    """Let the owner, as long as the draft is not submitted."""
    check_is_own(person, draft)
    if draft.sent is not None:
        raise NotNow(
            f"This draft was submitted as {draft.sent.release_id}; it does not change any more.",
            "Follow the release, or start a new draft.",
        )


def check_can_delete(person: Person, draft: Draft) -> None:
    """Let the owner at any time: what was submitted is on the record without the draft."""
    check_is_own(person, draft)


def check_can_submit(person: Person, draft: Draft, missing: Sequence[Missing]) -> None:
    """Let the owner of an open draft that lacks nothing; findings do not stop a submission, reviewers weigh them."""
    check_can_change(person, draft)
    if missing:
        first = missing[0].sentence
        if len(missing) == 1:
            raise Incomplete(f"One thing is missing: {first}", "Answer it above; it is your turn.")
        raise Incomplete(f"{len(missing)} things are missing, first: {first}", "Answer them above; it is your turn.")


def reason(check: Callable[[], None]) -> str | None:
    """Return why the check refuses, with the next step; None when it does not."""
    try:
        check()
    except ExeatError as refused:
        return str(refused)
    return None


def reason_prepare(person: Person) -> str | None:
    """Return why this person may not prepare a release."""
    return reason(lambda: check_can_prepare(person))


def reason_start(person: Person, count: int) -> str | None:
    """Return why this person may not start another draft."""
    return reason(lambda: check_can_start(person, count))


def reason_change(person: Person, draft: Draft) -> str | None:
    """Return why this draft cannot change."""
    return reason(lambda: check_can_change(person, draft))


def reason_submit(person: Person, draft: Draft, missing: Sequence[Missing]) -> str | None:
    """Return why this draft cannot be submitted, and whose turn it is."""
    return reason(lambda: check_can_submit(person, draft, missing))
