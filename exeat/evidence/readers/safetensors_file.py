"""safetensors file: the ``__metadata__`` of its header, the number of parameters, and the file as a component."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.readers import conventions, parts, values
from exeat.evidence.readers.safetensors_header import looks_like_one, read_header
from exeat.evidence.readers.saying import Saying, brief
from exeat.evidence.readers.shape import Reader

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "safetensors"
MODELSPEC = {
    "modelspec.title": ("title", values.line),
    "modelspec.description": ("purpose", values.text),
    "modelspec.architecture": ("model.architecture", values.line),
    "modelspec.license": ("governance.licence", values.line),
    "modelspec.date": ("created_at", values.moment),
}
"""Fields of the ModelSpec convention."""
PREFIXES = ("ckpt.", "exeat.")


def recognises(peek: Peek) -> bool:
    """Return whether the file begins with a safetensors header."""
    return looks_like_one(peek.data)


def read(bundle: Bundle) -> Partial:
    """Read the header; raise BadInput when it is none."""
    saying = Saying(NAME, bundle)
    header = read_header(bundle.file)
    for name, value in header.metadata.items():
        _entry(saying, name, value)
    saying.says("model.n_parameters", header.parameters, f"{len(header.tensors):,} tensors, buffers included")
    parts.tell_file(saying, bundle.file, "weights", "safetensors")
    return saying.partial()


def _entry(saying: Saying, name: str, value: object) -> None:
    place = f"__metadata__.{brief(name, 100)}"
    if name in MODELSPEC:
        path, convert = MODELSPEC[name]
        saying.takes(path, value, place, convert)
        return
    plain = next((name.removeprefix(prefix) for prefix in PREFIXES if name.startswith(prefix)), name)
    plain = "checkpoint_id" if plain == "id" and plain != name else plain
    if name != "format" and not conventions.tell(saying, plain, value, place):
        saying.note(f"{place} has no place in the manifest: {brief(value)}.")


READER = Reader(NAME, "a safetensors file", recognises, read)
