"""Answers that a file of the draft makes likely; the person takes them or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.evidence.statements import slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.partial import Fact, Merged


class Suggestion(NamedTuple):
    """A value and the place in a file from which it was made."""

    value: Any
    source: str


def suggestions_for(merged: Merged) -> Mapping[str, Suggestion]:
    """Return path -> suggestion, only from what a file says."""
    found: dict[str, Suggestion] = {}
    title = _told(merged, "title")
    if title is not None:
        made = Suggestion(slug(str(title.value)), f"from the title in {title.origin.file}")
        found["checkpoint_id"] = made
        found["lineage.run_family"] = made
    return found


def purpose_of(merged: Merged) -> Suggestion | None:
    """Return the model's purpose as a start for that of the release, when a file states it."""
    told = _told(merged, "purpose")
    return Suggestion(str(told.value), f"the purpose in {told.origin.file}") if told else None


def _told(merged: Merged, path: str) -> Fact | None:
    return next((fact for fact in merged.facts_of(path) if fact.origin.file), None)
