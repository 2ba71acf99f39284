"""Walk everything that was opened once and keep what parts and channels need: texts, lists, tables and sizes."""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from exeat.errors import BadInput
from exeat.evidence.inspection.arrays import Array
from exeat.evidence.inspection.data_names import names_data
from exeat.evidence.inspection.dtypes import ITEM_BYTES
from exeat.evidence.inspection.leaves import Leaf, leaves
from exeat.evidence.inspection.loose_texts import loose
from exeat.evidence.inspection.number_lists import READ, nhs_numbers, tells_members
from exeat.evidence.inspection.part_rules import kind_of_path, plain
from exeat.evidence.inspection.recognisers import rule_of
from exeat.model.inspection import PartKind

if TYPE_CHECKING:
    from exeat.evidence.inspection.opened import Opened, TensorRef

IN_NO_VALUE = "in no value of the pickle"
SHORTEST_TEXT = 16
"""Bytes from which a tensor of bytes is read as text."""
LONG_TEXT = 500
"""Characters from which a text that no key explains is called embedded text."""
_CONFIG = re.compile(r"config|hparams|hyper|args|params|settings|options", re.IGNORECASE)
_NUMBER_RULES = {"record", "phone", "time", "birth"}
_INTEGERS = {
    "I64": "<i8",
    "I32": "<i4",
    "U32": "<u4",
    "U64": "<u8",
    "I16": "<i2",
    "U16": "<u2",
    "BOOL": "|b1",
    "U8": "|u1",
}
_RANDOM_STATE = {5056, 5048}
"""Bytes of torch's CPU generator, now and before 1.6."""
_NAMED = {PartKind.WEIGHTS, PartKind.OPTIMIZER_STATE, PartKind.SCHEDULER}
"""Parts whose integers are buffers of layers and counters."""
_READ_BUDGET = 64
"""Tensors of integers or bytes without a telling name of which values are read."""
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]*")


class Said(NamedTuple):
    """A text, the part and place that it stands in, and the key that names it."""

    text: str
    kind: PartKind
    place: tuple[str, ...]
    label: str = ""
    is_key: bool = False


class NumberList(NamedTuple):
    """A list of numbers that tells something: ``length`` of them, by what channel's word."""

    place: tuple[str, ...]
    kind: PartKind
    length: int
    what: str


class Table(NamedTuple):
    """A numpy array in a tree: its place, part and shape."""

    place: tuple[str, ...]
    kind: PartKind
    array: Array


@dataclass
class Survey:
    """What one walk over a checkpoint found."""

    texts: list[Said] = field(default_factory=list)
    lists: list[NumberList] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    states: list[NumberList] = field(default_factory=list)
    """States of random number generators."""
    values: dict[tuple[PartKind, str], int] = field(default_factory=dict)
    """Bytes of plain values by part and branch, as a pickle writes them."""
    loose: int = 0
    """Characters and bytes that pickles push and no value holds."""
    read: set[str] = field(default_factory=set)
    """Storages that were read as texts of tensors."""
    tensors: list[PartKind] = field(default_factory=list)
    """The part of each tensor, in the order of ``opened.tensors``."""


def survey(opened: Opened) -> Survey:
    """Walk the trees, texts and tensors of a checkpoint."""
    found = Survey()
    shaped: dict[tuple[str, ...], PartKind] = {}
    counted: set[int] = set()
    told: set[int] = set()
    for tree in opened.trees:
        for leaf in leaves(tree, shaped, told):
            _take(leaf, found, counted)
    counted |= told
    for place, left in loose(opened.pushed, counted):
        found.loose += len(left)
        _take_text(Leaf((IN_NO_VALUE, place), PartKind.OTHER, "", left), left, PartKind.OTHER, found)
    reads = _READ_BUDGET
    for ref in opened.tensors:
        kind, read = _kind_of_tensor(opened, ref, shaped, found, reads=reads)
        reads -= read
        found.tensors.append(kind)
    for text in opened.texts:
        if text.place not in found.read:
            label = text.place.rpartition(".")[2]
            found.texts.append(Said(text.text, text_kind(text.place), (text.place,), label))
    return found


