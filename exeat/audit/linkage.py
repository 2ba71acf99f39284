"""Re-identification: link released rows (representations, masked records) to an external table of named people.

``measure(release, population=None, seed=0) -> list[Indicator]`` with ``release = Linkable(...)``

* ``reid.rate``: share of released people in the table whose best match is themselves, exact interval. The attacker
  compares standardised distances, or, given some pairs they already know, first learns a linear map from what was
  released to the table's columns (ridge regression). Ties are broken at random. The baseline is 1/people in the table.
* ``reid.rate_margin``: with people in the table and not, the share of confident matches that are right.
* ``reid.unique`` and ``reid.k_map`` for masked records: how many people of the population fit each released row.

Distances are between standardised columns; what is not known of a cell (NaN) does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat.audit.membership import LEVEL, number
from exeat.errors import BadInput
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Numbers = NDArray[np.int64]

NOBODY = -1
"""In ``truth``: this released person is not in the table."""
MIN_PEOPLE = 10
CONFIDENT = 0.5
"""A match is confident when its distance is less than this share of the second best."""
RIDGE = 1.0
_CHUNK = 10**7


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkable:
    """What leaves, an outside table, and who is who.

    ``released`` [n, d] and ``table`` [m, e] are numbers; NaN is a suppressed cell. ``truth`` [n] is each released
    person's row of the table, NOBODY (-1) if they have none. ``known`` [n] marks released people whom the attacker
    already knows by name: they teach the linear map and are not counted. Without a map both have the same columns.
    """

    released: Array
    table: Array
    truth: Numbers
    known: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if len(self.truth) != len(self.released):
            raise BadInput(
                f"{len(self.released)} released rows and {len(self.truth)} true matches.", "Give one per row."
            )
        if len(self.table) == 0 or self.truth.max(initial=NOBODY) >= len(self.table):
            raise BadInput("A true match points outside the table.", "Number the rows of the table from 0.")
        if self.known is None and self.released.shape[1] != self.table.shape[1]:
            raise BadInput(
                f"The release has {self.released.shape[1]} columns and the table {self.table.shape[1]}.",
                "Give the same columns in the same order, or mark pairs that the attacker knows.",
            )


def measure(release: Linkable, *, population: Array | None = None, seed: int = 0) -> list[Indicator]:
    """Return the linkage indicators; ``population`` [N, d] adds the k-map of masked records."""
    counted = np.ones(len(release.truth), dtype=bool) if release.known is None else ~release.known
    apart = distances(release)[counted]
    truth = release.truth[counted]
    present = truth != NOBODY
    base = _base(release, seed)
    found = [_rate(apart[present], truth[present], len(release.table), seed, base), _margin(apart, truth, base)]
    if population is not None:
        found += k_map(release.released, population)
    return found


def _base(release: Linkable, seed: int) -> dict[str, Any]:
    learned = release.known is not None
    knows = ["an outside table with names"]
    if release.known is not None:
        knows.append(f"{int(release.known.sum())} people's rows in both")
    method = "nearest row after a learned linear map" if learned else "nearest row by standardised distance"
    return {
        "method": method, "split": "train", "attack_params": {"table": str(len(release.table)), "seed": str(seed)},
        "adversary": Adversary(access=Access.WHITE_BOX, knowledge=tuple(knows)),
    }  # fmt: skip


def distances(release: Linkable) -> Array:
    """Return the distance [n, m] of each released row to each row of the table, averaged over the cells known.

    Rows without a cell known in both are infinitely far: of whom nothing is known is nobody's best match.
    """
    mean, spread = _scale(release.table)
    table = (release.table - mean) / spread
    rows = (release.released - mean) / spread if release.known is None else _mapped(release, table)
    found = np.empty((len(rows), len(table)))
    size = max(1, _CHUNK // table.size)
    for start in range(0, len(rows), size):
        squares = (rows[start : start + size, None, :] - table[None]) ** 2
        known = ~np.isnan(squares)
        total, cells = np.where(known, squares, 0).sum(axis=2), known.sum(axis=2)
        found[start : start + size] = np.where(cells > 0, total / np.maximum(cells, 1), np.inf)
    return found


def _scale(rows: Array) -> tuple[Array, Array]:
    mean, spread = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    return mean, np.where(spread > 0, spread, 1.0)


def _mapped(release: Linkable, table: Array) -> Array:
    """Return where the released rows fall among the table's columns, by ridge regression on the pairs known."""
    taught = release.known & (release.truth != NOBODY)
    if taught.sum() < MIN_PEOPLE:
        raise BadInput(f"{int(taught.sum())} known pairs teach no map.", f"Mark at least {MIN_PEOPLE} people as known.")
    mean, spread = _scale(release.released[taught])
    rows = np.nan_to_num((release.released - mean) / spread)
    columns = np.nan_to_num(table[release.truth[taught]])
    given, offset = rows[taught], columns.mean(axis=0)
    weights = np.linalg.solve(given.T @ given + RIDGE * np.eye(given.shape[1]), given.T @ (columns - offset))
    mapped: Array = rows @ weights + offset
    return mapped


