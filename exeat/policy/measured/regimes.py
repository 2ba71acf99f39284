"""The same figure over kinds of data and over adversaries: what depends on the confidential data, what does not."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, get_args

from exeat.model.manifest import Regime
from exeat.policy.ends import bad_end, widened
from exeat.policy.measured.judging import limit_of, membership, resolved, sort_label, sort_of, worst_of
from exeat.policy.reading import attack_name

if TYPE_CHECKING:
    from exeat.model.risk_report import Indicator
    from exeat.model.tier import Access
    from exeat.policy.matter import Matter
    from exeat.policy.measured.judging import Sort

ORDER: tuple[str, ...] = get_args(Regime)
ACCESS = {
    "api_label": "sees labels only",
    "api_conf": "sees confidences",
    "white_box": "has the weights",
    "trace": "has the training trace",
}
HALF = Decimal("0.5")


class Cell(NamedTuple):
    """The strongest attack of one adversary on one kind of data."""

    regime: str
    access: Access
    attack: str
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    over: bool | None
    """Beyond the limit, or beyond chance where there is no limit; None when the interval does not say."""


class Regimes(NamedTuple):
    """One sort of figure over several kinds of data or adversaries."""

    cells: tuple[Cell, ...]
    label: str
    area: bool
    limit: Decimal | None
    chance: Decimal | None
    sentence: str


def regimes(matter: Matter) -> Regimes | None:
    """Return the sort of figure with most combinations; None when there is only one, so nothing to compare."""
    found = [
        m.indicator
        for m in matter.measurements
        if m.indicator.subgroup is None and membership(m.indicator) and resolved(matter, m.indicator)
    ]
    by_sort: dict[Sort, dict[tuple[str, Access], list[Indicator]]] = {}
    for one in found:
        by_sort.setdefault(sort_of(one), {}).setdefault((one.regime, one.adversary.access), []).append(one)
    required = matter.policy.resolution.required_fpr
    best = max(by_sort, key=lambda sort: (len(by_sort[sort]), sort.fpr in required, sort.fpr is None), default=None)
    if best is None or len(by_sort[best]) < 2:  # noqa: PLR2004 two make a comparison
        return None
    strongest = [worst_of(each) for each in by_sort[best].values()]
    first = strongest[0] or found[0]
    limit, chance = limit_of(matter, first), HALF if best.suffix == "auc" else best.fpr
    cells = [_cell(one, limit, chance) for one in strongest if one is not None]
    cells.sort(key=lambda cell: (ORDER.index(cell.regime), -cell.access.strength))
    return Regimes(tuple(cells), sort_label(first), best.suffix == "auc", limit, chance, _sentence(cells, limit))


def _cell(one: Indicator, limit: Decimal | None, chance: Decimal | None) -> Cell:
    low, high = widened(one)
    return Cell(
        one.regime, one.adversary.access, attack_name(one.indicator_id.split(".")[1]), one.value or Decimal(0),
        low, high, _over(one, limit, chance),
    )  # fmt: skip


def _over(one: Indicator, limit: Decimal | None, chance: Decimal | None) -> bool | None:
    low, _ = widened(one)
    end = bad_end(one, "higher_is_worse")
    if low is None or end is None:
        return None
    return end > limit if limit is not None else low > (chance or 0)


def _sentence(cells: list[Cell], limit: Decimal | None) -> str:
    return " ".join(part for part in (_over_data(cells, limit), _over_adversaries(cells)) if part)


def _over_data(cells: list[Cell], limit: Decimal | None) -> str:
    """Return whether the answer is the same on all kinds of data, for the strongest adversary that saw them all.

    That one can do all that a weaker one can, so the attacks of both count.
    """
    kinds = [kind for kind in ORDER if any(cell.regime == kind for cell in cells)]
    if len(kinds) == 1:
        return f"Measured on {kinds[0]} data only: whether it holds on other data is not known."
    shared = [a for a in {c.access for c in cells} if all(_has(cells, kind, a) for kind in kinds)]
    if not shared:
        return "No adversary was tried on all kinds of data, so they cannot be compared."
    access = max(shared, key=lambda one: one.strength)
    answers = {kind: _any_over([c for c in cells if c.regime == kind and c.access in shared]) for kind in kinds}
    return f"For an attacker who {ACCESS[access.value]} it is {_answer(answers, limit)}"


def _answer(answers: dict[str, bool | None], limit: Decimal | None) -> str:
    """Return on which data it shows; kinds whose interval does not say are named, and never counted as alike."""
    yes, no = [k for k, over in answers.items() if over], [k for k, over in answers.items() if over is False]
    open_ones = [k for k, over in answers.items() if over is None]
    above, below = ("beyond the limit", "within it") if limit is not None else ("better than guessing", "not")
    if not yes and not no:
        return "not known on any of the data: the figures have no interval."
    rest = f" On {and_listed(open_ones)} data the figures have no interval, so it is not known." if open_ones else ""
    if not yes or not no:
        word = above if yes else "within the limit" if limit is not None else "not better than guessing"
        holds = "" if open_ones else " alike: the result holds across them"
        return f"{word} on {and_listed(yes or no)} data{holds}.{rest}"
    depends = " The real data decide it: it does not show on other data." if yes == ["real"] and not open_ones else ""
    return f"{above} on {and_listed(yes)} data and {below} on {and_listed(no)} data.{depends}{rest}"


def and_listed(names: list[str]) -> str:
    """Return ``real, masked and shifted``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _has(cells: list[Cell], regime: str, access: Access) -> bool:
    return any((cell.regime, cell.access) == (regime, access) for cell in cells)


def _any_over(cells: list[Cell]) -> bool | None:
    found = [cell.over for cell in cells]
    return True if True in found else None if None in found else False


def _over_adversaries(cells: list[Cell]) -> str:
    """Return whether more access recognised more; whoever has more can do all that whoever has less can."""
    same = sorted((cell for cell in cells if cell.regime == cells[0].regime), key=lambda cell: cell.access.strength)
    if len(same) < 2:  # noqa: PLR2004 two make a comparison
        return ""
    weak, best = same[0], max(same, key=lambda cell: (cell.value, -cell.access.strength))
    less = f"whoever {ACCESS[weak.access.value]}"
    said = f"No attacker with more access recognised more than {less}."
    if best is not weak:
        apart = best.low is not None and weak.high is not None and best.low > weak.high
        clearly = "clearly more than" if apart else "no more, as far as the intervals tell, than"
        said = f"Whoever {ACCESS[best.access.value]} recognises {clearly} {less}."
    if best is not same[-1]:
        said += " A lower figure for more access only shows a weaker attack."
    return said
