"""Our own manifest, complete or a draft: every field of it as a fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.readers import own, values
from exeat.evidence.readers.saying import Saying
from exeat.evidence.readers.shape import Reader
from exeat.model.documents import parse_json

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "exeat-manifest"
SCHEMA = "exeat-manifest/1"


def recognises(peek: Peek) -> bool:
    """Return whether the JSON names the schema of our manifest."""
    return SCHEMA.encode() in peek.data and isinstance(peek.json, dict) and peek.json.get("schema") == SCHEMA


def read(bundle: Bundle) -> Partial:
    """Read the manifest; raise BadInput when it is not JSON."""
    saying = Saying(NAME, bundle)
    own.tell_own(saying, values.table(parse_json(bundle.data())), "$.")
    return saying.partial()


READER = Reader(NAME, "an Exeat manifest", recognises, read)
