"""Answers that a file of the draft makes likely; the person takes them or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.evidence.manifest_path import item
from exeat.evidence.statements import slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.partial import Fact, Merged
    from exeat.policy.contents import Contents


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


def channels_from(contents: Contents) -> dict[str, dict[str, str]]:
    """Return an entry of ``leakage_channels`` for each channel that an inspection found in a file.

    Whether it was assessed is left open: finding a channel is not judging it.
    """
    found: dict[str, dict[str, str]] = {}
    for name, inspection in contents.inspections.items():
        for one in inspection.channels:
            path = item("leakage_channels", f"{one.channel.title} in {name}"[:200])
            found.setdefault(path, {"component_id": name, "mitigation": one.remedy})
    return found


def _told(merged: Merged, path: str) -> Fact | None:
    return next((fact for fact in merged.facts_of(path) if fact.origin.file), None)