def _rate(apart: Array, truth: Numbers, people: int, seed: int, base: dict[str, Any]) -> Indicator:
    if len(truth) < MIN_PEOPLE:
        reason = f"{len(truth)} released people are in the table; at least {MIN_PEOPLE} are needed"
        return Indicator(indicator_id="reid.rate", status="not_measured", reason=reason, unit="fraction", **base)
    ties = np.random.default_rng(seed).random(apart.shape)
    best = np.lexsort((ties, apart), axis=1)[:, 0]
    hits, n = int((best == truth).sum()), len(truth)
    low, high = clopper_pearson(hits, n, LEVEL)
    own = apart[np.arange(n), truth]
    as_near = (apart <= own[:, None]).sum(axis=1)
    return Indicator(
        indicator_id="reid.rate", status="measured", value=number(hits / n), unit="fraction", ci_low=low, ci_high=high,
        ci_level=LEVEL, ci_method="clopper_pearson", n_in=n, n_events=hits, baseline_value=number(1 / people),
        bound_note=f"{hits} of {n} linked to the right one of {people} people; guessing links 1 in {people}. Half of "
        f"them have at most {int(np.median(as_near)) - 1} other people as near as themselves", **base,
    )  # fmt: skip


def _margin(apart: Array, truth: Numbers, base: dict[str, Any]) -> Indicator:
    """Return how often a match that stands out is right, people outside the table included."""
    if apart.shape[1] < 2 or len(apart) == 0:  # noqa: PLR2004 a second best is needed
        reason = "a table of one person has no second best match"
        return Indicator(indicator_id="reid.rate_margin", status="not_measured", reason=reason, unit="fraction", **base)
    two = np.sort(np.partition(apart, 1, axis=1)[:, :2], axis=1)
    stands_out = two[:, 0] < CONFIDENT**2 * two[:, 1]
    right = stands_out & (apart.argmin(axis=1) == truth)
    hits, n = int(right.sum()), int(stands_out.sum())
    if n == 0:
        reason = "no match stands out from the second best, so an attacker could claim none"
        return Indicator(indicator_id="reid.rate_margin", status="not_measured", reason=reason, unit="fraction", **base)
    low, high = clopper_pearson(hits, n, LEVEL)
    return Indicator(
        indicator_id="reid.rate_margin", status="measured", value=number(hits / n), unit="fraction", ci_low=low,
        ci_high=high, ci_level=LEVEL, ci_method="clopper_pearson", n_in=n, n_events=hits,
        bound_note=f"{n} of {len(apart)} best matches are less than {CONFIDENT} as far as the second; {hits} are "
        f"right; {int((truth == NOBODY).sum())} released people are not in the table", **base,
    )  # fmt: skip


def k_map(masked: Array, population: Array) -> list[Indicator]:
    """Return how many people of the population fit each masked row: the smallest number, and the share with one.

    ``masked`` [n, c] holds codes of quasi-identifiers, NaN where a cell is suppressed; a generalised value must be
    coded alike in both. k-map (Sweeney 2002): k counts the population, not the sample. A row that nobody fits is not of
    this population and is left out.
    """
    if masked.shape[1] != population.shape[1]:
        raise BadInput("The masked rows and the population have different columns.", "Give the same quasi-identifiers.")
    fits = np.array([int(((row == population) | np.isnan(row)).all(axis=1).sum()) for row in masked], dtype=np.int64)
    base: dict[str, Any] = {
        "method": "k-map over a population", "split": "train",
        "adversary": Adversary(access=Access.WHITE_BOX, knowledge=("the quasi-identifiers of the population",)),
    }  # fmt: skip
    inside = fits[fits > 0]
    if len(inside) == 0:
        reason = "no row of the population fits any masked row"
        return [
            Indicator(indicator_id=name, status="not_measured", reason=reason, unit=unit, **base)
            for name, unit in (("reid.k_map", "records"), ("reid.unique", "fraction"))
        ]
    unique, n = int((inside == 1).sum()), len(inside)
    low, high = clopper_pearson(unique, n, LEVEL)
    note = (
        f"{unique} of {n} rows fit one person; linking at random among those who fit succeeds for "
        f"{(1 / inside).mean():.4f}; {len(fits) - n} rows fit nobody"
    )
    return [
        Indicator(
            indicator_id="reid.k_map", status="measured", value=Decimal(int(inside.min())), unit="records",
            direction="lower_is_worse", n_in=n, n_out=len(population), bound_note=note, **base,
        ),
        Indicator(
            indicator_id="reid.unique", status="measured", value=number(unique / n), unit="fraction", ci_low=low,
            ci_high=high, ci_level=LEVEL, ci_method="clopper_pearson", n_in=n, n_out=len(population), n_events=unique,
            bound_note=note, **base,
        ),
    ]  # fmt: skip
