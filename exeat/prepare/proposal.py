"""The proposal of a draft: what is known of it, what is missing, and the document once nothing is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.model.documents import parse_document
from exeat.model.release import Proposal
from exeat.model.tier import ComponentKind, Disposition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from exeat.evidence.partial import Merged
    from exeat.model.draft import Draft, Wish
    from exeat.model.manifest import Manifest

SHORTEST_PURPOSE = 40


def answers_of(draft: Draft, merged: Merged) -> dict[str, Any]:
    """Return what the wish says of the manifest: the form of each file and the tier, where no file states them."""
    said: dict[str, Any] = {}
    for component, form in draft.wish.forms.items():
        path = f"components[{component}].proposed_disposition"
        if f"components[{component}].sha256" in merged.paths and not merged.facts_of(path):
            said[path] = form.value
    if draft.wish.tier is not None and not merged.facts_of("intended_tier"):
        said["intended_tier"] = draft.wish.tier.value
    return said


def belongs_to_the_wish(path: str) -> bool:
    """Return whether the field is asked with what leaves, not with the description."""
    return path == "intended_tier" or path.endswith("].proposed_disposition")


def forms_of(wish: Wish, merged: Merged) -> dict[str, Disposition]:
    """Return the form of each file as chosen, or as a file of the draft proposes it."""
    ids = [path.removeprefix("components[").partition("]")[0] for path in merged.paths if path.endswith("].sha256")]
    found = {}
    for name in dict.fromkeys(ids):
        stated = merged.value(f"components[{name}].proposed_disposition")
        form = wish.forms.get(name) or (stated if stated in list(Disposition) else None)
        if form is not None:
            found[name] = Disposition(form)
    return found


def lacking(draft: Draft, merged: Merged, today: date) -> Iterator[tuple[str, str]]:
    """Yield (field, sentence) for everything that the proposal still needs."""
    wish, forms = draft.wish, forms_of(draft.wish, merged)
    if wish.tier is None:
        yield "tier", "To which tier is it to go?"
    open_ones = [name for name in _components(merged) if name not in forms]
    for name in open_ones:
        yield f"form:{name}", f"In what form is {name} to leave, or does it stay inside?"
    if forms and not open_ones and all(form is Disposition.DENIED for form in forms.values()):
        yield "forms", "Everything stays inside; choose at least one file that leaves."
    if not wish.recipients:
        yield "recipients", "Who gets it?"
    if len((wish.purpose or "").strip()) < SHORTEST_PURPOSE:
        yield "purpose", f"What do they get it for? At least {SHORTEST_PURPOSE} characters."
    if wish.until is None:
        yield "until", "Until when may they have it?"
    elif wish.until <= today:
        yield "until", "Until when may they have it? The date must lie ahead."


def _components(merged: Merged) -> list[str]:
    listed = (part for part in merged.document().get("components", ()) if isinstance(part, dict))
    return [str(part.get("id", "")) for part in listed]


def proposal_of(draft: Draft, manifest: Manifest, manifest_sha256: str, release_id: str) -> Proposal:
    """Return the proposal, validated as strictly as a file; raise BadInput when something is missing or wrong."""
    wish, listed = draft.wish, [part.id for part in manifest.components]
    forms = {part.id: wish.forms.get(part.id, part.proposed_disposition) for part in manifest.components}
    leaving = [
        {"component_id": name, "disposition": forms[name].value}
        for name in listed
        if forms[name] is not Disposition.DENIED
    ]
    if not leaving:
        raise BadInput("Everything stays inside.", "Choose at least one file that leaves.", place="$.components")
    fields = wish.model_dump(mode="json", exclude_none=True)
    kept = ("tier", "recipients", "purpose", "until", "lower_tier_considered", "risk_note", "purpose_duo")
    document = {name: fields[name] for name in kept if name in fields} | {
        "schema": "exeat-release/1",
        "release_id": release_id,
        "title": wish.title or manifest.title,
        "checkpoint_id": manifest.checkpoint_id,
        "manifest_sha256": manifest_sha256,
        "components": leaving,
        "submitter": draft.owner,
        "contributors": [],
    }
    if wish.supersedes_release:
        document["supersedes_release"] = wish.supersedes_release
    if wish.reference:
        names = ("reference", "signed", "named_persons", "quota_downloads", "incident_contact", "deletion_due")
        document["agreement"] = {name: fields[name] for name in names if name in fields}
    return parse_document(json.dumps(document).encode(), Proposal)


def default_id(draft: Draft, manifest: Manifest) -> str:
    """Return the release id to use when nobody chose one."""
    if draft.wish.release_id:
        return draft.wish.release_id
    tier = draft.wish.tier.value.lower() if draft.wish.tier else "t"
    return f"{manifest.checkpoint_id[:70]}-{tier}"


def kind_of(part: Any) -> ComponentKind | None:
    """Return the kind of a component in an unfinished manifest."""
    kind = part.get("kind") if isinstance(part, dict) else None
    return ComponentKind(kind) if kind in list(ComponentKind) else None