def text_kind(place: str) -> PartKind:
    """Return the part of a text outside the pickles, by the name of what holds it."""
    return PartKind.HYPERPARAMETERS if _CONFIG.search(place) else PartKind.EMBEDDED_TEXT


def _take(leaf: Leaf, found: Survey, counted: set[int]) -> None:
    value, kind = leaf.value, leaf.kind or PartKind.OTHER
    if isinstance(value, tuple | list):
        kind = _take_numbers(leaf, value, kind, found)
    elif isinstance(value, Array):
        kind = _take_array(leaf, value, kind, found)
    elif isinstance(value, str | bytes):
        if id(value) not in counted:
            counted.add(id(value))
            kind = _take_text(leaf, value, kind, found)
        else:
            return
    elif isinstance(value, int | float) and not isinstance(value, bool) and rule_of(leaf.label) in _NUMBER_RULES:
        found.texts.append(Said(_written(value), kind, leaf.place, leaf.label))
    if leaf.is_key and len(leaf.place) == 1:
        return  # the first keys of a file are its structure
    branch = (kind, leaf.place[0] if leaf.place else "")
    found.values[branch] = found.values.get(branch, 0) + size_of_value(value)


def _written(value: float) -> str:
    """Return a number as text; integers of thousands of digits are cut."""
    return str(value) if abs(value) < 10**30 else ""


def _take_text(leaf: Leaf, value: str | bytes, kind: PartKind, found: Survey) -> PartKind:
    if isinstance(value, bytes):
        if len(value) < 4 or not _PRINTABLE.fullmatch(value):  # noqa: PLR2004 too short to say anything
            return kind
        value = value.decode("utf-8", "replace")
    if kind is PartKind.OTHER and len(value) >= LONG_TEXT:
        kind = PartKind.EMBEDDED_TEXT
    found.texts.append(Said(value, kind, leaf.place, leaf.label, leaf.is_key))
    return kind


def _take_numbers(leaf: Leaf, value: tuple[Any, ...] | list[Any], kind: PartKind, found: Survey) -> PartKind:
    if kind is PartKind.RNG_STATE and len(value) >= 2 and not leaf.is_key:  # noqa: PLR2004 one number is a setting
        found.states.append(NumberList(leaf.place, kind, len(value), "state"))
        return kind
    _take_identifiers(leaf, value, kind, found)
    if not tells_members(value, leaf.label, leaf.kind):
        return kind
    found.lists.append(NumberList(leaf.place, PartKind.MEMBER_INDICES, len(value), "members"))
    return PartKind.MEMBER_INDICES


