"""Canaries: records and secrets planted before training, to see afterwards what the model kept of them.

For classifiers a canary is a record that a coin puts in or leaves out (``canary_records``, ``spare_input_records``);
exeat/audit/dp turns scores of all of them into a lower bound on epsilon. For generative models it is a random secret;
``exposure_indicator`` ranks it among secrets that were never inserted, ``extraction_indicator`` asks for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from exeat.audit.membership import LEVEL, number
from exeat.audit.target import Records
from exeat.errors import BadInput
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray
    from torch import Tensor, nn

    Generate = Callable[[Sequence[int], int], Sequence[int]]

RESOLVING_BITS = 10.0
"""An exposure at the ceiling counts as measured only if the ceiling is at least this: 1,023 never-inserted secrets."""
MIN_CLASSES = 2
LEAST_P = number(1e-9)
"""The least p-value that is written down."""


@dataclass(frozen=True, slots=True)
class Canaries:
    """Canary records and which of them the coin put into the training data, shape [n]; scored after training, all."""

    records: Records
    inside: NDArray[np.bool_]
    kind: str

    def included(self) -> Records:
        """Return the canaries to train on."""
        chosen = torch.from_numpy(np.flatnonzero(self.inside))
        return Records(self.records.x[chosen], self.records.y[chosen])

    def __len__(self) -> int:
        return len(self.inside)


def canary_records(x: Tensor, y: Tensor, n: int, seed: int, *, n_classes: int | None = None) -> Canaries:
    """Return ``n`` different records with a wrong label drawn at random, each included by a fair coin.

    ``x`` [N, ...] and ``y`` [N] are records that are otherwise not trained on. Whoever knows the seed knows the coins:
    keep it secret until the audit. Source: mislabelled canaries of Nasr et al. 2023 and Steinke et al. 2023.
    """
    classes = int(y.max()) + 1 if n_classes is None else n_classes
    if not 0 < n <= len(y) or classes < MIN_CLASSES:
        raise BadInput(
            f"{n} mislabelled canaries cannot be made from {len(y)} records of {classes} classes.",
            "Give at least as many records as canaries, of two classes or more.",
        )
    rng = np.random.default_rng(seed)
    chosen = torch.from_numpy(rng.choice(len(y), n, replace=False))
    away = torch.from_numpy(rng.integers(1, classes, n))
    inside = rng.random(n) < 0.5  # noqa: PLR2004 a fair coin
    return Canaries(Records(x[chosen], (y[chosen] + away) % classes), inside, "mislabelled records")


def pad_inputs(x: Tensor, n: int) -> Tensor:
    """Return flat inputs [N, d] with ``n`` spare features, zero for everybody: [N, d + n]."""
    if x.ndim != 2:  # noqa: PLR2004 records × features
        raise BadInput("Spare inputs need flat records.", "Flatten the inputs, or use mislabelled canaries.")
    return torch.cat([x, x.new_zeros(len(x), n)], dim=1)


def spare_input_records(features: int, n: int, seed: int, *, n_classes: int, size: float = 1.0) -> Canaries:
    """Return ``n`` canaries for a model with ``features + n`` inputs: one spare input each, of value ``size``, else 0.

    Nobody else uses that input, so its first-layer weights move by this canary and by noise alone: the gradient points
    in a direction of its own (a Dirac canary, after Nasr et al. 2023), and its logit gap shows it to a black box.
    The spare columns can be cut off after the audit. Labels are drawn at random; coins and seed as above.
    """
    if n < 1 or n_classes < MIN_CLASSES or features < 0:
        raise BadInput(f"{n} canaries of {n_classes} classes are not possible.", "Give at least one and two classes.")
    rng = np.random.default_rng(seed)
    x = torch.zeros(n, features + n)
    x[torch.arange(n), features + torch.arange(n)] = size
    y = torch.from_numpy(rng.integers(0, n_classes, n))
    return Canaries(Records(x, y), rng.random(n) < 0.5, "records with an input of their own")  # noqa: PLR2004 coin


def ranks(canaries: NDArray[np.float64], references: NDArray[np.float64]) -> NDArray[np.int_]:
    """Return each canary's place among the never-inserted references, 1 the most likely; ties count against it.

    ``canaries`` [m] are scores such as log-likelihoods; ``references`` are [n] for all, or [m, n] with own ones each.
    """
    if canaries.ndim != 1 or references.ndim not in {1, 2} or 0 in (*canaries.shape, *references.shape):
        raise BadInput("Exposure needs scores of canaries and of never-inserted secrets.", "Give at least one of each.")
    if not (np.isfinite(canaries).all() and np.isfinite(references).all()):
        raise BadInput("Some secrets have no finite score.", "Score them by log-likelihood, not by probability.")
    above: NDArray[np.int_] = (references >= canaries[:, None]).sum(axis=1)
    places: NDArray[np.int_] = above + 1
    return places


def exposures(canaries: NDArray[np.float64], references: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log2(n + 1) − log2(rank) bits for each canary among itself and n references.

    Of a secret that was never inserted, P(exposure >= k) <= 2^(−k), because every rank is equally likely. Source:
    Carlini et al. 2019 (1802.08232), exposure by sampling.
    """
    bits: NDArray[np.float64] = exposure_ceiling(references.shape[-1]) - np.log2(ranks(canaries, references))
    return bits


