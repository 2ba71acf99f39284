"""The risk report of a recorded run: what the loss attack, the gap and the canaries show, and the training trace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from exeat import __version__
from exeat.audit.canaries import exposure_indicator
from exeat.audit.dp import CanaryScores, dp_indicators
from exeat.audit.engine.gap import gap_of
from exeat.audit.membership import Scores, indicators_of, number
from exeat.audit.recorder.exposure import MIN_PEOPLE
from exeat.audit.recorder.facts import software
from exeat.errors import BadInput
from exeat.model.base import digest_of
from exeat.model.curves import MAX_EPOCHS, TraceEpoch, TrainingTrace
from exeat.model.risk_report import Adversary, Indicator, RiskReport, Subject, Tool
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exeat.audit.recorder.observe import Final
    from exeat.audit.recorder.probe import Answers
    from exeat.audit.recorder.recommend import Recommendation
    from exeat.model.manifest import DpClaim

TOOL = "exeat-recorder"
REPORTED = frozenset({"mia.loss.auc", "mia.loss.tpr_at_fpr"})
_OWNER = Adversary(access=Access.API_CONF, knowledge=("the record and its label",))


def indicators(final: Final, claim: DpClaim | None = None) -> list[Indicator]:
    """Return the figures of one epoch; what could not be measured says why. ``claim`` is what the run claims of DP."""
    train, test = final.answers["train"], final.answers.get("test")
    return [*_membership(train, test), _gap(train, test), *_canaries(final, claim)]


def _canaries(final: Final, claim: DpClaim | None) -> list[Indicator]:
    """Return exposure, and the lower bounds of epsilon that one run with canaries gives (Steinke et al. 2023)."""
    if final.canaries is None:
        return []
    inserted, left_out = (-losses for losses in final.canaries)
    exposure = exposure_indicator(inserted, left_out)
    try:
        scores = CanaryScores.of(inserted, left_out, "loss")
    except BadInput:
        return [exposure]  # too few for a bound, or no finite loss; exposure says which
    bounds = dp_indicators(claim, canaries=scores, access=Access.API_CONF)
    return [exposure, *(one for one in bounds if one.indicator_id == "dp.epsilon_lower")]


def _membership(train: Answers, test: Answers | None) -> list[Indicator]:
    """Return the loss attack over everybody; what is about single records is left to ``exeat audit``."""
    n_out = 0 if test is None else len(test.losses)
    if test is None or min(len(train.losses), n_out) < MIN_PEOPLE:
        reason = f"{len(train.losses)} members and {n_out} others were given; at least {MIN_PEOPLE} of each are needed"
        return [_without("mia.loss.auc", "fraction", reason, len(train.losses), n_out)]
    found = indicators_of(Scores("loss", -train.losses, -test.losses))
    return [one for one in found if one.indicator_id in REPORTED]


def _gap(train: Answers, test: Answers | None) -> Indicator:
    if test is None or train.right is None or test.right is None:
        reason = "no test records were given" if test is None else "the model does not classify, so nothing is right"
        return _without("gen.gap", "difference", reason, len(train.losses), 0)
    if min(len(train.right), len(test.right)) < MIN_PEOPLE:
        reason = f"at least {MIN_PEOPLE} members and others are needed: it would be about single people"
        return _without("gen.gap", "difference", reason, len(train.right), len(test.right))
    return gap_of(int(train.right.sum()), len(train.right), int(test.right.sum()), len(test.right))


def _without(name: str, unit: str, reason: str, n_in: int, n_out: int) -> Indicator:
    return Indicator(
        indicator_id=name, status="not_measured", reason=reason, unit=unit, n_in=n_in, n_out=n_out,
        method="recorder", adversary=_OWNER,
    )  # fmt: skip


def trace_of_rows(
    rows: Sequence[Mapping[str, Any]], sizes: Mapping[str, int], advice: Recommendation, parquet: str
) -> TrainingTrace:
    """Return the trace for the report; of very long runs every n-th epoch, the recommended one among them."""
    every = -(-len(rows) // (MAX_EPOCHS - 2)) if rows else 1
    last = len(rows) - 1
    kept = [row for i, row in enumerate(rows) if i % every == 0 or i == last or row["epoch"] == advice.epoch]
    return TrainingTrace(
        epochs=tuple(_epoch(row) for row in kept), n_train=sizes["train"], n_test=sizes.get("test", 0),
        n_canaries=sizes.get("canaries", 0), recommended_epoch=advice.epoch, recommendation=advice.sentence,
        parquet_sha256=parquet,
    )  # fmt: skip


def _epoch(row: Mapping[str, Any]) -> TraceEpoch:
    fields = {name: row[name] for name in TraceEpoch.model_fields if row.get(name) is not None}
    fields |= {"x_canary_at_ceiling": True} if row.get("canary_at_ceiling") else {}
    values: dict[str, Any] = {name: number(v) if isinstance(v, float) else v for name, v in fields.items()}
    return TraceEpoch(**values)


def report_of(
    *, checkpoint_id: str, component_sha256: tuple[str, ...], author: str, seed: int, found: Sequence[Indicator],
    trace: TrainingTrace, settings: bytes, notes: Sequence[str],
) -> RiskReport:  # fmt: skip
    """Return the report, bound to the files that were measured."""
    now = datetime.now(UTC).replace(microsecond=0)
    schema: dict[str, Any] = {"schema": "exeat-risk-report/1"}
    return RiskReport(
        **schema, report_id=f"{checkpoint_id[:50]}-recorder-{now:%Y%m%d-%H%M%S}", date=now,
        author=author, independent=False,
        subject=Subject(checkpoint_id=checkpoint_id, component_sha256=component_sha256),
        tool=Tool(name=TOOL, version=__version__, config_sha256=digest_of(settings)), environment=software(), seed=seed,
        notes="\n".join(notes), indicators=tuple(found), trace=trace,
    )  # fmt: skip
