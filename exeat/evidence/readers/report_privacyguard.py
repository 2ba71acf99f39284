"""PrivacyGuard: dictionary dumps of ``AnalysisNodeOutput`` and ``FDPAnalysisNodeOutput``.

``eps`` and ``eps_lb`` are capped at ln(n) and are never read as measured; ``eps_cp`` rests on exact bounds and is.
Source: facebookresearch/PrivacyGuard 0.0.2, privacy_guard/analysis/mia (analysis_node, mia_results, fdp_analysis_node).
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.readers import report_values as values
from exeat.evidence.readers.report_curve import area_id, check_sizes
from exeat.evidence.readers.report_rates import LEVEL, area_fields
from exeat.evidence.readers.report_shape import Converted, ReportReader
from exeat.model.tier import Access
from exeat.policy.interval import fpr_upper_bound

if TYPE_CHECKING:
    from exeat.evidence.readers.report_shape import Foreign
    from exeat.evidence.readers.shape import Peek
    from exeat.model.risk_report import Indicator

MARKS = frozenset({"eps", "eps_lb", "eps_cp", "auc", "auc_ci", "data_size"})
LOWER = "dp.epsilon_lower"
CAPPED = "x_privacyguard.eps"
FDP_SEARCH_ENDS = Decimal("99.9")
"""The node searches epsilon up to 100; at that end it says nothing."""
NARROW = Decimal("0.5")
"""A bootstrap interval narrower than this part of the Hanley-McNeil one contradicts its own sample size."""
OPTIMISTIC = (
    "exact bounds at 95 %, the largest over all thresholds without correction for their number; "
    "computed on at most half of the records"
)
UNSTATED = "the file states neither the canaries and guesses behind it nor its delta and confidence"


def _recognises(peek: Peek) -> bool:
    found = peek.json
    return isinstance(found, dict) and (found.keys() >= MARKS or (found.keys() == {"eps"} and _is_number(found["eps"])))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read(foreign: Foreign) -> Converted:
    given = values.table(foreign.peek.json)
    if given.keys() == {"eps"}:
        return Converted([_one_run(foreign, given)], notes="An analysis of f-DP in one run: a single figure.")
    sizes = values.table(given["data_size"], "$.data_size")
    n_in, n_out = (values.count(sizes, name, "$.data_size") for name in ("train_size", "test_size"))
    check_sizes(n_in, n_out)
    return Converted([_area(foreign, given, n_in, n_out), _exact(foreign, given, n_in, n_out), _cap(foreign, given)])


def _delta(foreign: Foreign) -> dict[str, str]:
    delta = foreign.bound.binding.delta
    return {"delta": "not stated" if delta is None else str(delta)}


def _one_run(foreign: Foreign, given: dict[str, Any]) -> Indicator:
    value = values.needed(given, "eps")
    params = _delta(foreign)
    if value >= FDP_SEARCH_ENDS or value < 0:
        reason = f"{value:.4g} is the end of the tool's search, not a figure"
        return foreign.not_measured(LOWER, reason, unit="epsilon", attack_params=params)
    return foreign.figure(
        LOWER, value=value, unit="epsilon", attack_params=params, bound_note=UNSTATED, method="PrivacyGuard f-DP"
    )


def _area(foreign: Foreign, given: dict[str, Any], n_in: int, n_out: int) -> Indicator:
    """Return the area with the bootstrap interval, or with ours where theirs contradicts value or sample size."""
    value = values.fraction(given, "auc")
    if value is None:
        reason = "the producer wrote null for auc"
        return foreign.not_measured(area_id(foreign.attack), reason, n_in=n_in, n_out=n_out)
    fields = area_fields(value, n_in, n_out)
    low, high = _ends(given)
    if low <= value <= high and high - low >= NARROW * (fields["ci_high"] - fields["ci_low"]):
        fields |= {"ci_low": low, "ci_high": high, "ci_level": LEVEL, "ci_method": "bootstrap"}
    else:
        fields["bound_note"] = (
            f"the file's interval [{low:.4g}, {high:.4g}] does not fit its value and sample size; "
            "this one is computed from the counts"
        )
    return foreign.figure(area_id(foreign.attack), **fields)


def _ends(given: dict[str, Any]) -> tuple[Decimal, Decimal]:
    pair = values.entries(given["auc_ci"], "$.auc_ci", 2)
    if len(pair) != 2:  # noqa: PLR2004 both ends
        raise BadInput("$.auc_ci does not hold two ends.", values.AGAIN, place="$.auc_ci")
    ends = {"0": pair[0], "1": pair[1]}
    low, high = (values.fraction(ends, name, "$.auc_ci") for name in ends)
    return (Decimal(1), Decimal(0)) if low is None or high is None else (low, high)


def _exact(foreign: Foreign, given: dict[str, Any], n_in: int, n_out: int) -> Indicator:
    """Return ``eps_cp``; above what the sample could show at best it contradicts its own counts."""
    value = values.number(given, "eps_cp")
    base = {"unit": "epsilon", "n_in": n_in, "n_out": n_out, "attack_params": _delta(foreign)}
    if value is None:
        return foreign.not_measured(LOWER, "the producer wrote null for eps_cp", **base)
    most = -math.log(fpr_upper_bound(0, max(min(n_in, n_out) // 2, 1), LEVEL))
    if float(value) > most + 1e-6:
        reason = f"the file says {value:.4g}, but {n_in:,} and {n_out:,} records show at most {most:.4g}"
        return foreign.not_measured(LOWER, reason, **base)
    return foreign.figure(LOWER, value=max(value, Decimal(0)), bound_note=OPTIMISTIC, **base)


def _cap(foreign: Foreign, given: dict[str, Any]) -> Indicator:
    """Say that ``eps`` is not read; when it equals ln(n) it is the tool's cap and no measurement at all."""
    value = values.number(given, "eps")
    sizes = values.table(given["data_size"], "$.data_size")
    counts = [values.count(sizes, name, "$.data_size") for name in sizes]
    cap = next((n for n in counts if value is not None and n > 0 and _equals(value, n)), None)
    if cap is not None:
        reason = f"eps = {value:.4f} is ln({cap:,}), the cap that the tool sets for {cap:,} records, not a measurement"
    else:
        reason = "eps is the upper end at one threshold, without exact bounds; read eps_cp"
    return foreign.not_measured(CAPPED, reason, unit="epsilon")


def _equals(value: Decimal, n: int) -> bool:
    return math.isclose(float(value), math.log(n), rel_tol=1e-9, abs_tol=1e-9)


READER = ReportReader(
    "privacyguard",
    "a PrivacyGuard analysis",
    "privacyguard",
    Access.API_CONF,
    _recognises,
    _read,
    ("model outputs", "candidate records with labels"),
)