def exposure_ceiling(n_references: int) -> float:
    """Return the exposure of the first place among ``n_references`` others, in bits: more cannot be seen."""
    return float(np.log2(n_references + 1))


def uniform_ranks(canaries: NDArray[np.float64], references: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """Return (rank − V)/(n + 1) with V uniform and ties split at random: exactly uniform for never-inserted canaries.

    Its −log2 is the exposure with the steps taken out, exponential with mean 1/ln 2 bits under the null.
    """
    rng = np.random.default_rng(seed)
    last = ranks(canaries, references) - 1
    above = (references > canaries[:, None]).sum(axis=1)
    place: NDArray[np.float64] = (above + rng.random(len(canaries)) * (last - above + 1)) / (references.shape[-1] + 1)
    return place


def median_interval(values: NDArray[np.float64], level: float = float(LEVEL)) -> tuple[float, float] | None:
    """Return an exact interval of the median from order statistics; None with too few values (6 for 95 %)."""
    from scipy.special import bdtr  # noqa: PLC0415 a page that reads reports does not pay for it

    ordered, n = np.sort(values), len(values)
    tails = bdtr(np.arange(n), n, 0.5)
    below = int((tails <= (1 - level) / 2).sum())
    if below == 0:
        return None
    return float(ordered[below - 1]), float(ordered[n - below])


def exposure_indicator(
    canaries: NDArray[np.float64],
    references: NDArray[np.float64],
    *,
    access: Access = Access.API_CONF,
    params: Mapping[str, str] | None = None,
) -> Indicator:
    """Return ``mem.canary.exposure``: the median exposure in bits over canaries, with its exact interval.

    ``canaries`` [m] and ``references`` [n] are log-likelihoods of inserted and of never-inserted secrets of one space;
    higher is more likely. p is that of the one-sided rank test against never-inserted ones. What stands
    at the ceiling log2(n + 1) is flagged, and not measured where the ceiling is below RESOLVING_BITS.
    """
    bits = exposures(canaries, references)
    ceiling, median = exposure_ceiling(references.shape[-1]), float(np.median(bits))
    top = int((bits >= ceiling).sum())
    common: dict[str, Any] = {
        "indicator_id": "mem.canary.exposure", "unit": "bits", "n_in": len(bits), "n_out": references.shape[-1],
        "method": "canary exposure by sampling (Carlini et al. 2019), median over canaries",
        "attack_params": {**(params or {}), "ceiling": f"{ceiling:.6f}", "canaries_at_ceiling": str(top),
                          "largest": f"{bits.max():.6f}", "at_ceiling": str(median >= ceiling).lower()},
        "adversary": Adversary(access=access, knowledge=("the form of the secrets",)), "split": "train",
    }  # fmt: skip
    if median >= ceiling and ceiling < RESOLVING_BITS:
        return Indicator(
            status="not_measured", reason=f"at least {ceiling:.2f} bits, which is all that {len(references):,} other "
            f"secrets can show; score at least {2**RESOLVING_BITS - 1:,.0f} that were never inserted", **common,
        )  # fmt: skip
    tail = _rank_test(canaries, references)
    return Indicator(
        status="measured", value=number(median), p_value=max(tail, LEAST_P), baseline_value=number(1.0),
        **_interval(bits, median, ceiling, top, "; p is given as 1e-9, it is smaller" if tail < LEAST_P else ""),
        **common,
    )  # fmt: skip


def _interval(bits: NDArray[np.float64], median: float, ceiling: float, top: int, more: str) -> dict[str, Any]:
    """Return the interval's fields and the note; no interval where its upper end would be the ceiling."""
    note = f"{top} of {len(bits)} canaries stand at the ceiling of {ceiling:.4f} bits; without memorization about 1 bit"
    note += more
    if median >= ceiling:
        return {"bound_note": f"value = ceiling: the true exposure may be much larger; {note}"}
    ends = median_interval(bits)
    if ends is None:
        return {"bound_note": f"{len(bits)} canaries are too few for an interval of the median; {note}"}
    if ends[1] >= ceiling:
        return {"bound_note": f"interval left out, its upper end is the ceiling; {note}"}
    low, high = min(ends[0], median), max(ends[1], median)
    ends_fields = {"ci_low": number(low), "ci_high": number(high), "ci_level": LEVEL, "ci_method": "exact"}
    return {"bound_note": note, **ends_fields}


def _rank_test(canaries: NDArray[np.float64], references: NDArray[np.float64]) -> Decimal:
    """Return the one-sided p-value of the canaries' ranks, at nine places.

    Where each canary has references of its own, it is compared with those alone (stratified rank test, van Elteren
    1960): secrets of different kinds have likelihoods of different size, and pooled they would hide each other.
    """
    if references.ndim == 1:
        from scipy.stats import mannwhitneyu  # noqa: PLC0415 it costs half a second

        tail = float(mannwhitneyu(canaries, references, alternative="greater").pvalue)
    else:
        own, n = canaries[:, None], references.shape[1]
        below = (references < own).sum(axis=1) + (references == own).sum(axis=1) / 2
        spread = math.sqrt(len(canaries) * n * (n + 2) / 12)
        tail = 0.5 * math.erfc(float((below - n / 2).sum()) / spread / math.sqrt(2))
    return number(tail)


def extraction_indicator(
    generate: Generate,
    secrets: Sequence[Sequence[int]],
    prefix: int,
    *,
    controls: Sequence[Sequence[int]] = (),
    access: Access = Access.API_LABEL,
    params: Mapping[str, str] | None = None,
) -> Indicator:
    """Return ``mem.extract.rate``: the share of training sequences whose greedy continuation is the sequence itself.

    ``generate(prefix, length)`` returns the model's most likely continuation; ``secrets`` are sequences of tokens from
    the training data, of which the first ``prefix`` are given (Carlini et al. 2021, 2023). ``controls`` were never
    trained on; their rate is the baseline: what a model says to anybody.
    """
    if not secrets or prefix < 1 or any(len(one) <= prefix for one in (*secrets, *controls)):
        raise BadInput(
            "Extraction needs sequences longer than their prefix of at least one token.", "Give longer sequences."
        )
    hits, known = _recited(generate, secrets, prefix), _recited(generate, controls, prefix)
    low, high = clopper_pearson(hits, len(secrets), LEVEL)
    rest = sorted({len(one) - prefix for one in secrets})
    return Indicator(
        indicator_id="mem.extract.rate", status="measured", value=number(hits / len(secrets)), unit="fraction",
        ci_low=low, ci_high=high, ci_level=LEVEL, ci_method="clopper_pearson", n_in=len(secrets), n_out=len(controls),
        n_events=hits, method="greedy continuation of a prefix, verbatim (Carlini et al. 2021)",
        attack_params={**(params or {}), "prefix_tokens": str(prefix), "tokens_to_recite": f"{rest[0]} to {rest[-1]}"},
        adversary=Adversary(access=access, knowledge=(f"the first {prefix} tokens of each sequence",)), split="train",
        baseline_value=number(known / len(controls)) if controls else None,
        bound_note=f"{hits} of {len(secrets)} recited word for word"
        + (f", {known} of {len(controls)} sequences that were never trained on" if controls else ""),
    )  # fmt: skip


def _recited(generate: Generate, sequences: Sequence[Sequence[int]], prefix: int) -> int:
    return sum(
        list(generate(list(one[:prefix]), len(one) - prefix))[: len(one) - prefix] == list(one[prefix:])
        for one in sequences
    )


@torch.no_grad()
def log_likelihoods(model: nn.Module, tokens: Tensor, prefix: int) -> NDArray[np.float64]:
    """Return the log-probability in nats of each sequence [n, length] after its first ``prefix`` tokens.

    ``model`` maps tokens [n, t] to logits [n, t, vocabulary], each for the token that follows.
    """
    logits = model(tokens[:, :-1]).double().log_softmax(dim=-1)
    each = logits.gather(2, tokens[:, 1:, None])[..., 0]
    total: NDArray[np.float64] = each[:, max(prefix - 1, 0) :].sum(dim=1).numpy()
    return total


def greedy(model: nn.Module) -> Generate:
    """Return the function that continues a prefix with the most likely token, again and again."""

    @torch.no_grad()
    def generate(prefix: Sequence[int], length: int) -> Sequence[int]:
        tokens = list(prefix)
        for _ in range(length):
            tokens.append(int(model(torch.tensor([tokens]))[0, -1].argmax()))
        return tokens[len(prefix) :]

    return generate
