"""Synthetic records as a release of their own: how close to the real ones, and how close to single people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from safetensors.torch import save

from exeat.audit.membership import LEVEL, Scores, number
from exeat.audit.pilots import generator
from exeat.audit.pilots.exposure import figures, renamed
from exeat.audit.pilots.protection import ProtectionFailed
from exeat.errors import BadInput
from exeat.model.manifest import Metric
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from exeat.audit.target import Records

    Floats = NDArray[np.float64]

RESAMPLES = 200
KIND = "synthetic"
TITLE = "synthetic records in place of the model"
LIMITS = (
    "A reference generator for tables: it knows pairs of columns within a class and nothing beyond them. No "
    "differential privacy; what it keeps of each class are quantiles and correlations of the members. The distance to "
    "the closest record finds copies and near copies, not every way to recognise a member."
)
KNOWS = ("the record and its label", "the table")
METHOD = "distance to the closest synthetic record of the same class, columns in units of their spread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """Draw ``ratio`` times as many records as there are members."""

    ratio: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.ratio <= 100:  # noqa: PLR2004 beyond is a slip
            raise BadInput(f"A ratio of {self.ratio} gives no useful number of records.", "Give 0.1 to 100.")

    @property
    def pilot_id(self) -> str:
        """Return ``synthetic``, with the ratio where it is not one."""
        return KIND if self.ratio == 1 else f"{KIND}-ratio-{self.ratio:g}"

    @property
    def parameters(self) -> dict[str, str]:
        """Return the settings as texts."""
        return {"generator": "Gaussian copula per class", "ratio": f"{self.ratio:g}"}


class Table(NamedTuple):
    """Synthetic records and the bytes of their file (safetensors: ``x``, ``y``)."""

    x: Tensor
    y: Tensor
    file: bytes


def draw(how: Synthetic, members: Records, seed: int) -> Table:
    """Fit the generator on the members and return a table in their shape."""
    if not members.x.is_floating_point():
        raise ProtectionFailed("the generator here makes records of real numbers; these are not")
    flat = members.x.flatten(1).double().numpy()
    x, y = generator.sample(generator.fit(flat, members.y.numpy()), max(1, round(how.ratio * len(flat))), seed)
    shaped = torch.from_numpy(x).to(members.x.dtype).reshape(-1, *members.x.shape[1:])
    labels = torch.from_numpy(y)
    return Table(shaped, labels, save({"x": shaped.contiguous(), "y": labels}))


def closeness(table: Table, others: Records, seed: int) -> tuple[Metric, ...]:
    """Return how far the table is from real records that it was not made from: marginals and pairs of columns.

    Both lie in [0, 1]: the mean over the columns of the largest gap between two distribution functions, and the mean
    absolute difference of the correlations. Bootstrap over both tables, percentiles.
    """
    made, real = table.x.flatten(1).double().numpy(), others.x.flatten(1).double().numpy()
    rng = np.random.default_rng(seed)
    drawn = [
        (made[rng.integers(0, len(made), len(made))], real[rng.integers(0, len(real), len(real))])
        for _ in range(RESAMPLES)
    ]
    return (
        _distance("marginal-distance", _marginals(made, real), [_marginals(*pair) for pair in drawn], len(real)),
        _distance("correlation-distance", _pairs(made, real), [_pairs(*pair) for pair in drawn], len(real)),
    )


def own_test(table: Table, members: Records, others: Records) -> tuple[Indicator, ...]:
    """Return the membership attack on the table, and the share of members that stand in it word for word."""
    x = torch.cat([members.x, others.x]).flatten(1).double()
    y = torch.cat([members.y, others.y])
    nearest = _nearest(x, y, table)
    scored = Scores("loss", -nearest[: len(members)].numpy(), -nearest[len(members) :].numpy())
    rows = [renamed(row, "loss", "dcr", METHOD) for row in figures(scored)]
    held = {"adversary": Adversary(access=Access.WHITE_BOX, knowledge=KNOWS)}
    return (*(row.model_copy(update=held) for row in rows), _copies(nearest, len(members)))


def _nearest(x: Tensor, y: Tensor, table: Table) -> Tensor:
    """Return each record's distance to the closest synthetic record of its class; of any class where there is none."""
    made = table.x.flatten(1).double()
    spread = made.std(dim=0, correction=0)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    x, made = x / spread, made / spread
    result = torch.empty(len(x), dtype=torch.float64)
    for label in sorted(set(y.tolist())):
        same = made[table.y == label]
        rows = y == label
        result[rows] = torch.cdist(x[rows], same if len(same) else made, compute_mode="donot_use_mm_for_euclid_dist") \
            .min(dim=1).values  # fmt: skip
    return result


def _copies(nearest: Tensor, n_members: int) -> Indicator:
    hits = int((nearest[:n_members] == 0).sum())
    outside = int((nearest[n_members:] == 0).sum())
    low, high = clopper_pearson(hits, n_members, LEVEL)
    return Indicator(
        indicator_id="x_synthetic.exact_copies", status="measured", value=number(hits / n_members), unit="fraction",
        ci_low=low, ci_high=high, ci_level=LEVEL, ci_method="clopper_pearson", n_in=n_members,
        n_out=len(nearest) - n_members, n_events=hits,
        baseline_value=number(outside / max(1, len(nearest) - n_members)),
        method="members whose record and class stand in the table exactly",
        adversary=Adversary(access=Access.WHITE_BOX, knowledge=KNOWS),
        bound_note="the baseline is the same share of the non-members",
    )  # fmt: skip


def _marginals(made: Floats, real: Floats) -> float:
    gaps = []
    for a, b in zip(made.T, real.T, strict=True):
        at = np.concatenate([a, b])
        below = [np.searchsorted(np.sort(c), at, side="right") / len(c) for c in (a, b)]
        gaps.append(np.abs(below[0] - below[1]).max())
    return float(np.mean(gaps))


def _pairs(made: Floats, real: Floats) -> float:
    """Return half the mean absolute difference of the correlations, over pairs of columns that vary in both."""
    varies = (made.std(axis=0) > 0) & (real.std(axis=0) > 0)
    if varies.sum() < 2:  # noqa: PLR2004 a pair
        return 0.0
    a, b = (np.atleast_2d(np.corrcoef(t[:, varies], rowvar=False)) for t in (made, real))
    above = np.triu_indices(int(varies.sum()), k=1)
    return float(np.abs(a[above] - b[above]).mean() / 2)


def _distance(name: str, value: float, drawn: list[float], n: int) -> Metric:
    low, high = np.quantile(drawn, [(1 - float(LEVEL)) / 2, (1 + float(LEVEL)) / 2])
    return Metric.model_validate(
        {"id": name, "value": number(value), "unit": "fraction", "ci_low": number(min(low, value)),
         "ci_high": number(max(high, value)), "ci_level": LEVEL, "split": "test", "n": n}
    )  # fmt: skip