def _take_identifiers(leaf: Leaf, value: Any, kind: PartKind, found: Survey) -> None:
    """Keep numbers that are identifiers: by the name of the list, or because nearly all have a check digit."""
    if rule_of(leaf.label) in _NUMBER_RULES and not leaf.is_key:
        first = value[: READ // 16]
        found.texts += [Said(_written(one), kind, leaf.place, leaf.label) for one in first if not isinstance(one, bool)]
    elif (count := nhs_numbers(value)) > 0:
        found.lists.append(NumberList(leaf.place, kind, count, "nhs"))


def _take_array(leaf: Leaf, array: Array, kind: PartKind, found: Survey) -> PartKind:
    found.texts += [Said(text, kind, leaf.place, leaf.label) for text in array.texts(READ // 4)]
    numbers = array.numbers(READ)
    if kind is PartKind.RNG_STATE:
        found.states.append(NumberList(leaf.place, kind, len(array.data), "state"))
    elif numbers is not None and _flat(array.shape):
        _take_identifiers(leaf, numbers.tolist() if rule_of(leaf.label) else numbers, kind, found)
        if tells_members(numbers, leaf.label, leaf.kind):
            found.lists.append(NumberList(leaf.place, PartKind.MEMBER_INDICES, len(numbers), "members"))
            return PartKind.MEMBER_INDICES
    found.tables.append(Table(leaf.place, kind, array))
    return kind


def _flat(shape: tuple[int, ...]) -> bool:
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)  # noqa: PLR2004


def _kind_of_tensor(
    opened: Opened, ref: TensorRef, shaped: dict[tuple[str, ...], PartKind], found: Survey, *, reads: int
) -> tuple[PartKind, bool]:
    """Return the part of a tensor, and whether its values had to be read."""
    place = ref.path or (ref.name,)
    kind = kind_of_path(ref.path, shaped)
    count = math.prod(ref.shape)
    if kind is PartKind.RNG_STATE or (kind is None and ref.dtype == "U8" and count in _RANDOM_STATE):
        if ref.dtype == "U8":
            found.states.append(NumberList(place, PartKind.RNG_STATE, count, "state"))
        return PartKind.RNG_STATE, False
    if kind is PartKind.MEMBER_INDICES:
        if ref.dtype not in _INTEGERS or not _flat(ref.shape):
            return PartKind.WEIGHTS, False  # the indices of a sparse tensor are a table
        found.lists.append(NumberList(place, kind, count, "members"))
        return kind, False
    if kind is None and names_data(plain(place[-1].rpartition(".")[2])):
        kind = PartKind.OTHER
    if ref.dtype == "U8" and _flat(ref.shape) and reads > 0 and count >= SHORTEST_TEXT:
        _read_text(opened, ref, kind or PartKind.WEIGHTS, found)
        return kind or PartKind.WEIGHTS, True
    if kind in _NAMED or reads <= 0 or ref.dtype not in ("I64", "I32") or not _flat(ref.shape) or ref.quantised:
        return kind or PartKind.WEIGHTS, False
    return _read_numbers(opened, ref, kind, found), True


def _read_text(opened: Opened, ref: TensorRef, kind: PartKind, found: Survey) -> None:
    """Keep the text of a row of bytes that is one, as trainers store strings in tensors."""
    values = first_values(opened, ref)
    data = b"" if values is None else values.tobytes()
    if data and _PRINTABLE.fullmatch(data):
        found.texts.append(Said(data.decode("utf-8", "replace"), kind, ref.path or (ref.name,)))
        found.read.add(ref.storage.name)


def _read_numbers(opened: Opened, ref: TensorRef, kind: PartKind | None, found: Survey) -> PartKind:
    """Return the part of a row of integers that nothing names, by its values."""
    place, numbers = ref.path or (ref.name,), first_values(opened, ref)
    if numbers is None:
        return kind or PartKind.WEIGHTS
    if nhs := nhs_numbers(numbers):
        kind = kind or PartKind.OTHER
        found.lists.append(NumberList(place, kind, nhs, "nhs"))
    if tells_members(numbers, place[-1], kind):
        found.lists.append(NumberList(place, PartKind.MEMBER_INDICES, math.prod(ref.shape), "members"))
        return PartKind.MEMBER_INDICES
    return kind or PartKind.WEIGHTS


def first_values(opened: Opened, ref: TensorRef) -> np.ndarray | None:
    """Return the first values of a tensor of numbers, only of files that nothing speaks against."""
    kind = {**_INTEGERS, "F32": "<f4", "F64": "<f8"}.get(ref.dtype)
    if kind is None or opened.problems or ITEM_BYTES.get(ref.dtype) is None or ref.lazy:
        return None
    with contextlib.suppress(BadInput, KeyError, ValueError):
        chunk = next(iter(opened.chunks_of(ref)), None)
        if chunk is not None:
            return np.frombuffer(chunk, kind, min(READ, len(chunk) // np.dtype(kind).itemsize))
    return None


def size_of_value(value: Any) -> int:
    """Return the bytes of a plain value in a pickle of protocol 2: its text or number with the opcode and length."""
    if isinstance(value, str):
        return (len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))) + 5
    if isinstance(value, bytes):
        return len(value) + 5
    if isinstance(value, Array):
        return len(value.data) + 5
    if isinstance(value, tuple | list):
        return sum(map(_size_of_number, value))
    return _size_of_number(value)


def _size_of_number(value: Any) -> int:
    if isinstance(value, bool) or value is None:
        return 1
    if isinstance(value, float):
        return 9
    if not isinstance(value, int):
        return 0
    if 0 <= value < 2**16:
        return 2 if value < 2**8 else 3
    return 5 if -(2**31) <= value < 2**31 else 2 + (value.bit_length() + 8) // 8
