"""Sharded Hugging Face folder: ``model.safetensors.index.json`` and the shards that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence.readers import inside, parts, values
from exeat.evidence.readers.safetensors_header import looks_like_one, read_header
from exeat.evidence.readers.saying import Saying
from exeat.evidence.readers.shape import Reader
from exeat.model.documents import parse_json

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "sharded"
MAX_SHARDS = 2000


def recognises(peek: Peek) -> bool:
    """Return whether the JSON maps tensors to files, as the index of a sharded model does."""
    found = peek.json if b'"weight_map"' in peek.data else None
    return isinstance(found, dict) and isinstance(found.get("weight_map"), dict)


def read(bundle: Bundle) -> Partial:
    """Read the index and the headers of its shards; raise BadInput when it names no shard."""
    saying = Saying(NAME, bundle)
    index = values.table(parse_json(bundle.data()))
    placed: dict[str, set[str]] = {}
    for tensor, shard in values.table(index.get("weight_map")).items():
        placed.setdefault(str(shard), set()).add(tensor)
    if not placed:
        raise BadInput("The index names no shard.", "Save the model again.", place="$.weight_map")
    if len(placed) > MAX_SHARDS:
        raise BadInput(f"The index names {len(placed):,} shards; at most {MAX_SHARDS:,} are read.", "Merge shards.")
    counts = [_shard(saying, bundle, shard, tensors) for shard, tensors in sorted(placed.items())]
    if all(count is not None for count in counts):
        total = values.integer(sum(count or 0 for count in counts))
        saying.says("model.n_parameters", total, f"headers of {len(placed):,} shards, buffers included")
    parts.tell_file(saying, bundle.file, "config", "json")
    return saying.partial()


def _shard(saying: Saying, bundle: Bundle, name: str, tensors: set[str]) -> int | None:
    """Take one shard as a component; return its number of parameters, None when its header is not here."""
    place = f"weight_map: {name[:100]}"
    where = parts.tell_listed(saying, name, None, place)
    member = bundle.members.get(where or "")
    if where is None or member is None:
        saying.note(f"{name[:100]} is named by the index and is not in the folder.")
        return None
    if not looks_like_one(member.first(16)):
        opened = inside.look_inside(member)
        if opened is None:
            saying.note(f"{where} is no checkpoint file.")
            return None
        with opened:
            parts.tell_checkpoint(saying, member, opened, inside.FORMATS.get(opened.format, opened.format))
        return _compared(
            saying, where, tensors, {ref.name for ref in opened.tensors}, inside.parameters(opened.tensors)
        )
    parts.tell_file(saying, member, "weights", "safetensors")
    header = read_header(member)
    return _compared(saying, where, tensors, set(header.tensors), header.parameters)


def _compared(saying: Saying, where: str, tensors: set[str], held: set[str], count: int | None) -> int | None:
    """Note where index and shard disagree about its tensors; return the number of parameters as given."""
    if missing := tensors - held:
        saying.note(f"{where} lacks {len(missing):,} tensors that the index places in it.")
    if more := held - tensors:
        saying.note(f"{where} holds {len(more):,} tensors that the index does not name.")
    return count


READER = Reader(NAME, "the index of a sharded model", recognises, read, folder=True)
