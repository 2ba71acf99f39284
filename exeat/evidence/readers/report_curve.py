"""A ROC curve as counts, and the figures of an attack from it; what the producer printed is checked against it."""

from __future__ import annotations

import math
from bisect import bisect_right
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.readers.report_rates import area_fields, rate_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import numpy as np

    from exeat.evidence.readers.report_shape import Foreign
    from exeat.model.risk_report import Indicator

LEVELS = (Decimal("0.1"), Decimal("0.01"), Decimal("0.001"))
"""False-positive rates that are read from every curve."""
MAX_RECORDS = 1_000_000
STEP = Decimal("1e-9")
_CLOSE = Decimal("1e-6")
AGAIN = "Run the attack again and export its result as the tool writes it."


class Curve(NamedTuple):
    """Members and non-members, and how many of each lie above each threshold, strictest first; both only grow.

    ``source`` says what the counts come from.
    """

    n_in: int
    n_out: int
    hits: Sequence[int]
    alarms: Sequence[int]
    source: str

    def rate_at(self, fpr: Decimal) -> int:
        """Return how many members are recognised with no more false positives than the rate allows."""
        passing = bisect_right(self.alarms, math.floor(self.n_out * fpr))
        return self.hits[passing - 1] if passing else 0

    @property
    def area(self) -> Decimal:
        """Return the area under the whole curve, from (0, 0) to (1, 1)."""
        return self._share(_twice((0, *self.hits, self.n_in), (0, *self.alarms, self.n_out)))

    @property
    def open_area(self) -> Decimal:
        """Return the area under the given points alone, as some producers compute it."""
        return self._share(_twice(self.hits, self.alarms))

    def _share(self, twice: int) -> Decimal:
        return (Decimal(twice) / (2 * self.n_in * self.n_out)).quantize(STEP)


def _twice(hits: Sequence[int], alarms: Sequence[int]) -> int:
    steps = zip(hits, hits[1:], alarms, alarms[1:], strict=False)
    return sum((right - left) * (low + high) for low, high, left, right in steps)


def from_scores(scores: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> Curve:
    """Return the curve of scores (higher means member) and membership labels; ties count as one threshold."""
    import numpy as np  # noqa: PLC0415 files without scores do not pay for it

    values, members = np.asarray(scores, dtype=np.float64).ravel(), np.asarray(labels).ravel()
    if len(values) != len(members):
        raise BadInput(f"There are {len(values):,} scores and {len(members):,} labels.", AGAIN)
    if not np.isin(members, (0, 1)).all():
        raise BadInput("The membership labels are not all 0 or 1.", AGAIN)
    if not np.isfinite(values).all():
        raise BadInput("The scores hold values that are no finite numbers.", AGAIN)
    hits = members.astype(np.int64)
    total = int(hits.sum())
    check_sizes(total, len(hits) - total)
    order = np.argsort(-values, kind="stable")
    last = np.append(np.flatnonzero(np.diff(values[order])), len(order) - 1)
    found = np.cumsum(hits[order])[last]
    return Curve(total, len(hits) - total, found.tolist(), (last + 1 - found).tolist(), "its own scores")


def check_sizes(n_in: int, n_out: int) -> None:
    """Refuse a sample without members or without non-members, or one that is too large to be read."""
    if n_in < 1 or n_out < 1:
        raise BadInput(f"The attack ran on {n_in:,} members and {n_out:,} non-members.", "Attack a sample with both.")
    if n_in + n_out > MAX_RECORDS:
        raise BadInput(f"The attack names {n_in + n_out:,} records; at most {MAX_RECORDS:,} are read.", AGAIN)


def figures(foreign: Foreign, name: str, curve: Curve, **given: Any) -> list[Indicator]:
    """Return area and rates of the curve under ``mia.<name>``.

    ``area`` and ``rates`` (by false-positive rate) are what the producer printed; a figure above what its own counts
    give is not measured, with both numbers in the reason. ``params`` are the attack's parameters.
    """
    printed: Mapping[Decimal, Decimal] = given.get("rates") or {}
    params = given.get("params") or {}
    found = [_area(foreign, name, curve, given.get("area"), params)]
    levels = sorted({*LEVELS, *printed}, reverse=True)
    return found + [_rate(foreign, name, curve, (fpr, printed.get(fpr)), params) for fpr in levels]


def area_id(name: str) -> str:
    """Return the indicator of an area: ``mia.auc`` where nobody names the attack."""
    return "mia.auc" if name == "unnamed" else f"mia.{name}.auc"


def _area(foreign: Foreign, name: str, curve: Curve, printed: Decimal | None, params: dict[str, str]) -> Indicator:
    indicator_id, own, sizes = area_id(name), curve.area, {"n_in": curve.n_in, "n_out": curve.n_out}
    low, high = sorted((own, curve.open_area))
    if printed is not None and not low - _CLOSE <= printed <= high + _CLOSE:
        reason = f"the file says {printed:.4f}, but {curve.source} give {own:.4f}"
        return foreign.not_measured(indicator_id, reason, attack_params=params, **sizes)
    return foreign.figure(indicator_id, attack_params=params, **area_fields(own, curve.n_in, curve.n_out))


def _rate(
    foreign: Foreign, name: str, curve: Curve, given: tuple[Decimal, Decimal | None], params: dict[str, str]
) -> Indicator:
    fpr, printed = given
    indicator_id = f"mia.{name}.tpr_at_fpr"
    events = curve.rate_at(fpr)
    own = (Decimal(events) / curve.n_in).quantize(STEP)
    fields = rate_fields(own, fpr, curve.n_in, curve.n_out)
    if fields.get("status") == "not_measured":
        return foreign.figure(indicator_id, attack_params=params, **fields)
    if printed is not None and (printed - own) * curve.n_in > 1:
        reason = f"the file says {printed:.4f}, but {curve.source} give {own:.4f}"
        sizes = {"fpr": fpr, "n_in": curve.n_in, "n_out": curve.n_out}
        return foreign.not_measured(indicator_id, reason, attack_params=params, **sizes)
    lower = printed is not None and (own - printed) * curve.n_in > 1
    note = f"the file says {printed:.4f}; {curve.source} give more" if lower else fields.get("bound_note", "")
    return foreign.figure(indicator_id, attack_params=params, **fields | {"n_events": events, "bound_note": note})
