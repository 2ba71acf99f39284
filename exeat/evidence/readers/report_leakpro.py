"""LeakPro: the JSON of one membership attack (``MIAResultSchema``), counts and all.

Source: aidotse/LeakPro 0.1.0, leakpro/schemas.py and leakpro/reporting/mia_result.py. ``signal_values`` and
``true_labels`` hold one entry per record; they are counted, used to recompute the figures, and copied nowhere.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.readers import report_values as values
from exeat.evidence.readers.report_curve import AGAIN, MAX_RECORDS, STEP, Curve, check_sizes, figures, from_scores
from exeat.evidence.readers.report_rates import rate_fields
from exeat.evidence.readers.report_shape import Converted, ReportReader, per_record, plain_params, word_of
from exeat.model.tier import Access

if TYPE_CHECKING:
    from exeat.evidence.readers.report_shape import Foreign
    from exeat.evidence.readers.shape import Peek
    from exeat.model.risk_report import Indicator

MARKS = frozenset({"result_name", "result_type", "roc_auc", "fixed_fpr", "true_labels"})
_COUNTS = ("tp", "fp", "tn", "fn")
MAX_FIXED = 100


def _recognises(peek: Peek) -> bool:
    return isinstance(peek.json, dict) and peek.json.keys() >= MARKS


def _read(foreign: Foreign) -> Converted:
    given = values.table(foreign.peek.json)
    if given.get("result_type") != "MIAResult":
        kind = values.text(given, "result_type")[:60]
        raise BadInput(f"The LeakPro result {kind!r} is not a membership attack.", "Exeat reads MIAResult.")
    labels = values.entries(given["true_labels"], "$.true_labels", MAX_RECORDS)
    scores = values.entries(given.get("signal_values") or [], "$.signal_values", MAX_RECORDS)
    rows = max(len(labels), len(scores))
    name = word_of(values.text(given, "result_name"))
    found = _figures(foreign, name, given, labels)
    return Converted([*found, *per_record(foreign.figure, rows)], rows=rows, config=given.get("config"))


def _figures(foreign: Foreign, name: str, given: dict[str, Any], labels: list[Any]) -> list[Indicator]:
    params = plain_params(given.get("config"))
    curve = _curve(given, labels)
    if len(curve.hits) == 1 and given.get("roc_auc") is None:
        return [_one_threshold(foreign, name, curve, params)]
    return figures(foreign, name, curve, area=values.fraction(given, "roc_auc"), rates=_fixed(given), params=params)


def _curve(given: dict[str, Any], labels: list[Any]) -> Curve:
    """Return the curve from scores, or from counts per threshold; labels and counts must agree."""
    n_in, n_out = _sizes(labels)
    scores = values.entries(given.get("signal_values") or [], "$.signal_values", MAX_RECORDS)
    if scores and all(type(one) in {int, float} and abs(one) < 1e300 for one in scores):  # noqa: PLR2004 a float holds
        import numpy as np  # noqa: PLC0415 files without scores do not pay for it

        return from_scores(np.array(scores, dtype=np.float64), np.array(labels, dtype=np.int8))
    if any(given.get(name) is None for name in _COUNTS):
        raise BadInput("The result has neither finite scores nor counts of its thresholds.", AGAIN, place="$.tp")
    return _counted(given, n_in, n_out)


def _counted(given: dict[str, Any], n_in: int, n_out: int) -> Curve:
    tp, fp, tn, fn = (_column(given, name) for name in _COUNTS)
    if not len(tp) == len(fp) == len(tn) == len(fn) > 0:
        raise BadInput("tp, fp, tn and fn have different lengths.", AGAIN, place="$.tp")
    off = any(a + b != n_in for a, b in zip(tp, fn, strict=True)) or any(
        a + b != n_out for a, b in zip(fp, tn, strict=True)
    )
    if off:
        raise BadInput(
            f"The counts contradict the labels ({n_in:,} members, {n_out:,} non-members).", AGAIN, place="$.tp"
        )
    points = sorted(zip(fp, tp, strict=True))
    hits = [hit for _, hit in points]
    if any(after < before for before, after in pairwise(hits)):
        raise BadInput("A looser threshold finds fewer members.", AGAIN, place="$.tp")
    return Curve(n_in, n_out, hits, [alarm for alarm, _ in points], "its own counts")


def _sizes(labels: list[Any]) -> tuple[int, int]:
    if any(type(one) is not int or one not in {0, 1} for one in labels):
        raise BadInput("The labels are not all 0 or 1.", AGAIN, place="$.true_labels")
    n_in = sum(labels)
    check_sizes(n_in, len(labels) - n_in)
    return n_in, len(labels) - n_in


def _column(given: dict[str, Any], name: str) -> list[int]:
    value = given[name] if isinstance(given[name], list) else [given[name]]
    column = values.entries(value, f"$.{name}", MAX_RECORDS)
    if any(type(one) is not int or not 0 <= one <= MAX_RECORDS for one in column):
        raise BadInput(f"$.{name} does not hold counts.", AGAIN, place=f"$.{name}")
    return column


def _fixed(given: dict[str, Any]) -> dict[Decimal, Decimal]:
    """Return the printed rates by false-positive rate: ``TPR@0.1%FPR`` stands at 0.001."""
    printed = values.table(given.get("fixed_fpr") or {}, "$.fixed_fpr")
    found = {}
    for name in list(printed)[:MAX_FIXED]:
        level = name.removeprefix("TPR@").removesuffix("%FPR")
        if not name.startswith("TPR@") or not name.endswith("%FPR") or not _is_percent(level):
            raise BadInput(f"{name[:40]!r} is not a rate as LeakPro names them.", AGAIN, place="$.fixed_fpr")
        rate = values.fraction(printed, name, "$.fixed_fpr")
        if rate is not None:
            found[Decimal(level) / 100] = rate
    return found


def _is_percent(text: str) -> bool:
    whole, _, rest = text.partition(".")
    digits = whole.isascii() and whole.isdecimal() and (not rest or (rest.isascii() and rest.isdecimal()))
    return digits and len(text) <= 12 and Decimal(text) <= 100  # noqa: PLR2004 percent with eight decimals


def _one_threshold(foreign: Foreign, name: str, curve: Curve, params: dict[str, str]) -> Indicator:
    """Return the one rate of an attack that answers yes or no."""
    fpr = (Decimal(curve.alarms[0]) / curve.n_out).quantize(STEP)
    value = (Decimal(curve.hits[0]) / curve.n_in).quantize(STEP)
    fields = rate_fields(value, fpr, curve.n_in, curve.n_out)
    return foreign.figure(f"mia.{name}.tpr_at_fpr", attack_params=params, **fields)


READER = ReportReader(
    "leakpro",
    "a LeakPro membership result",
    "leakpro",
    Access.API_CONF,
    _recognises,
    _read,
    ("model outputs", "candidate records with labels"),
    per_record=True,
)
