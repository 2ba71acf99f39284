"""Take what is written in the words of our own manifest: the manifest itself, or a block of it in another format."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.manifest_path import flatten, steps
from exeat.evidence.readers.saying import brief
from exeat.evidence.readers.yaml_text import Unread
from exeat.model.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.readers.saying import Saying

EXTENSION = "x_"
"""Beginning of the names of fields that others may add."""


def is_field(name: str) -> bool:
    """Return whether our manifest has the field at its top level."""
    return (name in Manifest.model_fields and name != "schema_") or name.startswith(EXTENSION)


def tell_own(saying: Saying, table: Mapping[str, Any], prefix: str) -> None:
    """Take every leaf of the table; what is no field or no path of a manifest is noted."""
    for name, value in table.items():
        if name == "schema":
            continue
        if not is_field(name):
            saying.note(f"{prefix}{brief(name)} is not a field of the manifest.")
            continue
        for path, leaf in flatten(name, value):
            tell_leaf(saying, path, leaf, f"{prefix}{path}")


def tell_leaf(saying: Saying, path: str, leaf: Any, place: str) -> None:
    """Take one value under its path; note a path that is none."""
    try:
        steps(path)
    except BadInput as exc:
        saying.note(f"{brief(place, 100)}: {exc.headline}")
        return
    saying.says(path, plain(leaf, exact=EXTENSION not in path), place)


def plain(leaf: Any, *, exact: bool) -> Any:
    """Return a value as our manifest would write it: fractions as text where they are ``exact``."""
    if isinstance(leaf, dict):
        return {str(name): plain(part, exact=exact) for name, part in leaf.items()}
    if isinstance(leaf, list):
        return [plain(part, exact=exact) for part in leaf if not isinstance(part, Unread)]
    if isinstance(leaf, Decimal | float):
        return str(leaf) if exact else float(leaf)
    return None if isinstance(leaf, Unread) else leaf
