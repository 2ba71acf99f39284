"""Figures cut to what a person may see: exact, as bands, or suppressed because the cell is too small. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.access.judging import BEYOND, NEAR, WITHIN, band
from exeat.access.rules import MIN_CELL, sees_exact, sees_small_cells

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from exeat.model.person import Person
    from exeat.model.policy import Policy

SUPPRESSED, NOT_MEASURED = "suppressed", "not measured"
_FIGURES = ("value", "ci_low", "ci_high", "bad_end", "baseline_value")
_COUNTS = ("n_in", "n_out", "n_events", "n")
_INDICATOR_COLUMNS = (
    "checkpoint_id", "indicator_id", "label", "band", "status", "reason", "value", "ci_low", "ci_high", "unit", "limit",
    "n_in", "n_out", "subgroup", "method", "access", "producer", "reported_at", "report_id",
)  # fmt: skip
_METRIC_COLUMNS = ("metric_id", "value", "ci_low", "ci_high", "unit", "split", "regime", "subgroup", "n", "status")


class Shown(NamedTuple):
    """Rows as they may be shown; ``suppressed`` counts cells hidden because they are too small."""

    rows: pd.DataFrame
    suppressed: int
    exact: bool

    def sentences(self) -> dict[str, str]:
        """Return the exposure of each checkpoint in one sentence, never averaged over attacks."""
        counts: dict[str, Counter[str]] = {}
        for checkpoint_id, words in zip(self.rows["checkpoint_id"], self.rows["band"], strict=True):
            counts.setdefault(str(checkpoint_id), Counter())[_SENTENCE.get(words, "")] += 1
        return {one: _sentence(found) for one, found in counts.items()}


_SENTENCE = {BEYOND: "beyond the limit", NEAR: "near it", WITHIN: "within it", NOT_MEASURED: NOT_MEASURED}


def _sentence(counts: Counter[str]) -> str:
    words = [f"{counts[what]} {what}" for what in dict.fromkeys(_SENTENCE.values()) if counts[what]]
    return ", ".join(words) or "no limit set"


def _smallest(policy: Policy | None) -> int:
    return max(MIN_CELL, policy.resolution.min_subgroup_n if policy else MIN_CELL)


def _too_small(rows: pd.DataFrame, counts: list[str], smallest: int) -> pd.Series[bool]:
    """Return which rows are about a subgroup with too few people, or with an unknown number of them."""
    fewest = rows[counts].astype("float64").min(axis=1, skipna=False)
    return rows["subgroup"].notna() & ~(fewest >= smallest)


def _hide(rows: pd.DataFrame, small: pd.Series[bool], columns: tuple[str, ...]) -> pd.DataFrame:
    """Blank the figures of small cells, and all counts of subgroups: the rest would give the missing one away."""
    figures = {c: rows[c].mask(small) for c in columns if c in rows}
    counts = {c: rows[c].mask(rows["subgroup"].notna()) for c in _COUNTS if c in rows}
    return rows.assign(**figures, **counts, status=rows["status"].mask(small, SUPPRESSED))


def shown_indicators(found: pd.DataFrame, person: Person, policy: Policy | None) -> Shown:
    """Return the figures of some checkpoints; they were judged for each checkpoint's intended tier."""
    judged = found["max_value"].where(found["verdict"] != "not_measured")
    rows = found.assign(limit=judged, band=[_band(row) for row in found.to_dict("records")])
    small = _too_small(rows, ["n_in"], _smallest(policy))
    hidden = 0
    if not sees_small_cells(person):
        rows = _hide(rows, small, _FIGURES)
        rows = rows.assign(band=rows["band"].mask(small, SUPPRESSED), reason=rows["reason"].mask(small, ""))
        hidden = int(small.sum())
    exact = sees_exact(person)
    if not exact:
        rows = rows.assign(**dict.fromkeys((*_FIGURES, *_COUNTS, "limit", "producer", "report_id", "reported_at")))
    return Shown(rows[list(_INDICATOR_COLUMNS)].reset_index(drop=True), hidden, exact)


def _band(row: Mapping[Hashable, Any]) -> str:
    falling = row["direction"] == "lower_is_worse"
    return band(row["verdict"], _number(row["bad_end"]), _number(row["max_value"]), lower_is_worse=falling)


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124 NaN from a frame


def shown_metrics(found: pd.DataFrame, person: Person, policy: Policy | None) -> Shown:
    """Return the utility figures; small subgroups are suppressed for those who may not see them."""
    rows = found.assign(status="measured")
    small = _too_small(rows, ["n"], _smallest(policy))
    if sees_small_cells(person):
        return Shown(rows[list(_METRIC_COLUMNS)], 0, exact=True)
    return Shown(
        _hide(rows, small, ("value", "ci_low", "ci_high"))[list(_METRIC_COLUMNS)], int(small.sum()), exact=True
    )
