"""Two small classifiers with canaries that a coin inserts, trained by DP-SGD with and without clipping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from bench.calibration.dp_sgd import Setting, train
from exeat.audit.canaries import canary_records, pad_inputs, spare_input_records
from exeat.audit.dp import CanaryScores, best_bound
from exeat.audit.membership import Scores, epsilon_lower, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from bench.calibration.dp_sgd import Weights
    from exeat.audit.dp import OneRun
    from exeat.audit.dp.tradeoff import Family

CHUNK = 25


@dataclass(frozen=True, kw_only=True)
class Task:
    """A model, people's records and canaries; ``setting`` is the claim."""

    name: str
    setting: Setting
    start: Callable[[int], Weights]
    logits: Callable[[Weights, Tensor], Tensor]
    people: tuple[Tensor, Tensor]
    canaries: tuple[Tensor, Tensor]
    signal: str

    def loss(self, weights: Weights, x: Tensor, y: Tensor) -> Tensor:
        """Return the cross-entropy of one record."""
        return cross_entropy(self.logits(weights, x[None]), y[None])

    def unclipped(self) -> Task:
        """Return the same task with clipping left out and the noise kept."""
        return replace(self, setting=replace(self.setting, clipping=False))


class Run(NamedTuple):
    """One training: scores of all canaries with their coins, and the accuracy on people's records."""

    scores: CanaryScores
    accuracy: float


def spare_inputs(*, people: int = 300, canaries: int = 500, size: float = 20.0) -> Task:
    """Return logistic regression on ten features whose canaries have an input each; their raw gradient norm is 14 C."""
    draw = torch.Generator().manual_seed(0)
    features, classes = 10, 2
    labels = torch.randint(0, classes, (people,), generator=draw)
    x = torch.randn(people, features, generator=draw) + labels[:, None]
    planted = spare_input_records(features, canaries, 0, n_classes=classes, size=size).records

    def start(seeds: int) -> Weights:
        return {"w": torch.zeros(seeds, features + canaries, classes), "b": torch.zeros(seeds, classes)}

    return Task(
        name="logistic regression, spare inputs", start=start, logits=lambda w, v: v @ w["w"] + w["b"],
        people=(pad_inputs(x, canaries), labels), canaries=(planted.x, planted.y), signal="logit gap",
        setting=Setting(noise_multiplier=2.2, clip_norm=1.0, sample_rate=0.2, steps=40, learning_rate=0.02),
    )  # fmt: skip


LEARNS = Setting(noise_multiplier=2.0, clip_norm=0.1, sample_rate=0.2, steps=100, learning_rate=8.0)
"""DP-SGD that learns the digits."""
MEMORIZES = Setting(noise_multiplier=12.0, clip_norm=0.01, sample_rate=0.2, steps=150, learning_rate=1.0)
"""A strong claim; without clipping its noise is nothing beside the gradients, and the model learns by heart."""


def digits(setting: Setting, *, people: int = 400, canaries: int = 600, hidden: int = 16) -> Task:
    """Return an MLP on scikit-learn's digits with mislabelled canaries, scored by a black box's logit gap."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 an extra that only this needs

    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    x, y = torch.from_numpy(found.data[order]).float() / 16, torch.from_numpy(found.target[order]).long()
    planted = canary_records(x[people:], y[people:], canaries, 0, n_classes=10).records
    draw = torch.Generator().manual_seed(1)

    def start(seeds: int) -> Weights:
        shapes = {"w": (64, hidden), "b": (hidden,), "v": (hidden, 10), "c": (10,)}
        return {n: torch.randn(seeds, *s, generator=draw) / s[0] ** 0.5 * (len(s) > 1) for n, s in shapes.items()}

    def logits(w: Weights, v: Tensor) -> Tensor:
        return torch.relu(v @ w["w"] + w["b"]) @ w["v"] + w["c"]

    return Task(
        name="digits MLP, mislabelled records", start=start, logits=logits, people=(x[:people], y[:people]),
        canaries=(planted.x, planted.y), signal="logit gap",
        setting=setting,
    )  # fmt: skip


def runs(task: Task, seeds: int, *, seed: int = 0) -> Iterator[Run]:
    """Train ``seeds`` models, each with its own coins, batches and noise; yield what came of it."""
    x, y = (torch.cat(pair) for pair in zip(task.people, task.canaries, strict=True))
    rng = np.random.default_rng(seed)
    for first in range(0, seeds, CHUNK):
        many = min(CHUNK, seeds - first)
        coins = rng.random((many, len(task.canaries[1]))) < 0.5
        inside = torch.from_numpy(np.concatenate([np.ones((many, len(task.people[1])), dtype=bool), coins], axis=1))
        final = train(task.loss, task.start(many), x, y, inside, task.setting, seed + first)
        for row in range(many):
            weights = {name: value[row] for name, value in final.items()}
            right = task.logits(weights, task.people[0]).argmax(dim=1) == task.people[1]
            scores = CanaryScores(_gap(task, weights), coins[row], task.signal)
            yield Run(scores, float(right.double().mean()))


def _gap(task: Task, weights: Weights) -> NDArray[np.float64]:
    """Return the logit gap of each canary: true class against the log-sum of the others."""
    x, y = task.canaries
    logits = task.logits(weights, x).double()
    others = logits.scatter(1, y[:, None], float("-inf")).logsumexp(dim=1)
    gap: NDArray[np.float64] = (logits.gather(1, y[:, None])[:, 0] - others).numpy()
    return gap


def one_run_bounds(found: list[Run], delta: float, family: Family | None = None) -> list[OneRun]:
    """Return the one-run bound of each model."""
    return [best_bound(run.scores, delta=delta, family=family, seed=i) for i, run in enumerate(found)]


def rate_bounds(found: list[Run], delta: float) -> list[float]:
    """Return the bound by exact rates (Jagielski et al. 2020) on the same scores."""
    pairs = [Scores("loss", s.scores[s.inside], s.scores[~s.inside]) for s, _ in found]
    return [float(epsilon_lower(pair, number(delta), seed=i).value or 0) for i, pair in enumerate(pairs)]
