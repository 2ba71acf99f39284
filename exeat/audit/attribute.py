"""Attribute inference above imputation: what the model adds to guessing an attribute from everything else.

``measure(target, attribute, access=Access.API_CONF, seed=0) -> list[Indicator]``

The attacker knows the record but for one column of the input, its label, and non-members with all columns. Without
the model they impute: a model of the attribute given the other columns and the label, trained on the non-members. With
it they try each value (Yeom et al. 2018; Fredrikson et al. 2014) in two ways: the value under which the model is surest
of the true label, and the posterior that weighs an imputation without the label by the model's confidence in it. Both
are reported on by the better one, each at level 1 - 0.05/2, so that choosing costs no validity.

* categorical: ``attr.adv_over_imputation``, share of members guessed right minus the share imputed right, paired
  interval; ``attr.member_excess``, the attack on members minus the attack on non-members: what was learned of these
  people rather than of people like them.
* quantitative: ``attr.bounds_excess``, share of members whose value the attack bounds within a tenth of its spread
  minus the share for which imputation does.

An attribute one-hot over several columns is given as its columns; the values tried are then the rows of a unit matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import log_softmax, one_hot

from exeat.audit.membership import LEVEL, number
from exeat.audit.reconstruction.gradients import evaluating
from exeat.audit.reconstruction.imputation import cross_fitted, fit_imputer
from exeat.audit.reconstruction.paired import independent_difference, paired_difference
from exeat.errors import BadInput
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from exeat.audit.reconstruction.paired import Difference
    from exeat.audit.target import Records, Target

    Truths = NDArray[np.bool_]

WITHIN = 0.1
"""Half width of a bound on a quantitative attribute, as a share of its 5 to 95 % spread among non-members."""
GRID = 20
"""Values tried of a quantitative attribute: middles of as many equally full bins of the non-members."""
MAX_VALUES = 64
MIN_PEOPLE = 10
ATTACKS = {"surest": "value with the surest true label", "posterior": "imputation weighed by the model's confidence"}
_EACH = 1 - (1 - LEVEL) / len(ATTACKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """What is guessed: a name for people, the column(s) of the flattened input, and whether it is a quantity."""

    name: str
    columns: tuple[int, ...]
    quantitative: bool = False

    def __post_init__(self) -> None:
        if not self.columns or (self.quantitative and len(self.columns) > 1):
            raise BadInput(f"The attribute {self.name} needs columns, a quantity exactly one.", "Name its columns.")


@dataclass(frozen=True, slots=True)
class _Guessing:
    """Values tried [v, c], and for members and non-members the true value's number [n] and log scores per way."""

    values: Tensor
    truth: tuple[Tensor, Tensor]
    scores: dict[str, tuple[Tensor, Tensor]]
    imputed: Tensor


def measure(
    target: Target, attribute: Attribute, *, access: Access = Access.API_CONF, seed: int = 0
) -> list[Indicator]:
    """Return how much the model adds to imputing ``attribute``; see the module's text."""
    adversary = Adversary(
        access=access, knowledge=("all other features and the label", "non-members with all features")
    )
    base: dict[str, Any] = {"adversary": adversary, "split": "train"}
    params = {"attribute": attribute.name, "seed": str(seed)}
    if min(len(target.members), len(target.non_members)) < MIN_PEOPLE:
        reason = f"fewer than {MIN_PEOPLE} members or non-members"
        return [_unmeasured(attribute, reason, base | {"attack_params": params})]
    values = _values(target.non_members.x, attribute)
    if len(values) < 2:  # noqa: PLR2004 nothing to tell apart
        reason = "all non-members have the same value, so there is nothing to guess"
        return [_unmeasured(attribute, reason, base | {"attack_params": params})]
    guessing = _guess(target, attribute, values, seed)
    base["attack_params"] = params | {"values": str(len(values))}
    if attribute.quantitative:
        return [_bounds(target, attribute, guessing, base)]
    return _categorical(guessing, base)


def _flat(x: Tensor) -> Tensor:
    return x.detach().double().flatten(1)


def _values(x: Tensor, attribute: Attribute) -> Tensor:
    """Return the values that the attacker tries, [v, c], in the units of the input."""
    if len(attribute.columns) > 1:
        return torch.eye(len(attribute.columns), dtype=torch.float64)
    column = _flat(x)[:, attribute.columns[0]]
    if attribute.quantitative:
        middles = torch.quantile(column, (torch.arange(GRID, dtype=torch.float64) + 0.5) / GRID)
        spread: Tensor = torch.unique(middles)
        return spread[:, None]
    distinct: Tensor = torch.unique(column)
    if len(distinct) > MAX_VALUES:
        raise BadInput(
            f"The attribute {attribute.name} has {len(distinct)} different values among the non-members.",
            "Call it quantitative, or bin it before training.",
        )
    return distinct[:, None]


def _nearest_value(x: Tensor, attribute: Attribute, values: Tensor) -> Tensor:
    nearest: Tensor = torch.cdist(_flat(x)[:, list(attribute.columns)], values).argmin(dim=1)
    return nearest


