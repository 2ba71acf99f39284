"""Curves that a risk report may hold beside its indicators: ROC of an attack, and what happened while training.

Both are aggregates over at least ten people at every point; scores of single records never stand here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from exeat.model.base import Line, Number, Part, Rate, Sha256, Text
from exeat.model.manifest import Count, Regime

MAX_POINTS = 200
MAX_EPOCHS = 5000


class CurvePoint(Part):
    """One point of a ROC: true-positive rate with its interval at a false-positive rate; fractions."""

    fpr: Rate
    tpr: Rate
    tpr_low: Rate
    tpr_high: Rate

    @model_validator(mode="after")
    def _inside(self) -> CurvePoint:
        if not self.tpr_low <= self.tpr <= self.tpr_high:
            msg = f"the rate {self.tpr} lies outside its own interval [{self.tpr_low}, {self.tpr_high}]"
            raise ValueError(msg)
        return self


class Curve(Part):
    """ROC of one membership attack; ``attack`` is the middle word of the indicators ``mia.<attack>.*`` it belongs to.

    ``resolution`` is the smallest false-positive rate that ``n_out`` non-members can show (1 / n_out).
    """

    attack: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    method: Line
    regime: Regime = "real"
    ci_level: Rate
    resolution: Rate
    n_in: Count
    n_out: Count
    points: Annotated[tuple[CurvePoint, ...], Field(min_length=2, max_length=MAX_POINTS)]

    @model_validator(mode="after")
    def _rises(self) -> Curve:
        pairs = zip(self.points, self.points[1:], strict=False)
        if any(a.fpr > b.fpr or a.tpr > b.tpr for a, b in pairs):
            msg = "a ROC never falls: order the points by fpr, with tpr not decreasing"
            raise ValueError(msg)
        return self


class TraceEpoch(Part):
    """What was seen at the end of one epoch; what was not measured is left out.

    Losses in nats, accuracies as fractions, gradient norms per example before clipping in the units of the loss,
    exposure in bits (median over the canaries with its interval), epsilon as spent so far.
    """

    epoch: Count
    train_loss: Number | None = None
    test_loss: Number | None = None
    train_accuracy: Rate | None = None
    test_accuracy: Rate | None = None
    gradient_norm_q50: Number | None = None
    gradient_norm_q90: Number | None = None
    gradient_norm_q99: Number | None = None
    outlying_gradients: Count | None = None
    canary_exposure: Number | None = None
    canary_exposure_low: Number | None = None
    canary_exposure_high: Number | None = None
    mia_auc: Rate | None = None
    mia_auc_low: Rate | None = None
    mia_auc_high: Rate | None = None
    epsilon: Number | None = None
    weights_sha256: Sha256 | None = None


class TrainingTrace(Part):
    """Memorization and utility over the epochs of one run, and the epoch that exposes least at equal utility."""

    epochs: Annotated[tuple[TraceEpoch, ...], Field(min_length=1, max_length=MAX_EPOCHS)]
    n_train: Count
    n_test: Count = 0
    n_canaries: Count = 0
    recommended_epoch: Count | None = None
    recommendation: Text = ""
    parquet_sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _in_order(self) -> TrainingTrace:
        numbers = [one.epoch for one in self.epochs]
        if numbers != sorted(set(numbers)):
            msg = "epochs stand in order, each once"
            raise ValueError(msg)
        if self.recommended_epoch is not None and self.recommended_epoch not in numbers:
            msg = f"the recommended epoch {self.recommended_epoch} is not one of the trace"
            raise ValueError(msg)
        return self
