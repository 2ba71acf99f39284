"""Look at the model at the end of an epoch: what goes into the trace, and what is kept in memory to compare epochs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from exeat.audit.recorder.exposure import MIN_PEOPLE, canary_exposure, canary_samples, loss_attack
from exeat.audit.recorder.recommend import Look

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from exeat.audit.canaries import Canaries
    from exeat.audit.recorder.data import Split
    from exeat.audit.recorder.probe import Answers, Probe


class Final(NamedTuple):
    """Answers on each split, and the losses of the canaries that were inserted and of those that were not."""

    answers: Mapping[str, Answers]
    canaries: tuple[NDArray[np.float64], NDArray[np.float64]] | None


class Observer:
    """The probe, the fixed samples it looks at, and what it has seen so far."""

    def __init__(
        self, probe: Probe, splits: Mapping[str, Split], canaries: Canaries | None, n_gradients: int,
        before: Sequence[Mapping[str, Any]],
    ) -> None:  # fmt: skip
        self._probe, self._splits, self._canaries = probe, splits, canary_samples(canaries) if canaries else None
        self._gradient_sample = splits["train"].sample.part(slice(0, n_gradients))
        self._gradients_fail = ""
        self.last: tuple[int, Final] | None = None
        self.looks = [look for row in before if (look := _remembered(row)) is not None]

    @property
    def n_canaries(self) -> int:
        """Return how many canaries were inserted."""
        return len(self._canaries[0]) if self._canaries else 0

    def rewind(self, epoch: int) -> None:
        """Forget what was seen from ``epoch`` on."""
        self.looks = [look for look in self.looks if look.epoch < epoch]
        self.last = None

    def look(self, epoch: int) -> dict[str, Any]:
        """Return the figures of the model as it is now."""
        final = self.answers(None)
        self.last = (epoch, final)
        train, test = final.answers["train"], final.answers.get("test")
        row: dict[str, Any] = _of("train", train) | (_of("test", test) if test else {})
        if final.canaries is not None:
            bits, at_ceiling = canary_exposure(*final.canaries)
            row |= {"canary_exposure": bits.value, "canary_exposure_low": bits.low, "canary_exposure_high": bits.high,
                    "n_canaries": len(final.canaries[0]), "canary_at_ceiling": at_ceiling}  # fmt: skip
        found = loss_attack(train.losses, test.losses) if test else None
        if test is not None and found is not None:
            row |= {"loss_gap": row["test_loss"] - row["train_loss"], "mia_auc": found.value,
                    "mia_auc_low": found.low, "mia_auc_high": found.high}  # fmt: skip
            self.looks.append(_look(epoch, row, train, test))
        return row

    def answers(self, state: Mapping[str, Tensor] | None) -> Final:
        """Return what the model (or the weights in ``state``) says to the samples and to the canaries."""
        answers = {role: self._probe.answers(split.sample, state) for role, split in self._splits.items()}
        if self._canaries is None:
            return Final(answers, None)
        inserted, reference = (self._probe.answers(sample, state).losses for sample in self._canaries)
        return Final(answers, (inserted, reference))

    def gradients(self) -> dict[str, Any]:
        """Return quantiles of per-example gradient norms; the reason where they cannot be had, once and for all."""
        if self._gradients_fail:
            return {}
        try:
            found = self._probe.gradients(self._gradient_sample)
        except (RuntimeError, NotImplementedError, TypeError, ValueError) as exc:
            self._gradients_fail = f"no gradient per example: {type(exc).__name__}"
            return {"note": self._gradients_fail}
        if found.n < MIN_PEOPLE:
            return {"note": "too few people for quantiles of gradients"}
        if not math.isfinite(found.q50):
            return {"note": "gradients are not finite"}
        return {"gradient_norm_q50": found.q50, "gradient_norm_q90": found.q90, "gradient_norm_q99": found.q99,
                "outlying_gradients": found.outlying, "n_gradients": found.n}  # fmt: skip


def _of(role: str, seen: Answers) -> dict[str, Any]:
    """Return loss and accuracy; of fewer than ten people only how many they are: it would be about them."""
    row: dict[str, Any] = {f"n_{role}": len(seen.losses)}
    if len(seen.losses) < MIN_PEOPLE:
        return row
    row[f"{role}_loss"] = float(seen.losses.mean())
    return row if seen.right is None else row | {f"{role}_accuracy": float(seen.right.mean())}


def _look(epoch: int, row: Mapping[str, Any], train: Answers, test: Answers) -> Look:
    return Look(
        epoch=epoch, accuracy=row.get("test_accuracy"), test_loss=row["test_loss"], n_test=row["n_test"],
        exposure=row["mia_auc"], low=row["mia_auc_low"], high=row["mia_auc_high"],
        members=train.losses.astype(np.float32), outsiders=test.losses.astype(np.float32), right=test.right,
    )  # fmt: skip


def _remembered(row: Mapping[str, Any]) -> Look | None:
    """Return what the trace of an earlier process says of an epoch, without its arrays."""
    if row.get("mia_auc") is None:
        return None
    return Look(
        epoch=row["epoch"], accuracy=row.get("test_accuracy"), test_loss=row["test_loss"], n_test=row["n_test"],
        exposure=row["mia_auc"], low=row["mia_auc_low"], high=row["mia_auc_high"],
    )  # fmt: skip
