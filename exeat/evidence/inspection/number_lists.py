"""Tell a list of numbers that says which records were used from the many lists of numbers that do not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat.evidence.inspection.part_rules import names_records, plain
from exeat.evidence.inspection.recognisers.checks import is_nhs_number
from exeat.model.inspection import PartKind

if TYPE_CHECKING:
    from collections.abc import Sequence

READ = 2**18
"""Numbers of one list that are looked at."""
NAMED, UNNAMED = 2, 64
"""Fewest numbers of a list whose name says what it is, and of one without such a name."""
DISTINCT = 0.99
IDENTIFIERS, MOST = 5, 0.9
_NEVER = {PartKind.RNG_STATE, PartKind.OPTIMIZER_STATE, PartKind.SCHEDULER}
_OTHER_LISTS = re.compile(
    r"token|vocab|bucket|milestone|class|label|layer|head|channel|position|prune|hidden|dims?|sizes?|shape|steps?|epochs?"
    r"|bins?|counts?|lengths?|frequenc|ratings?|kernel|stride|anchor|merge|times?|seeds?|params"
)
"""Names of lists of distinct whole numbers that come with ordinary models."""


def tells_members(values: Sequence[Any] | np.ndarray, label: str, kind: PartKind | None) -> bool:
    """Return whether numbers look like the positions or numbers of records.

    With a name such as ``train_indices``: two whole numbers or more, none negative (a mask of zeros and ones is one
    too). Without: at least 64, nearly all distinct, not evenly spaced, and the name is not one that models use for
    other lists.
    """
    named = kind is PartKind.MEMBER_INDICES or names_records(label)
    if kind in _NEVER or len(values) < (NAMED if named else UNNAMED):
        return False
    whole = _whole(values)
    if whole is None or whole.min() < 0:
        return False
    if named:
        return True
    if _OTHER_LISTS.search(plain(label)):
        return False
    return len(np.unique(whole)) >= DISTINCT * len(whole) and len(np.unique(np.diff(whole))) > 1


def _whole(values: Sequence[Any] | np.ndarray) -> np.ndarray | None:
    """Return the first numbers as integers, None where one of them is not whole or too large to count records."""
    if isinstance(values, np.ndarray):
        return values[:READ] if values.dtype.kind in "iub" else None
    first = values[:READ]
    if not {int, bool}.issuperset(map(type, first)):
        return None
    try:
        return np.asarray(first, dtype=np.int64)
    except OverflowError:
        return None


def nhs_numbers(values: Sequence[Any] | np.ndarray) -> int:
    """Return how many of the numbers are NHS numbers, zero unless nearly all of them are."""
    whole = _whole(values) if len(values) >= IDENTIFIERS else None
    if whole is None or whole.min() < 10**9 or whole.max() >= 10**10:
        return 0
    first = whole[:2000].tolist()
    good = sum(is_nhs_number(str(number)) for number in first)
    return len(values) if good >= MOST * len(first) else 0
