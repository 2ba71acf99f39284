"""ML Privacy Meter: ``attack_result_<i>.npz`` of one target model.

``scores`` and ``memberships`` hold one entry per record: the figures are computed from them here, and nothing of them
is kept beside the file. ``one_tenth_fpr`` is the TPR at an FPR of 0.1 %; the one at 1 % is not saved by the tool and
is computed here. Source: privacytrustlab/ml_privacy_meter of 2025-04, audit.py.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.readers import report_npz as npz
from exeat.evidence.readers.report_curve import area_id, figures, from_scores
from exeat.evidence.readers.report_shape import Converted, ReportReader, per_record
from exeat.model.tier import Access

if TYPE_CHECKING:
    import numpy as np

    from exeat.evidence.readers.report_shape import Foreign
    from exeat.evidence.readers.shape import Peek

MARKS = frozenset({"auc", "one_tenth_fpr", "zero_fpr"})
_ROWS = frozenset({"scores", "memberships"})
_RATES = {"one_tenth_fpr": Decimal("0.001"), "zero_fpr": Decimal(0)}
NO_COUNTS = "the file holds neither scores nor memberships, so nothing says on how many records it was measured"


def _recognises(peek: Peek) -> bool:
    if not peek.data.startswith(b"PK\x03\x04"):
        return False
    if peek.whole:
        return npz.names(peek.data) >= MARKS
    return all(name.encode() + b".npy" in peek.data for name in MARKS)


def _read(foreign: Foreign) -> Converted:
    found = npz.arrays(foreign.peek.data, MARKS | _ROWS)
    if not found.keys() >= MARKS:
        raise BadInput("The archive lacks auc, one_tenth_fpr or zero_fpr.", npz.EXPORT)
    area = _scalar(found, "auc")
    rates = {fpr: _scalar(found, name) for name, fpr in _RATES.items()}
    if not found.keys() >= _ROWS:
        return Converted(_uncounted(foreign, rates), notes=NO_COUNTS)
    curve = from_scores(found["scores"], found["memberships"])
    indicators = figures(foreign, foreign.attack, curve, area=area, rates=rates)
    rows = len(found["memberships"])
    return Converted([*indicators, *per_record(foreign.figure, rows)], rows=rows)


def _uncounted(foreign: Foreign, rates: dict[Decimal, Decimal]) -> list[Any]:
    found = [foreign.not_measured(area_id(foreign.attack), NO_COUNTS)]
    return found + [foreign.not_measured(f"mia.{foreign.attack}.tpr_at_fpr", NO_COUNTS, fpr=fpr) for fpr in rates]


def _scalar(found: dict[str, np.ndarray[Any, Any]], name: str) -> Decimal:
    array = found[name]
    value = float(array[0]) if len(array) == 1 else float("nan")
    if not 0 <= value <= 1:
        raise BadInput(f"{name} is not one rate between 0 and 1.", npz.EXPORT, place=name)
    return Decimal(repr(value))


READER = ReportReader(
    "privacy-meter",
    "an ML Privacy Meter result",
    "ml-privacy-meter",
    Access.API_CONF,
    _recognises,
    _read,
    ("model outputs", "candidate records with labels", "reference models"),
    per_record=True,
    media_type="application/x-npz",
)
