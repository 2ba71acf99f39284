"""Tensors and arrays whose rows can be records: named as data, as long as an index list, or of whole numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exeat.evidence.inspection.data_names import is_layer_name, names_data
from exeat.evidence.inspection.part_rules import plain
from exeat.evidence.inspection.survey import first_values
from exeat.model.inspection import PartKind

if TYPE_CHECKING:
    from exeat.evidence.inspection.opened import Opened
    from exeat.evidence.inspection.survey import Survey

ROWS, COLUMNS = 8, 2
"""Fewest rows of a table that is named as data."""
UNNAMED_ROWS = 16
"""Fewest rows of a table outside the weights that nothing names."""
MATCHING_ROWS = 32
"""Fewest rows that can agree with the length of an index list by more than chance."""
MAX_READ = 64
_PEOPLE = re.compile(r"(?:\w{0,20}_)?(?:patient|user|subject|person|customer|member|individual|client|participant)s?")
_PARAMETER = re.compile(
    r"weight|bias|running_mean|running_var|kernel|gamma|beta|scale|mask|position|pe|freqs?|anchors?|grid"
)


class Rows(NamedTuple):
    """A table whose rows can be records, and why."""

    place: tuple[str, ...]
    kind: PartKind
    rows: int
    why: str


class _Candidate(NamedTuple):
    """A tensor or an array, by what the rules look at."""

    place: tuple[str, ...]
    kind: PartKind
    shape: tuple[int, ...]
    number: int | None = None
    """Place of the tensor in ``opened.tensors``."""


def record_tables(opened: Opened, survey: Survey) -> list[Rows]:
    """Return the tables whose rows can be records, by four rules; states of optimizers and generators are left out.

    1. The name is one that code gives to data (``x_train``, ``support_vectors``, ``memory_bank``, ``train_losses``).
    2. An embedding has one row for each person (``patient_embedding.weight``).
    3. Outside the weights: a table of 16 rows or more, or as many rows as an index list of the same file has entries.
    4. Among the weights, under a name that no layer uses: every value is a whole number, as in a table of ages or
       codes, which trained weights never are.
    """
    lengths = {one.length for one in survey.lists if one.length >= MATCHING_ROWS}
    skip = {PartKind.OPTIMIZER_STATE, PartKind.RNG_STATE, PartKind.SCHEDULER, PartKind.MEMBER_INDICES}
    candidates = [_Candidate(table.place, table.kind, table.array.shape) for table in survey.tables]
    candidates += [
        _Candidate(ref.path or (ref.name,), kind, ref.shape, at)
        for at, (ref, kind) in enumerate(zip(opened.tensors, survey.tensors, strict=True))
    ]
    found, reads = [], MAX_READ
    for one in candidates:
        if one.kind in skip or not one.shape or one.shape[0] < ROWS:
            continue
        why = _by_name(one) or _outside(one, lengths)
        if not why and reads > 0 and _may_hold_a_table(one):
            reads -= 1
            why = _by_values(opened, one)
        if why:
            found.append(Rows(one.place, one.kind, one.shape[0], why))
    return found


def _by_name(one: _Candidate) -> str:
    pieces = [plain(piece) for piece in one.place[-1].split(".")]
    name = pieces[-1]
    if names_data(name) and not (one.kind is PartKind.WEIGHTS and is_layer_name(name)):
        return "it has a name that code gives to data"
    layer = pieces[-2] if name == "weight" and len(pieces) > 1 else name
    if len(one.shape) == 2 and layer.endswith(("embedding", "embeddings", "embed", "emb", "factors")):  # noqa: PLR2004
        whose = layer.rpartition("_")[0]
        if _PEOPLE.fullmatch(whose):
            return "it is an embedding with a row for each person"
    return ""


def _outside(one: _Candidate, lengths: set[int]) -> str:
    if one.kind is PartKind.WEIGHTS:
        return ""
    if one.shape[0] in lengths:
        return "it has as many rows as an index list of this file has entries"
    table = len(one.shape) >= 2 and one.shape[0] >= UNNAMED_ROWS and one.shape[1] >= COLUMNS  # noqa: PLR2004
    return "it is a table of numbers outside the weights" if table else ""


def _may_hold_a_table(one: _Candidate) -> bool:
    last = plain(one.place[-1].rpartition(".")[2])
    table = len(one.shape) == 2 and one.shape[0] >= UNNAMED_ROWS and one.shape[1] >= COLUMNS  # noqa: PLR2004
    return one.number is not None and table and _PARAMETER.search(last) is None


def _by_values(opened: Opened, one: _Candidate) -> str:
    """Return why the values of a float tensor are those of a table: all whole, and more than zeros and ones."""
    ref = opened.tensors[one.number or 0]
    values = first_values(opened, ref) if ref.dtype in ("F32", "F64") and not ref.quantised else None
    if values is None or not np.isfinite(values).all():
        return ""
    whole = bool((values == np.rint(values)).all()) and len(np.unique(values[:10_000])) > 2  # noqa: PLR2004
    return "all its values are whole numbers, which trained weights never are" if whole else ""
