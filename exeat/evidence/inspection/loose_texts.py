"""Texts that a pickle pushes and no value holds: popped, overwritten, or where nothing looks; they leave with the file.

``strings`` shows them to everybody, so they are searched for leakage like the texts that a tree reaches.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.evidence.inspection.symbols import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exeat.evidence.inspection.symbols import StorageRef

SHORTEST = 5
"""Characters below which a text tells nothing: types of numpy, orders, codecs."""
_DEVICE = re.compile(r"[a-z]{2,12}(?::\d{1,4})?")
_PARTS_OF_NUMPY = re.compile(r"[<>|=]?[biufcSUVMm]\d{1,7}(?:\[\w{1,7}\])?|generic")
_SYSTEM = frozenset(
    {"protocol_version", "little_endian", "type_sizes", "short", "index", "latin1", "latin-1", "utf-8", "ascii"}
)
"""What torch's old format says of the machine, a field of distributed metadata, the codecs that pickles may name."""


class Pushed(NamedTuple):
    """The texts and bytes that one pickle pushes; ``told`` holds the identities of those that were used as names."""

    place: str
    constants: Sequence[str | bytes]
    told: set[int]
    storages: Sequence[StorageRef]


def loose(pushed: Sequence[Pushed], reached: set[int]) -> Iterator[tuple[str, str | bytes]]:
    """Yield each text that is neither reached (by its identity), nor equal to one that is, with its place."""
    keys = {ref.key for one in pushed for ref in one.storages}
    for one in pushed:
        told = one.told | set(_of_storages(one.storages))
        rest = [text for text in one.constants if len(text) >= SHORTEST and id(text) not in reached]
        left = [text for text in rest if id(text) not in told]
        if not left:
            continue
        seen: set[Any] = {text for text in one.constants if id(text) in reached or id(text) in told} | keys | _SYSTEM
        for text in dict.fromkeys(left):
            if text not in seen and not (isinstance(text, str) and _PARTS_OF_NUMPY.fullmatch(text)):
                yield one.place, text


def _of_storages(storages: Sequence[StorageRef]) -> Iterator[int]:
    """Yield the identities of the texts in torch's own references to storages; their keys are names of members."""
    for ref in storages:
        if not ref.dtype:
            continue
        yield from (id(ref.id[0]), id(ref.id[2]))
        if _DEVICE.fullmatch(ref.location):
            yield id(ref.id[3])
        if len(ref.id) > 5 and isinstance(ref.id[5], tuple) and str(ref.id[5][0]).isdigit():  # noqa: PLR2004
            yield id(ref.id[5][0])


def texts_in(value: Any) -> Iterator[int]:
    """Yield the identities of the texts and bytes in the arguments of a call that is read as one value."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str | bytes):
            yield id(one)
        elif isinstance(one, Call):
            todo += [one.args, one.state]
        elif isinstance(one, tuple):
            todo += one
