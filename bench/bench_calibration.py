"""Do the figures of an audit hold what they promise? Each claim over many seeds of small models, one thread.

Usage: python bench/bench_calibration.py [--seeds 200] [--write]
Prints one line per claim and exits 1 when one of them misses its target. --write renews calibration/RESULTS.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.calibration import classifiers, language, mechanism, untrained
from exeat.audit.canaries import exposures, uniform_ranks
from exeat.audit.dp import SampledGaussian
from exeat.audit.membership import auc
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.calibration.classifiers import Run, Task

DELTA = 1e-5


HEAD = """# Calibration of the audit

Written by `python bench/bench_calibration.py --write` with {seeds} seeds a line (more where it is cheap), one thread.
Each seed has its own coins, batches and noise, and networks start from their own weights.

- **a**: fresh MLPs that never saw a record; members and non-members are drawn anew. Interval of
  `membership.indicators_of`.
- **b**: bounds at 95 %, delta 1e-5, against the true epsilon: that of the mechanism, or what the PLD accountant proves
  for DP-SGD. Only randomised response comes close to it; with a few hundred canaries on DP-SGD bounds stay well below.
- **c**: the noise stays, clipping is left out. Logistic regression: {broken};
  each canary has an input of its own, of size 20, so its raw gradient is 14 times the clipping norm.
  Digits MLP: {digits};
  300 mislabelled canaries, scored by a black box. The exact-rates bound (`membership.epsilon_lower`) has the lower
  ceiling and is shown beside, not asked for.
- **d**: secrets of six digits; each is ranked among 63 others of its own. Those inserted show that the test has power.

