"""Fit a manifest into a foreign format: a field of the format is used when reading it back gives what we wrote.

What the format has no field for goes into a block of our own, in the words of our manifest. Lists stay whole there:
their order and ids have no place elsewhere.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.manifest_path import LISTS, flatten
from exeat.evidence.partial import complete, merge
from exeat.evidence.readers.shape import Bundle, Given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exeat.evidence.partial import Merged
    from exeat.evidence.readers.shape import Reader
    from exeat.model.manifest import Manifest

Leaves = dict[str, Any]


class Format(NamedTuple):
    """A foreign format: its parts by name, how they are written with our own block, and the reader of the result.

    ``mark`` is how places in our own block begin.
    """

    title: str
    reader: Reader
    mark: str
    parts: Callable[[Manifest], Mapping[str, Any]]
    write: Callable[[Manifest, Mapping[str, Any], Leaves], bytes]


def fitted(manifest: Manifest, form: Format) -> bytes:
    """Return the manifest in the format; raise BadInput when it cannot carry the whole of it."""
    leaves = leaves_of(manifest)
    parts = form.parts(manifest)
    read = _read(form, full := form.write(manifest, parts, leaves))
    if not _agrees(read, leaves):
        parts = {
            name: part
            for name, part in parts.items()
            if _agrees(_read(form, form.write(manifest, {name: part}, leaves)), leaves)
        }
        read = _read(form, full := form.write(manifest, parts, leaves))
    brief = form.write(manifest, parts, _without_told(form, read, leaves))
    for data in (brief, full):
        if _gives_back(form, data, manifest):
            return data
    raise BadInput(
        f"{form.title} cannot carry this manifest: read back, it would be another one.",
        "Look for names with square brackets or line breaks in hyperparameters, and rename them.",
    )


def leaves_of(manifest: Manifest) -> Leaves:
    """Return every leaf of the manifest by its path, as JSON values."""
    document = json.loads(manifest.model_dump_json(by_alias=True, exclude_none=True))
    del document["schema"]
    return {path: leaf for name, value in document.items() for path, leaf in flatten(name, value)}


def _read(form: Format, data: bytes) -> Merged:
    return merge([form.reader.read(Bundle(Given("export", data)))])


def _agrees(merged: Merged, leaves: Leaves) -> bool:
    """Return whether nothing that was read differs from the manifest or goes beyond it."""
    return not merged.contradictions and set(merged.paths) <= set(leaves)


def _without_told(form: Format, merged: Merged, leaves: Leaves) -> Leaves:
    """Return what our own block has to say: all but what a field of the format says in the same words."""
    return {path: leaf for path, leaf in leaves.items() if not _is_told(form, merged, path, leaf)}


def _is_told(form: Format, merged: Merged, path: str, leaf: Any) -> bool:
    if path.partition("[")[0] in LISTS:
        return False
    return any(fact.value == leaf for fact in merged.facts_of(path) if form.mark not in fact.origin.place)


def _gives_back(form: Format, data: bytes, manifest: Manifest) -> bool:
    try:
        return complete(_read(form, data)) == manifest
    except BadInput:
        return False
