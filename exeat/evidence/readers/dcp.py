"""PyTorch distributed checkpoint: the pickled ``.metadata`` that names tensors and files, and the files beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.inspection import Call
from exeat.evidence.inspection.part_rules import kind_of_path
from exeat.evidence.readers import inside, parts, values
from exeat.evidence.readers.saying import Saying, brief
from exeat.evidence.readers.shape import Reader
from exeat.model.inspection import PartKind

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "distributed"
METADATA = ".metadata"
CLASS = "torch.distributed.checkpoint.metadata.Metadata"
MAX_FILES = 5000


def recognises(peek: Peek) -> bool:
    """Return whether the file is the pickled Metadata of torch.distributed.checkpoint."""
    if b"torch.distributed.checkpoint" not in peek.data or peek.opened is None or not peek.opened.trees:
        return False
    value = peek.opened.trees[0].value
    return isinstance(value, Call) and str(value.func) == CLASS


def read(bundle: Bundle) -> Partial:
    """Read which tensors there are and in which files they lie; raise BadInput when none is named."""
    saying = Saying(NAME, bundle)
    state = inside.table_of(bundle.opened.trees[0].value)
    tensors = {str(name): _shape(entry) for name, entry in values.table(state.get("state_dict_metadata")).items()}
    placed = _placed(values.table(state.get("storage_data")))
    if not placed:
        raise BadInput("The metadata names no file.", "Save the distributed checkpoint again.")
    kinds = {name: kind_of_path((name,)) or PartKind.WEIGHTS for name in tensors}
    weights = [shape for name, shape in tensors.items() if shape is not None and kinds[name] is PartKind.WEIGHTS]
    total = values.integer(sum(map(math.prod, weights)))
    saying.says("model.n_parameters", total, "state_dict_metadata, buffers included")
    saying.says("training.framework", "PyTorch", CLASS)
    for name in sorted(placed)[:MAX_FILES]:
        _file(saying, bundle, name, {kinds.get(tensor, PartKind.OTHER) for tensor in placed[name]})
    parts.tell_file(saying, bundle.file, "config", "pickle")
    return saying.partial()


def _shape(entry: Any) -> tuple[int, ...] | None:
    """Return the size of a tensor; None for other values."""
    size = inside.table_of(entry).get("size")
    sizes = size.args[0] if isinstance(size, Call) and size.args else None
    good = isinstance(sizes, tuple | list) and all(isinstance(n, int) and 0 <= n < 2**48 for n in sizes)
    return tuple(sizes) if good and sizes is not None else None


def _placed(storage: dict[Any, Any]) -> dict[str, set[str]]:
    """Return the names of what lies in each file."""
    found: dict[str, set[str]] = {}
    for index, info in storage.items():
        # A key of the pickle is an object; the inspection keeps it as it is or wrapped.
        name = inside.table_of(getattr(index, "value", index)).get("fqn")
        path = inside.table_of(info).get("relative_path")
        if isinstance(path, str):
            found.setdefault(path, set()).add(str(name))
    return found


def _file(saying: Saying, bundle: Bundle, name: str, kinds: set[PartKind]) -> None:
    where = parts.tell_listed(saying, name, None, f"storage_data: {brief(name, 100)}")
    member = bundle.members.get(where or "")
    if where is None or member is None:
        saying.note(f"{brief(name, 100)} is named by the metadata and is not in the folder.")
        return
    holds_more = PartKind.OPTIMIZER_STATE in kinds
    parts.tell_file(saying, member, "optimizer_state" if holds_more else "weights", "distcp")
    shown = [kind.title for kind in PartKind if kind in kinds and kind is not PartKind.OTHER]
    path = parts.component(parts.placed(saying, where), "contains")
    saying.says(path, shown or None, "state_dict_metadata")


READER = Reader(NAME, "a PyTorch distributed checkpoint", recognises, read, folder=True)