| Claim | What | How often [95 % exact] | Target | Met | Seen |
|---|---|---|---|---|---|
"""


class Line(NamedTuple):
    """One claim: how often it came true, what was asked, and what else was seen."""

    claim: str
    what: str
    hits: int
    runs: int
    target: str
    fine: bool
    seen: str

    def __str__(self) -> str:
        low, high = clopper_pearson(self.hits, self.runs)
        rate = f"{self.hits} of {self.runs} = {self.hits / self.runs:.1%} [{low:.3f}, {high:.3f}]"
        return f"{self.claim} | {self.what} | {rate} | {self.target} | {'yes' if self.fine else 'NO'} | {self.seen}"


def chance(seeds: int) -> Iterator[Line]:
    """Yield (a): the 95 % interval of the AUC covers 0.5 on untrained models."""
    for signal in untrained.SIGNALS:
        for n in (30, 100, 300):
            found = untrained.coverage(signal, n, max(seeds, 1000))
            rate = found.covered / found.seeds
            seen = f"p <= 0.05 in {found.significant / found.seeds:.1%}"
            what = f"untrained MLP, {signal}, {n} + {n} records"
            yield Line("a: covers 0.5", what, found.covered, found.seeds, ">= 93 %", rate >= 0.93, seen)


def mechanisms(seeds: int) -> Iterator[Line]:
    """Yield (b): bounds against mechanisms whose true epsilon is known and reached."""
    runs, (mu, m) = max(seeds, 1000), (1.0, 500)
    truth = mechanism.truth(mu, DELTA)
    both = np.array(list(mechanism.gaussian_bounds(runs, mu=mu, canaries=m, delta=DELTA)))
    for name, bounds in zip(("binomial", "its own curve"), both.T, strict=True):
        yield _exceeds("b: above the true epsilon", f"Gaussian mechanism, {m} canaries, {name}", bounds, truth)
    both = np.array(list(mechanism.response_bounds(runs, epsilon=1.0, canaries=m)))
    for name, bounds in zip(("binomial", "its own curve"), both.T, strict=True):
        yield _exceeds("b: above the true epsilon", f"randomised response, {m} canaries, {name}", bounds, 1.0)


def _exceeds(claim: str, what: str, bounds: np.ndarray, truth: float, seen: str = "") -> Line:
    hits = int((bounds > truth).sum())
    figures = f"true {truth:.3f}; bound median {np.median(bounds):.3f}, largest {bounds.max():.3f}{seen}"
    return Line(claim, what, hits, len(bounds), "<= 5 %", hits <= 0.05 * len(bounds), figures)


def correct_runs(seeds: int) -> Iterator[Line]:
    """Yield (b): bounds on correct DP-SGD, against the epsilon that the accountant proves."""
    for task in (classifiers.spare_inputs(), classifiers.digits(classifiers.LEARNS)):
        found, seen = _trained(task, seeds)
        for name, bounds in _bounds(task, found):
            what = f"DP-SGD, {task.name}, {name}"
            yield _exceeds("b: above the true epsilon", what, bounds, task.setting.epsilon, seen)


def broken_runs(seeds: int) -> Iterator[Line]:
    """Yield (c): bounds on DP-SGD that forgot to clip, against the epsilon it claims."""
    for task in (classifiers.spare_inputs(), _memorizing()):
        found, seen = _trained(task.unclipped(), seeds)
        for name, bounds in _bounds(task, found):
            hits, claim = int((bounds > task.setting.epsilon).sum()), task.setting.epsilon
            figures = (
                f"claim {claim:.3f}; bound median {np.median(bounds):.3f}, q10 {np.quantile(bounds, 0.1):.3f}{seen}"
            )
            asked = name != "exact rates"
            target, fine = (">= 80 %", hits >= 0.8 * len(bounds)) if asked else ("not asked", True)
            what = f"clipping off, {task.name}, {name}"
            yield Line("c: above the claim", what, hits, len(bounds), target, fine, figures)


def _memorizing() -> Task:
    return classifiers.digits(classifiers.MEMORIZES, canaries=300, hidden=64)


def _setting(task: Task) -> str:
    it = task.setting
    return (
        f"noise multiplier {it.noise_multiplier:g}, clipping norm {it.clip_norm:g}, rate {it.sample_rate:g}, "
        f"{it.steps} steps, claim epsilon {it.epsilon:.3f} at {it.delta:g}"
    )


def _trained(task: Task, seeds: int) -> tuple[list[Run], str]:
    found = list(classifiers.runs(task, seeds))
    area = np.mean([auc(s.scores[s.inside], s.scores[~s.inside]) for s, _ in found])
    return found, f"; AUC {area:.3f}, accuracy {np.mean([run.accuracy for run in found]):.2f}"


def _bounds(task: Task, found: list[Run]) -> Iterator[tuple[str, np.ndarray]]:
    family = SampledGaussian(task.setting.sample_rate, task.setting.steps)
    yield "binomial", np.array([run.bound for run in classifiers.one_run_bounds(found, DELTA)])
    yield "curve of DP-SGD", np.array([run.bound for run in classifiers.one_run_bounds(found, DELTA, family)])
    yield "exact rates", np.array(classifiers.rate_bounds(found, DELTA))


def null(seeds: int) -> Iterator[Line]:
    """Yield (d): exposure of never-inserted canaries follows its null."""
    from scipy.stats import kstest  # noqa: PLC0415 only this needs it

    found = language.scored(seeds)
    for name, scores, references in (
        ("never inserted", found.never, found.never_references),
        ("inserted 4 times", found.inserted, found.inserted_references),
    ):
        p = float(kstest(uniform_ranks(scores, references), "uniform").pvalue)
        bits = exposures(scores, references)
        hits = int((bits >= 3).sum())
        fine = p > 0.01 if name == "never inserted" else p < 0.01
        target = "KS p > 0.01" if name == "never inserted" else "KS p < 0.01"
        seen = f"KS p {p:.3g}; median {np.median(bits):.2f} bits of at most {np.log2(language.REFERENCES + 1):.0f}"
        what = f"{seeds} language models, canaries {name}, exposure >= 3 bits (null 12.5 %)"
        yield Line("d: follows 2^-k", what, hits, len(bits), target, fine, seen)


PARTS: tuple[Callable[[int], Iterator[Line]], ...] = (chance, mechanisms, null, correct_runs, broken_runs)


def main() -> int:
    """Print every line; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="models per line")
    parser.add_argument("--write", action="store_true", help="renew calibration/RESULTS.md")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    lines, cost = [], []
    print("claim | what | how often [95 % exact] | target | met | seen")
    for part in PARTS:
        began = time.process_time()
        for line in part(asked.seeds):
            print(line, flush=True)
            lines.append(line)
        cost.append(f"{part.__name__} {time.process_time() - began:.0f} s")
    print(f"CPU time: {', '.join(cost)}")
    if asked.write:
        _write(lines, asked.seeds)
    return int(not all(line.fine for line in lines))


def _write(lines: list[Line], seeds: int) -> None:
    head = HEAD.format(seeds=seeds, broken=_setting(classifiers.spare_inputs()), digits=_setting(_memorizing()))
    rows = "".join(f"| {line} |\n" for line in lines)
    path = Path(__file__).parent / "calibration" / "RESULTS.md"
    path.write_text(head + rows, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
