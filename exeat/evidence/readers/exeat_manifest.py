"""Our own manifest, complete or a draft: every field of it as a fact."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence.readers import own, values
from exeat.evidence.readers.saying import Saying
from exeat.evidence.readers.shape import Reader
from exeat.model.documents import parse_json

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "exeat-manifest"
SCHEMA = "exeat-manifest/1"
_FIRST_KEY = re.compile(rb'\s*\{\s*"schema"\s*:\s*"exeat-manifest/1"')


def recognises(peek: Peek) -> bool:
    """Return whether the JSON names the schema of our manifest, or begins with it and is broken further on."""
    if SCHEMA.encode() not in peek.data:
        return False
    return values.table(peek.json).get("schema") == SCHEMA or _FIRST_KEY.match(peek.data) is not None


def read(bundle: Bundle) -> Partial:
    """Read the manifest; raise BadInput when it is not JSON."""
    saying = Saying(NAME, bundle)
    found = parse_json(bundle.data())
    if values.table(found).get("schema") != SCHEMA:
        raise BadInput("The file begins as a manifest and is none.", "Export it again.", place="$.schema")
    own.tell_own(saying, values.table(found), "$.")
    return saying.partial()


READER = Reader(NAME, "an Exeat manifest", recognises, read)
