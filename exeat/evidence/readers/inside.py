"""What stands inside a checkpoint file, as symbols: its top level, its parts, its tensors; nothing is unpickled."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exeat.evidence.inspection import Call, open_checkpoint
from exeat.evidence.inspection.part_rules import kind_of_path
from exeat.evidence.inspection.parts import parts_of
from exeat.evidence.readers import values
from exeat.model.inspection import PartKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exeat.evidence.inspection import Opened, TensorRef
    from exeat.evidence.readers.saying import Saying
    from exeat.evidence.readers.shape import Given

UNKNOWN = "unknown"
FORMATS = {"torch-zip": "pytorch-zip", "torch-legacy": "pytorch-legacy"}
"""Our word for a format where the inspection has another one."""


def look_inside(file: Given) -> Opened | None:
    """Open the file and build its symbolic trees; who asks closes it. None for what is no checkpoint at all.

    Raises BadInput when the file cannot be read.
    """
    opened = _open(file)
    if opened.format == UNKNOWN:
        opened.close()
        return None
    return opened


def _open(file: Given) -> Opened:
    if file.data is None:
        return open_checkpoint(Path(file.path or ""))
    with tempfile.NamedTemporaryFile(prefix="exeat-") as copy:
        copy.write(file.data)
        copy.flush()
        return open_checkpoint(Path(copy.name))


def root_of(opened: Opened | None) -> dict[Any, Any]:
    """Return the dict that the file holds at its top level; an empty one when it holds something else."""
    value = opened.trees[0].value if opened is not None and opened.trees else None
    return value if isinstance(value, dict) else {}


def table_of(value: Any) -> dict[Any, Any]:
    """Return the fields of a dict or of an object that keeps its fields as one (Namespace, AttributeDict)."""
    if isinstance(value, Call):
        return values.table(value.state) or {key: part for key, part in value.pairs if isinstance(key, str)}
    return values.table(value)


def kinds_in(opened: Opened) -> tuple[PartKind, ...]:
    """Return which kinds of part the file holds, in the order of the enum."""
    found = {part.kind for part in parts_of(opened).parts} - {PartKind.OTHER}
    return tuple(kind for kind in PartKind if kind in found)


def _kind_of(ref: TensorRef) -> PartKind:
    return kind_of_path(ref.path) or PartKind.WEIGHTS


def parameters(tensors: Iterable[TensorRef]) -> int | None:
    """Return how many values the weights among the tensors have, buffers included."""
    weights = [ref for ref in tensors if _kind_of(ref) is PartKind.WEIGHTS]
    return values.integer(sum(math.prod(ref.shape) for ref in weights)) if weights else None


def note_problems(saying: Saying, opened: Opened) -> None:
    """Note what keeps the file from being loaded safely; the inspection says all of it."""
    for problem in opened.problems[:3]:
        saying.note(f"{problem.sentence} exeat inspect says more.")
