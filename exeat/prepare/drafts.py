"""How a draft changes: each change gives a new draft, validated as strictly as a file."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from exeat.errors import BadInput
from exeat.evidence.manifest_path import steps
from exeat.model.base import Part
from exeat.model.documents import parse_json, validation_to_bad_input
from exeat.model.draft import Draft, Measured
from exeat.model.manifest import Manifest

MAX_ANSWER_CHARS = 40_000


def parse_draft(data: bytes) -> Draft:
    """Return the stored record; raise BadInput when it is damaged."""
    parse_json(data)
    try:
        return Draft.model_validate_json(data)
    except ValidationError as exc:
        raise validation_to_bad_input(exc, "The draft") from exc


def changed(draft: Draft, **changes: Any) -> Draft:
    """Return the draft with the changes, validated as strictly as a file; raise BadInput with the field at fault."""
    return _checked(draft.model_dump(mode="json", by_alias=True) | _plain(changes))


def with_wish(draft: Draft, **changes: Any) -> Draft:
    """Return the draft with other fields of the proposal; None clears one."""
    return changed(draft, wish=draft.wish.model_dump(mode="json") | _plain(changes))


def with_measured(draft: Draft, sha256: str, **changes: Any) -> Draft:
    """Return the draft with what a person says of one report."""
    before = draft.measured.get(sha256, Measured()).model_dump(mode="json")
    whole = {key: value.model_dump(mode="json") for key, value in draft.measured.items()}
    return changed(draft, measured=whole | {sha256: before | _plain(changes)})


def with_answers(draft: Draft, answers: dict[str, Any]) -> Draft:
    """Return the draft with answers by path; raise BadInput for what is no field of a manifest or too long."""
    for path, value in answers.items():
        check_path(path)
        if len(json.dumps(value, default=str)) > MAX_ANSWER_CHARS:
            raise BadInput("This answer is too long.", f"Up to {MAX_ANSWER_CHARS:,} characters fit.", place=f"$.{path}")
    return changed(draft, answers=draft.answers | answers)


def without_answers(draft: Draft, path: str) -> Draft:
    """Return the draft without the answer to this path and to everything below it."""
    kept = {
        one: value
        for one, value in draft.answers.items()
        if one != path and not one.startswith((f"{path}.", f"{path}["))
    }
    return changed(draft, answers=kept)


def check_path(path: str) -> None:
    """Raise BadInput when the path does not lead into a manifest."""
    if steps(path)[0] not in Manifest.model_fields or path == "schema":
        raise BadInput(f"{path[:80]!r} is not a field of the manifest.", "Choose one from the list.")


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes as JSON values."""
    return dict(json.loads(json.dumps(changes, default=_json)))


def _json(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, Part) else str(value)


def _checked(document: dict[str, Any]) -> Draft:
    try:
        return Draft.model_validate_json(json.dumps(document))
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        what = str(first["loc"][-1]).replace("_", " ") if first["loc"] else "the draft"
        said = first["msg"].removeprefix("Value error, ")[:200]
        raise BadInput(f"{what.capitalize()} does not fit: {said}.", "Nothing was saved; correct it.") from exc
