"""A checkpoint file that says nothing of itself: where it lies, its size, digest and format, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.inspection.open_onnx import looks_like_onnx
from exeat.evidence.readers import inside, parts
from exeat.evidence.readers.saying import Saying
from exeat.evidence.readers.shape import Reader
from exeat.evidence.recognise import is_checkpoint_file

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "checkpoint-file"
UNOPENED = ((b"\x89HDF\r\n\x1a\n", "hdf5"), (b"\x93NUMPY", "npy"), (b"\x1f\x8b", "gzip"))
"""Formats that are recognised and not opened."""
HEAD = 4096


def recognises(peek: Peek) -> bool:
    """Return whether the first bytes are those of a checkpoint format."""
    if is_checkpoint_file(peek.data, peek.size):
        return True
    return looks_like_onnx(peek.data[:HEAD], peek.size) and peek.opened is not None


def read(bundle: Bundle) -> Partial:
    """Take the file as a component, and count its parameters; nothing of it is unpickled."""
    saying = Saying(NAME, bundle)
    head = bundle.file.first(HEAD)
    form = next((name for magic, name in UNOPENED if head.startswith(magic)), None)
    if form is not None:
        parts.tell_file(saying, bundle.file, None, form)
        return saying.partial()
    opened = bundle.opened
    saying.says("model.n_parameters", inside.parameters(opened.tensors), "tensors of the file, buffers included")
    parts.tell_checkpoint(saying, bundle.file, opened, inside.FORMATS.get(opened.format, opened.format))
    return saying.partial()


READER = Reader(NAME, "a checkpoint file", recognises, read)
