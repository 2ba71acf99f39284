"""All reconstruction indicators of one target.

``measure(target, claim=None, released=None, private=None, seed=0) -> list[Indicator]``

* ``recon.error``, ``recon.error_nearest``, ``recon.rero`` of inverting each class from the weights, always.
* the same of the gradient of a batch, when ``released`` says how one leaves (a gradient component, an optimizer's
  first moment after one step, the difference of two checkpoints one step apart); otherwise not applicable.
* ``recon.rero_bound`` from the mechanism, when the training was DP-SGD (``private``); otherwise not applicable.
* ``recon.rero`` of the best attacker with a list of candidates, for one noisy gradient, beside its bound.
* ``recon.fil`` for one noisy gradient (``released`` with noise); otherwise not applicable.

Attackers are told apart by ``adversary.knowledge``, so that two figures of one id never mean the same attack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from exeat.audit.membership import LEVEL, number
from exeat.audit.reconstruction import fisher, rero
from exeat.audit.reconstruction.baseline import (
    Population,
    blind_guess,
    distance,
    median_ratio,
    to_nearest,
    tolerance_of,
)
from exeat.audit.reconstruction.candidates import MIN_CANDIDATES, pick, signals
from exeat.audit.reconstruction.gradient_inversion import Search, Seen, rebuild
from exeat.audit.reconstruction.gradients import (
    GradientRelease,
    at_once,
    batch_gradients,
    batches,
    frozen,
    record_gradient,
)
from exeat.audit.reconstruction.inversion import PULL, STEPS, invert_classes
from exeat.errors import BadInput
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from exeat.audit.target import Target

    Array = NDArray[np.float64]

CANDIDATES, TRIALS = 100, 2000
BATCHES = 20
"""Batches whose gradient is inverted."""
FISHER_RECORDS = 20
LARGEST_FLOOR = 1e9
"""In standard deviations; what lies beyond is not worth a number."""
_CLASS = Adversary(access=Access.WHITE_BOX, knowledge=("the class of the record", "means and spreads of the features"))
_MECHANISM = Adversary(
    access=Access.TRACE, knowledge=("every noisy gradient", "all other records", "the prior of the record")
)


def measure(
    target: Target,
    *,
    released: GradientRelease | None = None,
    private: rero.DpSgd | None = None,
    seed: int = 0,
    search: Search | None = None,
) -> list[Indicator]:
    """Return every reconstruction indicator of the target; see the module's text."""
    population = Population.of(target.non_members)
    found = class_inversion(target, population, seed=seed)
    found += gradient_inversion(target, population, released, search or Search(seed=seed))
    if released is not None and released.noise > 0:
        found.append(candidate_success(target, released, seed=seed))
    found.append(mechanism_bound(population, private, seed=seed))
    found.append(fisher_bound(target, population, released, seed=seed))
    return found


def class_inversion(target: Target, population: Population, *, seed: int) -> list[Indicator]:
    """Return how near the input that stands for each class comes to its members."""
    labels = torch.unique(target.members.y)
    guesses = invert_classes(target.model, population, labels)
    place = torch.searchsorted(labels, target.members.y)
    truth = population.standard(target.members.x)
    params = {"steps": str(STEPS), "pull": str(PULL), "seed": str(seed)}
    method = "class inversion by gradient ascent (Fredrikson et al. 2015)"
    by_class = distance(truth, population.mean_of(target.members.y))
    apart = distance(truth, guesses[place])
    beside = median_ratio(apart, by_class, seed)
    note = (
        f" Against the mean of the class among non-members it is {beside.value:.3f} "
        f"[{beside.low:.3f}, {beside.high:.3f}]."
    )
    base = {"method": method, "attack_params": params, "adversary": _CLASS, "split": "train"}
    return _figures(apart, truth, population, base, seed=seed, note=note)


def gradient_inversion(
    target: Target, population: Population, released: GradientRelease | None, search: Search
) -> list[Indicator]:
    """Return how near the records behind a released gradient are rebuilt; batches are matched in the best order."""
    if released is None:
        reason = "no gradient of training records leaves: say how one is released to have it inverted"
        fields: dict[str, Any] = {"unit": "ratio", "direction": "lower_is_worse", "method": "gradient inversion"}
        nobody = Adversary(access=Access.TRACE, knowledge=("the gradient of a batch",))
        return [_without("recon.error", reason, adversary=nobody, **fields)]
    x, y = batches(target.members.x, target.members.y, released, BATCHES, search.seed)
    gradients = batch_gradients(frozen(target.model), x, y, released, search.seed)
    guesses = rebuild(Seen(target.model, gradients, y, released, population), search)
    truth = population.standard(x.flatten(0, 1)).reshape(guesses.shape)
    matched = torch.stack([_matched(one, true) for one, true in zip(guesses, truth, strict=True)])
    apart = distance(matched.flatten(0, 1), truth.flatten(0, 1)).reshape(y.shape)
    size = released.batch_size
    knows = (f"the gradient of a batch of {size}: {released.words}", "the classes of the batch", "the weights")
    params = {
        "batch": str(size), "clip_norm": str(released.clip_norm), "noise_multiplier": str(released.noise_multiplier),
        "steps": str(search.steps), "restarts": str(search.restarts), "seed": str(search.seed),
    }  # fmt: skip
    base = {
        "method": "gradient inversion (Geiping et al. 2020; first layer in closed form where it is linear)",
        "attack_params": params, "adversary": Adversary(access=Access.TRACE, knowledge=knows), "split": "train",
    }  # fmt: skip
    return _figures(apart, truth.flatten(0, 1), population, base, seed=search.seed, note="")


