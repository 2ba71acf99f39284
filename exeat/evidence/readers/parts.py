"""Component facts about files: those that a list names, and the file itself with its size and digest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from exeat.evidence.joining import ITSELF
from exeat.evidence.manifest_path import item
from exeat.evidence.readers import inside, values
from exeat.model.inspection import PartKind

if TYPE_CHECKING:
    from exeat.evidence.inspection import Opened
    from exeat.evidence.readers.saying import Saying
    from exeat.evidence.readers.shape import Given

MAX_ID = 80


def component(path: str, field: str) -> str:
    """Return the path of one field of the component that lies at ``path``; its id is made from the path."""
    key = values.slug(path.replace("/", "-")) or "file"
    if len(key) >= MAX_ID:
        key = f"{key[: MAX_ID - 9]}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"
    return item("components", key, field)


def tell_file(saying: Saying, file: Given, kind: str | None, form: str | None) -> None:
    """Take what a file is by itself: where it lies, its bytes and its digest."""
    where = values.path_inside(file.name)
    if where is None:
        saying.note(f"{file.name[:80]!r} is not a path inside a checkpoint's folder.")
        return
    size, sha256 = file.digest()
    facts = {"kind": kind, "path": where, "format": form, "bytes": size, "sha256": sha256}
    for field, value in facts.items():
        saying.says(component(where, field), value, ITSELF, file=file.name)


def tell_checkpoint(saying: Saying, file: Given, opened: Opened, form: str) -> None:
    """Take a checkpoint file with the parts that it holds; optimizer state in it makes the whole file that kind."""
    kinds = inside.kinds_in(opened)
    holds_more = PartKind.OPTIMIZER_STATE in kinds
    tell_file(saying, file, "optimizer_state" if holds_more else "weights", form)
    where = values.path_inside(file.name)
    if where is not None and kinds:
        saying.says(
            component(where, "contains"), [kind.title for kind in kinds], f"{ITSELF}, keys and tensors", file=file.name
        )
    if len(kinds) > 1:
        others = ", ".join(kind.title for kind in kinds if kind is not PartKind.WEIGHTS)
        saying.note(f"The file holds more than weights: {others}. exeat minimise keeps the weights alone.")
    inside.note_problems(saying, opened)


def tell_listed(saying: Saying, path: str, sha256: str | None, place: str) -> str | None:
    """Take a file that a list names with its digest; return where it lies, seen from the list, or None."""
    where = values.path_inside(path)
    if where is None:
        saying.note(f"{place}: {path[:80]!r} leads out of the checkpoint's folder; left out.")
        return None
    full = placed(saying, where)
    saying.says(component(full, "path"), full, place)
    saying.says(component(full, "sha256"), sha256, place)
    return where


def placed(saying: Saying, path: str) -> str:
    """Return a path that is relative to the list as one relative to everything that was given."""
    folder = saying.bundle.name.rpartition("/")[0]
    return f"{folder}/{path}" if folder else path