def _guess(target: Target, attribute: Attribute, values: Tensor, seed: int) -> _Guessing:
    """Score every value for everybody; imputations of non-members come from models that did not see them."""
    inside, outside = target.members, target.non_members
    truth = tuple(_nearest_value(people.x, attribute, values) for people in (inside, outside))
    rest = [_others(people.x, attribute) for people in (inside, outside)]
    classes = int(torch.cat([inside.y, outside.y]).max()) + 1
    known = [torch.cat([r, one_hot(p.y, classes).double()], 1) for r, p in zip(rest, (inside, outside), strict=True)]
    sure = [_confidence(target.model, people, attribute, values) for people in (inside, outside)]
    blind = fit_imputer(rest[1], truth[1], len(values))(rest[0]), cross_fitted(rest[1], truth[1], len(values), seed)
    return _Guessing(
        values,
        (truth[0], truth[1]),
        {"surest": (sure[0], sure[1]), "posterior": (blind[0] + sure[0], blind[1] + sure[1])},
        fit_imputer(known[1], truth[1], len(values))(known[0]),
    )


def _others(x: Tensor, attribute: Attribute) -> Tensor:
    flat = _flat(x)
    keep = torch.ones(flat.shape[1], dtype=torch.bool)
    keep[list(attribute.columns)] = False
    return flat[:, keep]


@torch.no_grad()
def _confidence(model: nn.Module, people: Records, attribute: Attribute, values: Tensor) -> Tensor:
    """Return the model's log share of the true label under each value, [n, v]."""
    columns, scores = list(attribute.columns), []
    with evaluating(model):
        for value in values:
            x = people.x.flatten(1).clone()
            x[:, columns] = value.to(x.dtype)
            logits = model(x.reshape(people.x.shape)).double()
            scores.append(log_softmax(logits, dim=1).gather(1, people.y[:, None])[:, 0])
    return torch.stack(scores, dim=1)


def _categorical(guessing: _Guessing, base: dict[str, Any]) -> list[Indicator]:
    imputed = _right(guessing.imputed, guessing.truth[0])
    right = {
        name: tuple(_right(s, t) for s, t in zip(scores, guessing.truth, strict=True))
        for name, scores in guessing.scores.items()
    }
    best = max(right, key=lambda name: right[name][0].sum())
    inside, outside = right[best]
    note = (
        f"{inside.mean():.3f} of members guessed right with the model, {imputed.mean():.3f} imputed without it, "
        f"{outside.mean():.3f} of non-members guessed right with it; {_tried(right)}"
    )
    advantage = paired_difference(inside, imputed, _EACH)
    excess = independent_difference(inside, outside, _EACH)
    return [
        _indicator("attr.adv_over_imputation", advantage, best, imputed, note, len(outside), inside, base),
        _indicator("attr.member_excess", excess, best, outside, note, len(outside), inside, base),
    ]


def _bounds(target: Target, attribute: Attribute, guessing: _Guessing, base: dict[str, Any]) -> Indicator:
    """Return the excess of members whose value the best guess bounds within the tolerance."""
    column = attribute.columns[0]
    outside, inside = (_flat(people.x)[:, column] for people in (target.non_members, target.members))
    ends = torch.quantile(outside, torch.tensor([0.05, 0.95], dtype=torch.float64))
    reach = WITHIN * float(ends[1] - ends[0])

    def bounded(scores: Tensor) -> Truths:
        found: Truths = ((guessing.values[scores.argmax(dim=1), 0] - inside).abs() <= reach).numpy()
        return found

    imputed = bounded(guessing.imputed)
    right = {name: (bounded(scores[0]),) for name, scores in guessing.scores.items()}
    best = max(right, key=lambda name: right[name][0].sum())
    note = (
        f"within {reach:.4g} of the value: {right[best][0].mean():.3f} of members with the model, "
        f"{imputed.mean():.3f} by imputation; {_tried(right)}"
    )
    found = paired_difference(right[best][0], imputed, _EACH)
    return _indicator("attr.bounds_excess", found, best, imputed, note, len(outside), right[best][0], base)


def _right(scores: Tensor, truth: Tensor) -> Truths:
    found: Truths = (scores.argmax(dim=1) == truth).numpy()
    return found


def _tried(right: Mapping[str, tuple[Truths, ...]]) -> str:
    each = ", ".join(f"{name} {found[0].mean():.3f}" for name, found in right.items())
    return f"the better of {len(right)} attacks ({each}), each interval at {_EACH:f} for that choice"


def _indicator(
    name: str, found: Difference, best: str, baseline: Truths, note: str, n_out: int, inside: Truths,
    base: dict[str, Any],
) -> Indicator:  # fmt: skip
    return Indicator(
        indicator_id=name, status="measured", value=number(found.value), unit="difference", ci_low=number(found.low),
        ci_high=number(found.high), ci_level=LEVEL, ci_method="newcombe", n_in=len(inside), n_out=n_out,
        n_events=int(inside.sum()), method=ATTACKS[best], baseline_value=number(baseline.mean()), bound_note=note,
        **base,
    )  # fmt: skip


def _unmeasured(attribute: Attribute, reason: str, base: dict[str, Any]) -> Indicator:
    name = "attr.bounds_excess" if attribute.quantitative else "attr.adv_over_imputation"
    return Indicator(
        indicator_id=name, status="not_measured", reason=reason, unit="difference", method=ATTACKS["surest"], **base
    )