def _matched(guesses: Tensor, truth: Tensor) -> Tensor:
    """Return the guesses [b, d] in the order that fits the truth best."""
    apart = torch.cdist(truth, guesses).nan_to_num(torch.inf).numpy()
    _, order = linear_sum_assignment(np.minimum(apart, 1e12))
    return guesses[torch.from_numpy(order)]


def _figures(
    apart: Array, truth: Tensor, population: Population, base: dict[str, Any], *, seed: int, note: str
) -> list[Indicator]:
    """Return the error against the average person and against the nearest person outside, and the success rate."""
    trivial = distance(truth, torch.zeros_like(truth)).reshape(apart.shape)
    nearest = to_nearest(truth, population.rows).reshape(apart.shape)
    words = "distance to the member over that of the mean of the non-members, at the median." + note
    near = "the same over the distance to the nearest non-member; below 1 it is nearer than any other person known"
    return [
        _ratio("recon.error", apart, trivial, seed, words, base),
        _ratio("recon.error_nearest", apart, nearest, seed, near, base),
        _success(apart, population, seed, base),
    ]


def _ratio(name: str, apart: Array, trivial: Array, seed: int, note: str, base: dict[str, Any]) -> Indicator:
    found = median_ratio(apart, trivial, seed)
    return Indicator(
        indicator_id=name, status="measured", value=number(found.value), unit="ratio", direction="lower_is_worse",
        ci_low=number(found.low), ci_high=number(found.high), ci_level=LEVEL, ci_method="bootstrap", n_in=apart.size,
        baseline_value=number(1.0), bound_note=f"{note} ({len(apart)} independent units)", **base,
    )  # fmt: skip


def _success(apart: Array, population: Population, seed: int, base: dict[str, Any]) -> Indicator:
    """Return the share of batches in which the first record comes within the tolerance, with its exact interval.

    One record per batch is counted: the others share its gradient and are not independent of it.
    """
    blind = blind_guess(population, tolerance_of(population, seed), seed)
    first = apart.reshape(len(apart), -1)[:, 0]
    hits, n = int((first <= blind.tolerance).sum()), len(first)
    low, high = clopper_pearson(hits, n, LEVEL)
    kappa = clopper_pearson(blind.hits, blind.tried, LEVEL)
    params = base["attack_params"] | {"tolerance": f"{blind.tolerance:.6g}"}
    return Indicator(
        indicator_id="recon.rero", status="measured", value=number(hits / n), unit="fraction", ci_low=low, ci_high=high,
        ci_level=LEVEL, ci_method="clopper_pearson", n_in=n, n_events=hits,
        baseline_value=number(blind.hits / blind.tried),
        bound_note=f"within {blind.tolerance:.3g} standard deviations a coordinate, at most the median distance to the "
        f"nearest other person; one blind guess succeeds for {blind.hits} of {blind.tried} non-members "
        f"[{kappa.low:.4f}, {kappa.high:.4f}]",
        **(base | {"attack_params": params}),
    )  # fmt: skip


def candidate_success(target: Target, released: GradientRelease, *, seed: int) -> Indicator:
    """Return how often the best attacker picks the member behind one noisy gradient out of a list, beside the bound."""
    most = max(MIN_CANDIDATES, min(CANDIDATES, at_once(target.model, 1)))
    chosen = torch.randperm(len(target.members), generator=torch.Generator().manual_seed(seed))[:most]
    norm = released.clip_norm or 0.0
    added = signals(target.model, target.members.x[chosen], target.members.y[chosen], norm)
    noise = released.noise_multiplier * norm
    picked = pick(added, noise=noise, sample_rate=1.0, steps=1, trials=TRIALS, seed=seed)
    low, high = clopper_pearson(picked.hits, picked.trials, LEVEL)
    kappa = 1 / picked.candidates
    bound = rero.gaussian(kappa, 1 / released.noise_multiplier)
    knows = Adversary(
        access=Access.TRACE, knowledge=(f"{picked.candidates} candidates", "the rest of the batch", "the weights")
    )
    return Indicator(
        indicator_id="recon.rero", status="measured", value=number(picked.hits / picked.trials), unit="fraction",
        ci_low=low, ci_high=high, ci_level=LEVEL, ci_method="clopper_pearson", n_in=picked.candidates,
        n_events=picked.hits, method="the likeliest of a list of candidates (after Hayes et al. 2023)", adversary=knows,
        attack_params={"trials": str(TRIALS), "protection": released.words, "seed": str(seed)}, split="train",
        baseline_value=number(kappa),
        bound_note=f"{picked.hits} of {picked.trials} simulated releases; the mechanism allows {bound:.4f}"
        + ("" if low <= number(bound) else ", so the noise is not what is claimed"),
    )  # fmt: skip


