"""Figures cut to what a person may see: exact, as bands, or suppressed because the cell is too small. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.access.judging import BANDS, BEYOND, NEAR, WITHIN, band
from exeat.access.rules import MIN_CELL, sees_exact, sees_small_cells

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from exeat.model.person import Person
    from exeat.model.policy import Policy

SUPPRESSED, WITHHELD, NOT_MEASURED = "suppressed", "withheld", "not measured"
"""Withheld figures would be safe alone, but would give a suppressed one away."""
_FIGURES = ("value", "ci_low", "ci_high", "bad_end", "baseline_value")
_COUNTS = ("n_in", "n_out", "n_events", "n")
_INDICATOR_COLUMNS = (
    "checkpoint_id", "indicator_id", "label", "band", "status", "reason", "value", "ci_low", "ci_high", "unit", "limit",
    "n_in", "n_out", "subgroup", "method", "access", "producer", "reported_at", "report_id",
)  # fmt: skip
_METRIC_COLUMNS = ("metric_id", "value", "ci_low", "ci_high", "unit", "split", "regime", "subgroup", "n", "status")


class Shown(NamedTuple):
    """Rows as may be shown; ``suppressed`` counts cells of under ``smallest`` people, ``withheld`` their siblings."""

    rows: pd.DataFrame
    suppressed: int
    exact: bool
    smallest: int = MIN_CELL
    withheld: int = 0

    def sentences(self) -> dict[str, str]:
        """Return the exposure of each checkpoint in one sentence, never averaged over attacks."""
        counts: dict[str, Counter[str]] = {}
        for checkpoint_id, words in zip(self.rows["checkpoint_id"], self.rows["band"], strict=True):
            counts.setdefault(str(checkpoint_id), Counter())[_SENTENCE.get(words, "")] += 1
        return {one: _sentence(found) for one, found in counts.items()}


def counted_sentences(found: pd.DataFrame, person: Person) -> dict[str, str]:
    """Return the same sentences from counts (``queries.INDICATOR_COUNTS``)."""
    counts: dict[str, Counter[str]] = {}
    for row in found.to_dict("records"):
        words = BANDS.get(row["verdict"], NEAR if row["near"] else WITHIN)
        words = SUPPRESSED if row["small"] and not sees_small_cells(person) else words
        counts.setdefault(str(row["checkpoint_id"]), Counter())[_SENTENCE.get(words, "")] += int(row["n"])
    return {one: _sentence(found) for one, found in counts.items()}


_SENTENCE = {BEYOND: "beyond the limit", NEAR: "near it", WITHIN: "within it", NOT_MEASURED: NOT_MEASURED}


def _sentence(counts: Counter[str]) -> str:
    words = [f"{counts[what]} {what}" for what in dict.fromkeys(_SENTENCE.values()) if counts[what]]
    return ", ".join(words) or "no limit set"


def smallest_cell(policy: Policy | None) -> int:
    """Return how many people a subgroup needs to be shown."""
    return max(MIN_CELL, policy.resolution.min_subgroup_n if policy else MIN_CELL)


def _too_small(rows: pd.DataFrame, counts: list[str], smallest: int) -> pd.Series[bool]:
    """Return which rows are about a subgroup with too few people, or with an unknown number of them."""
    fewest = rows[counts].astype("float64").min(axis=1, skipna=False)
    return rows["subgroup"].notna() & ~(fewest >= smallest)


def _siblings(rows: pd.DataFrame, small: pd.Series[bool]) -> pd.Series[bool]:
    """Return the other groups of a split in which a cell is small: with the whole they would give it away.

    Groups are of one split when the text before ``=`` is the same; groups without ``=`` count as one split.
    """
    split = rows["subgroup"].fillna("").map(lambda name: name.partition("=")[0].strip() if "=" in name else "")
    split = rows["checkpoint_id"].astype(str).str.cat(split, sep="\n")
    return rows["subgroup"].notna() & split.isin(set(split[small])) & ~small


def _hide(rows: pd.DataFrame, small: pd.Series[bool], columns: tuple[str, ...]) -> tuple[pd.DataFrame, int]:
    """Blank the figures of small cells and their siblings, and all counts of subgroups; count the siblings."""
    siblings = _siblings(rows, small)
    withheld = siblings & (rows["status"] == "measured")
    figures = {c: rows[c].mask(small | siblings) for c in columns if c in rows}
    counts = {c: rows[c].mask(rows["subgroup"].notna()) for c in _COUNTS if c in rows}
    reasons = {"reason": rows["reason"].mask(small | siblings, "")} if "reason" in rows else {}
    status = rows["status"].mask(withheld, WITHHELD).mask(small, SUPPRESSED)
    return rows.assign(**figures, **counts, **reasons, status=status), int(withheld.sum())


def shown_indicators(found: pd.DataFrame, person: Person, policy: Policy | None) -> Shown:
    """Return the figures of some checkpoints; they were judged for each checkpoint's intended tier."""
    judged = found["max_value"].where(found["verdict"] != "not_measured")
    rows = found.assign(limit=judged, band=[_band(row) for row in found.to_dict("records")])
    smallest = smallest_cell(policy)
    small = _too_small(rows, ["n_in"], smallest)
    hidden = withheld = 0
    if not sees_small_cells(person):
        rows, withheld = _hide(rows.assign(band=rows["band"].mask(small, SUPPRESSED)), small, _FIGURES)
        hidden = int(small.sum())
    exact = sees_exact(person)
    if not exact:
        rows = rows.assign(**dict.fromkeys((*_FIGURES, *_COUNTS, "limit", "producer", "report_id", "reported_at")))
    return Shown(rows[list(_INDICATOR_COLUMNS)].reset_index(drop=True), hidden, exact, smallest, withheld)


def _band(row: Mapping[Hashable, Any]) -> str:
    falling = row["direction"] == "lower_is_worse"
    return band(row["verdict"], _number(row["bad_end"]), _number(row["max_value"]), lower_is_worse=falling)


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124 NaN from a frame


def shown_metrics(found: pd.DataFrame, person: Person, policy: Policy | None) -> Shown:
    """Return the utility figures; small subgroups are suppressed for those who may not see them."""
    rows = found.assign(status="measured")
    smallest = smallest_cell(policy)
    small = _too_small(rows, ["n"], smallest)
    if sees_small_cells(person):
        return Shown(rows[list(_METRIC_COLUMNS)], 0, exact=True)
    rows, withheld = _hide(rows, small, ("value", "ci_low", "ci_high"))
    return Shown(rows[list(_METRIC_COLUMNS)], int(small.sum()), True, smallest, withheld)
