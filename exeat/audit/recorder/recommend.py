"""Which epoch exposes least at equal utility, and whether that is more than noise. Numbers in, a sentence out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from exeat.audit.engine.gap import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEVEL = 0.95
MARGIN = 0.02
"""How much worse than the best an epoch may be and still count as equal: two points of accuracy, or 2 % of the loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen at the end of one epoch: test accuracy (or loss), exposure with its interval.

    ``exposure`` is the area under the ROC of the loss attack. The arrays hold one loss per member and per outsider
    and one answer per outsider; they stay in memory and are missing for epochs that another process recorded.
    """

    epoch: int
    accuracy: float | None
    test_loss: float
    n_test: int
    exposure: float
    low: float
    high: float
    members: NDArray[np.float32] | None = None
    outsiders: NDArray[np.float32] | None = None
    right: NDArray[np.bool_] | None = None


class Recommendation(NamedTuple):
    """The epoch that exposes least at equal utility (None where no epoch stands out) and a sentence for people."""

    epoch: int | None
    sentence: str


def recommend(looks: Sequence[Look], margin: float = MARGIN) -> Recommendation:
    """Return which of the epochs exposes least among those that are as good as the best one.

    Equal: the upper end of the 95 % interval of how much worse it is stays within ``margin`` (paired on the same test
    records where both answers are known). Least: the lowest upper end of the exposure. It is recommended only when it
    is below the last epoch's exposure by more than noise: paired DeLong test, Bonferroni over the epochs compared.
    """
    if not looks:
        return Recommendation(None, "No epoch was measured against records that were not trained on.")
    if len(looks) < 2:  # noqa: PLR2004 a choice needs two
        more = "A larger share= lets the recorder measure more of them"
        return Recommendation(None, f"{_epochs(len(looks))} measured, so there is nothing to choose between. {more}.")
    best = max(looks, key=lambda one: (utility(one), -one.high))
    equal = [one for one in looks if one is best or worse_by(best, one) <= margin]
    least, last = min(equal, key=lambda one: (one.high, -one.epoch)), max(looks, key=lambda one: one.epoch)
    compared = (
        f"Of {_epochs(len(looks))} measured, {len(equal)} {_are(len(equal))} as good as the best, epoch {best.epoch} "
        f"({_utility_words(best)}), to within {_margin_words(best, margin)}"
    )
    if least is last:
        return Recommendation(last.epoch, f"{compared}. The last, epoch {last.epoch}, exposes least: {words(last)}.")
    worse, noise = last.exposure - least.exposure, _noise(last, least, max(1, len(equal) - 1))
    if last not in equal:
        return Recommendation(
            least.epoch,
            f"{compared}. Epoch {least.epoch} exposes least of these: {words(least)}. The last, epoch {last.epoch}, is "
            f"not as good ({_utility_words(last)}).",
        )
    if worse <= noise:
        return Recommendation(
            None,
            f"{compared}. No epoch is distinguishable from the last by its exposure: the lowest is epoch {least.epoch} "
            f"({_figure(least)}), the last has {_figure(last)}, and such a difference can be chance.",
        )
    return Recommendation(
        least.epoch,
        f"{compared}. Epoch {least.epoch} exposes least of these: {words(least)}. After the last, epoch {last.epoch}, "
        f"it is {_figure(last)}, which is more than chance explains.",
    )


def utility(look: Look) -> float:
    """Return a figure of which more is better: accuracy, or minus the test loss."""
    return look.accuracy if look.accuracy is not None else -look.test_loss


def worse_by(best: Look, other: Look) -> float:
    """Return the upper end of the 95 % interval of how much worse ``other`` is: accuracy, or share of the best loss."""
    if best.accuracy is None or other.accuracy is None:
        return _loss_worse_by(best, other)
    if best.right is not None and other.right is not None:
        only_best = int((best.right & ~other.right).sum())
        only_other = int((other.right & ~best.right).sum())
        return paired_interval(only_best, only_other, best.n_test)[1]
    high = wilson(round(best.accuracy * best.n_test), best.n_test, LEVEL)[1] - best.accuracy
    low = other.accuracy - wilson(round(other.accuracy * other.n_test), other.n_test, LEVEL)[0]
    return best.accuracy - other.accuracy + math.hypot(high, low)


def paired_interval(only_first: int, only_second: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two proportions on the same ``n`` records, from discordant counts.

    Wilson's intervals of the two discordant shares, combined by their distances from the estimates as in Newcombe
    (1998), Statistics in Medicine 17, 873, method 10. The shares' slight dependence is left out; the tests check the
    coverage.
    """
    (low_a, high_a), (low_b, high_b) = wilson(only_first, n, LEVEL), wilson(only_second, n, LEVEL)
    a, b = only_first / n, only_second / n
    return a - b - math.hypot(a - low_a, high_b - b), a - b + math.hypot(high_a - a, b - low_b)


def _loss_worse_by(best: Look, other: Look) -> float:
    if best.outsiders is None or other.outsiders is None:
        return math.inf
    difference = (other.outsiders - best.outsiders).astype(np.float64)
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * float(difference.std(ddof=1)) / math.sqrt(len(difference))
    return (float(difference.mean()) + half) / max(best.test_loss, 1e-12)


def _noise(last: Look, least: Look, tries: int) -> float:
    """Return the largest difference of the two exposures that chance explains."""
    z = NormalDist().inv_cdf(1 - (1 - LEVEL) / (2 * tries))
    if last.members is None or least.members is None or last.outsiders is None or least.outsiders is None:
        return z / NormalDist().inv_cdf((1 + LEVEL) / 2) * ((last.exposure - last.low) + (least.high - least.exposure))
    return z * delong_error((-last.members, -last.outsiders), (-least.members, -least.outsiders))


def delong_error(first: tuple[NDArray[Any], NDArray[Any]], second: tuple[NDArray[Any], NDArray[Any]]) -> float:
    """Return the standard error of the difference of two areas under the ROC over the same (members, outsiders).

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837: variance of the placement values.
    """
    by_member = _placed(first[0], first[1]) - _placed(second[0], second[1])
    by_outsider = _placed(first[1], first[0]) - _placed(second[1], second[0])
    return math.sqrt(by_member.var(ddof=1) / len(by_member) + by_outsider.var(ddof=1) / len(by_outsider))


def _placed(values: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """Return for each value the share of the others below it, ties counting half."""
    ordered = np.sort(others)
    below, not_above = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((below + not_above) / (2 * len(ordered)), dtype=np.float64)


def words(look: Look) -> str:
    """Return the exposure in terms of people."""
    return (
        f"shown one person of the training data and one other, an attacker who sees the loss names the right one in "
        f"{100 * look.exposure:.0f} of 100 cases, at most {100 * look.high:.0f} (50 is guessing)"
    )


def _figure(look: Look) -> str:
    return f"{100 * look.exposure:.0f} of 100, at most {100 * look.high:.0f}"


def _utility_words(look: Look) -> str:
    return f"test accuracy {look.accuracy:.3f}" if look.accuracy is not None else f"test loss {look.test_loss:.4g}"


def _margin_words(look: Look, margin: float) -> str:
    return f"{100 * margin:g} points" if look.accuracy is not None else f"{100 * margin:g} % of its loss"


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