def mechanism_bound(population: Population, private: rero.DpSgd | None, *, seed: int) -> Indicator:
    """Return the success that no attacker can exceed, given noise, sample rate and steps (Hayes et al. 2023).

    kappa is the upper end of the blind guess's exact interval, on people it was not chosen on: an estimate of the
    prior, where a finite list would give it exactly.
    """
    fields: dict[str, Any] = {
        "unit": "fraction",
        "method": "reconstruction robustness from the privacy profile",
        "split": "train",
    }
    if private is None:
        reason = "training was not differentially private, so the mechanism excludes nothing"
        return _without("recon.rero_bound", reason, adversary=_MECHANISM, **fields)
    blind = blind_guess(population, tolerance_of(population, seed), seed)
    kappa = float(clopper_pearson(blind.hits, blind.tried, LEVEL).high)
    bound = rero.dp_sgd(kappa, private)
    shown = f"kappa {kappa:.4f} from {blind.hits} of {blind.tried} blind guesses (upper end); {bound.method}"
    if bound.vacuous:
        reason = f"the bound is its cap of 1 and excludes nothing; {shown}"
        return Indicator(
            indicator_id="recon.rero_bound", status="not_measured", reason=reason, adversary=_MECHANISM, **fields
        )
    value = number(bound.value)
    params = {
        "noise_multiplier": f"{private.noise_multiplier:g}", "sample_rate": f"{private.sample_rate:g}",
        "steps": str(private.steps), "tolerance": f"{blind.tolerance:.6g}",
    }  # fmt: skip
    return Indicator(
        indicator_id="recon.rero_bound", status="measured", value=value, ci_low=value, ci_high=value, ci_level=LEVEL,
        ci_method="exact", n_out=blind.tried, n_events=blind.hits, baseline_value=number(kappa), attack_params=params,
        adversary=_MECHANISM, **fields,
        bound_note=f"if the noise was as stated, no attacker rebuilds a record more often; {shown}",
    )  # fmt: skip


def fisher_bound(target: Target, population: Population, released: GradientRelease | None, *, seed: int) -> Indicator:
    """Return the error below which no unbiased attacker on one noisy gradient comes, for the worst of some members.

    In standard deviations of the population, the root mean square per coordinate (Hannun et al. 2021; Guo et al. 2022).
    """
    fields: dict[str, Any] = {
        "unit": "standard deviations", "method": "Fisher information of one noisy gradient (Cramér and Rao)",
        "direction": "lower_is_worse", "split": "train",
    }  # fmt: skip
    knows = Adversary(access=Access.TRACE, knowledge=("one noisy gradient", "the rest of its batch", "the weights"))
    if released is None or released.noise == 0:
        reason = (
            "the bound is about a release with normal noise of known size, such as one noisy gradient; of weights "
            "after many steps it would need every step's gradient at the record, and without noise there is none"
        )
        return _without("recon.fil", reason, adversary=knows, **fields)
    try:
        seen = _leakages(target, population, released, seed)
    except BadInput as too_large:
        return Indicator(
            indicator_id="recon.fil", status="not_measured", reason=too_large.headline, adversary=knows, **fields
        )
    floors = np.sqrt([one.mse_bound for one in seen])
    if floors.min() > LARGEST_FLOOR:
        reason = (
            f"the floor lies beyond {LARGEST_FLOOR:.0e}: a noisy gradient tells next to nothing of {len(seen)} members"
        )
        return Indicator(indicator_id="recon.fil", status="not_measured", reason=reason, adversary=knows, **fields)
    with_prior = np.sqrt([fisher.with_prior(one.trace, 1.0, one.size) for one in seen])
    eta = max(one.eta for one in seen)
    return Indicator(
        indicator_id="recon.fil", status="measured", value=number(floors.min()), n_in=len(seen),
        attack_params={"eta": f"{eta:.6g}", "noise_multiplier": f"{released.noise_multiplier:g}"}, adversary=knows,
        bound_note=f"the smallest of {len(seen)} members, median {np.median(floors):.3g}; eta {eta:.3g}. It holds for "
        f"unbiased attackers; with a normal prior of spread 1, about {with_prior.min():.3g} (van Trees, information "
        "taken at the record)", **fields,
    )  # fmt: skip


def _leakages(target: Target, population: Population, released: GradientRelease, seed: int) -> list[fisher.Leakage]:
    one = record_gradient(frozen(target.model), released.clip_norm)

    def mean_gradient(label: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda row: one(population.inputs(row[None])[0], label) / released.batch_size

    chosen = torch.randperm(len(target.members), generator=torch.Generator().manual_seed(seed))[:FISHER_RECORDS]
    rows = population.standard(target.members.x[chosen])
    return [
        fisher.leakage(fisher.information(mean_gradient(label), row, released.noise))
        for row, label in zip(rows, target.members.y[chosen], strict=True)
    ]


def _without(name: str, reason: str, **fields: Any) -> Indicator:
    return Indicator(indicator_id=name, status="not_applicable", reason=reason, **fields)
