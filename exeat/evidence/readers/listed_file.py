"""A file of no known format that another source lists as a component: its path, size and digest, to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.readers import parts
from exeat.evidence.readers.saying import Saying
from exeat.evidence.readers.shape import Reader

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "listed-file"


def recognises(_: Peek) -> bool:
    """Return False: such a file has no format; that it is listed tells it."""
    return False


def read(bundle: Bundle) -> Partial:
    """Measure the file; what kind of component it is, the list says."""
    saying = Saying(NAME, bundle)
    parts.tell_file(saying, bundle.file, None, None)
    return saying.partial()


READER = Reader(NAME, "a listed file of the checkpoint", recognises, read)
