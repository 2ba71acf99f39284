"""Which results depend on the confidential records, and which hold in every regime: differences with intervals."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exeat.audit.area import area_of
from exeat.audit.membership import LEVEL, auc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from exeat.audit.scores import Scores
    from exeat.model.manifest import Regime

    Floats = NDArray[np.float64]

MARGIN = 0.05
"""A difference of areas that lies within this on both sides is taken as none."""

WORDS = {
    "depends": "these results depend on the exact records:",
    "holds": "these hold without them:",
    "cannot be told": "of these it cannot be told from so many records:",
}


class Difference(NamedTuple):
    """Area on the true records minus area in a regime, with its interval; ``word`` says what follows."""

    attack: str
    access: str
    regime: Regime
    detail: str
    real: float
    there: float
    low: float
    high: float

    @property
    def word(self) -> str:
        """Return depends, holds or cannot be told."""
        if self.low > 0 or self.high < 0:
            return "depends"
        return "holds" if max(-self.low, self.high) <= MARGIN else "cannot be told"

    def __str__(self) -> str:
        return f"{self.attack} {self.real - self.there:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"

    def as_values(self) -> dict[str, str]:
        """Return the figures as JSON knows them."""
        numbers = {"real": self.real, "there": self.there, "low": self.low, "high": self.high}
        words = {"attack": self.attack, "access": self.access, "regime": self.regime, "detail": self.detail}
        return words | {name: f"{value:.9f}" for name, value in numbers.items()} | {"verdict": self.word}


def differences(real: Sequence[Scores], others: Sequence[tuple[Regime, str, Sequence[Scores]]]) -> list[Difference]:
    """Compare every attack in every regime with itself on the true records; the level is shared over all of them."""
    by_name = {scores.attack: scores for scores in real}
    pairs = [
        (by_name[s.attack], s, kind, detail) for kind, detail, found in others for s in found if s.attack in by_name
    ]
    level = 1 - (1 - float(LEVEL)) / max(len(pairs), 1)
    return [_difference(mine, there, kind, detail, level) for mine, there, kind, detail in pairs]


def sentences(found: Sequence[Difference]) -> list[str]:
    """Say for each regime which results depend on the exact records, for somebody who is no statistician."""
    said = []
    for kind, detail in dict.fromkeys((one.regime, one.detail) for one in found):
        here = [one for one in found if (one.regime, one.detail) == (kind, detail)]
        parts = [
            f"{words} {', '.join(map(str, those))}"
            for word, words in WORDS.items()
            if (those := [one for one in here if one.word == word])
        ]
        said.append(f"{kind.capitalize()} records ({detail}): {'; '.join(parts)}.")
    if found:
        how = f"paired (DeLong et al. 1988), {float(LEVEL):.0%} over all {len(found)} comparisons"
        said.append(f"In brackets: AUC on the real records minus AUC there, {how}; within {MARGIN} counts as none.")
    return said


def _difference(mine: Scores, there: Scores, kind: Regime, detail: str, level: float) -> Difference:
    here, away = auc(mine.members, mine.non_members), auc(there.members, there.non_members)
    half = _half_width(mine, there, level)
    gap = here - away
    return Difference(mine.attack, mine.adversary.access.value, kind, detail, here, away, gap - half, gap + half)


def _half_width(mine: Scores, there: Scores, level: float) -> float:
    """Return half the interval's width; where no score tells people apart, from the intervals of each area alone.

    All scores tied, or all members above all others, leave no variance, and that is no certainty. Scores that tell
    people apart and are the same in both do differ by nothing.
    """
    found = [area_of(one.members, one.non_members, level) for one in (mine, there)]
    if all(one.method != "hanley_mcneil" for one in found):
        return NormalDist().inv_cdf((1 + level) / 2) * paired_error(mine, there)
    apart = (max(float(one.interval.high) - one.value, one.value - float(one.interval.low)) for one in found)
    return math.hypot(*apart)


def paired_error(mine: Scores, there: Scores) -> float:
    """Return the standard error of the difference of two areas about the same people.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837: the variance of the differences of each
    person's placement among the other side.
    """
    inside = placements(mine.members, mine.non_members) - placements(there.members, there.non_members)
    outside = placements(-mine.non_members, -mine.members) - placements(-there.non_members, -there.members)
    return math.sqrt(inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside))


def placements(scores: Floats, others: Floats) -> Floats:
    """Return for each score the share of the others below it; ties count half."""
    ordered = np.sort(others)
    below, not_above = np.searchsorted(ordered, scores, side="left"), np.searchsorted(ordered, scores, side="right")
    result: Floats = (below + not_above) / (2 * len(others))
    return result
