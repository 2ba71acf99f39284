"""A checkpoint file that says nothing of itself: where it lies, its size, digest and format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence.readers import parts
from exeat.evidence.readers.saying import Saying
from exeat.evidence.readers.shape import Reader
from exeat.evidence.recognise import CHECKPOINT_FILE, recognise

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "checkpoint-file"
FORMATS = ((b"PK\x03\x04", "pytorch-zip"), (b"\x80", "pickle"), (b"GGUF", "gguf"), (b"\x89HDF\r\n\x1a\n", "hdf5"))
HEAD = 4096


def recognises(peek: Peek) -> bool:
    """Return whether the first bytes are those of a checkpoint format."""
    if not peek.data.startswith(tuple(magic for magic, _ in FORMATS)):
        return False
    try:
        return recognise(peek.data, peek.size) == CHECKPOINT_FILE
    except BadInput:
        return False


def read(bundle: Bundle) -> Partial:
    """Take the file as a component; nothing of it is unpickled."""
    saying = Saying(NAME, bundle)
    head = bundle.file.first(HEAD)
    form = next((name for magic, name in FORMATS if head.startswith(magic)), None)
    parts.tell_file(saying, bundle.file, "weights", form)
    return saying.partial()


READER = Reader(NAME, "a checkpoint file", recognises, read)
