"""``exeat-risk-report/1``: measured indicators about one checkpoint, bound to its digests.

Rates are fractions, exposure is in bits, epsilon is dimensionless with its delta. A value that was not
measured is null with a reason; it is never zero.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from exeat.model.base import Document, Line, Moment, Number, Part, Rate, Sha256, Slug, Text
from exeat.model.curves import Curve, TrainingTrace
from exeat.model.manifest import Count, Metric, Regime
from exeat.model.tier import Access

IndicatorId = Annotated[str, Field(pattern=r"^(x_)?[a-z][a-z0-9_]*(\.[a-z0-9_]+){0,3}$", max_length=80)]
Status = Literal["measured", "not_measured", "not_applicable", "failed"]
CiMethod = Literal["clopper_pearson", "bootstrap", "delong", "hanley_mcneil", "newcombe", "exact", "none"]


class Subject(Part):
    """Which checkpoint the report is about, by digest: a report cannot be attached to another model."""

    checkpoint_id: Slug
    component_sha256: Annotated[tuple[Sha256, ...], Field(min_length=1)]
    manifest_sha256: Sha256 | None = None


class Tool(Part):
    """The producer of the figures."""

    name: Line
    version: Line
    config_sha256: Sha256 | None = None


class Adversary(Part):
    """What the simulated attacker could see and knew."""

    access: Access
    knowledge: tuple[Line, ...] = ()
    budget_queries: Count | None = None


class Indicator(Part):
    """One figure; ``ci_low``/``ci_high`` bound it at ``ci_level``; the decision uses the bad end.

    ``fpr`` is the false-positive rate a true-positive rate stands at. ``n_in``/``n_out`` count members and
    non-members, ``n_events`` the successes behind a rate.
    """

    indicator_id: IndicatorId
    status: Status
    reason: Text = ""
    value: Number | None = None
    unit: Line
    direction: Literal["higher_is_worse", "lower_is_worse"] = "higher_is_worse"
    ci_low: Number | None = None
    ci_high: Number | None = None
    ci_level: Rate | None = None
    ci_method: CiMethod | None = None
    fpr: Rate | None = None
    n_in: Count | None = None
    n_out: Count | None = None
    n_events: Count | None = None
    p_value: Rate | None = None
    method: Line
    attack_params: dict[str, str] = {}
    adversary: Adversary
    split: Line = "test"
    regime: Regime = "real"
    subgroup: Line | None = None
    baseline_value: Number | None = None
    bound_note: Text = ""

    @model_validator(mode="after")
    def _value_or_reason(self) -> Indicator:
        if self.status == "measured":
            if self.value is None:
                msg = 'status is "measured" but value is missing'
                raise ValueError(msg)
            if (self.ci_low is None) != (self.ci_high is None):
                msg = "give both ends of the interval or none"
                raise ValueError(msg)
            if self.ci_low is not None and not self.ci_low <= self.value <= self.ci_high:  # type: ignore[operator]  # both or none
                msg = f"value {self.value} lies outside its own interval [{self.ci_low}, {self.ci_high}]"
                raise ValueError(msg)
            if self.unit == "fraction" and not 0 <= self.value <= 1:
                msg = f"a fraction lies in [0, 1]; {self.value} looks like percent"
                raise ValueError(msg)
            self._counts_agree()
        elif self.value is not None:
            msg = f'status is "{self.status}" but a value is given; a value that was not measured is null'
            raise ValueError(msg)
        elif not self.reason:
            msg = f'status is "{self.status}"; say why in "reason"'
            raise ValueError(msg)
        return self

    def _counts_agree(self) -> None:
        """Refuse a true-positive rate that its own counts contradict by more than one member."""
        counted = self.n_events is not None and self.n_in is not None
        if not counted or not self.indicator_id.endswith("tpr_at_fpr") or self.unit != "fraction":
            return
        events, members, value = self.n_events or 0, self.n_in or 0, self.value or Decimal(0)
        if events > members or abs(events - value * members) > 1:
            msg = f"value {value} contradicts its counts: {events} of {members}"
            raise ValueError(msg)


PilotKind = Literal[
    "original", "dp_finetune", "clipping", "weight_noise", "pruning", "quantisation", "rounding", "top_k", "label_only",
    "surrogate", "synthetic",
]  # fmt: skip


class Pilot(Part):
    """One protection tried on a copy: what it did to utility and to exposure, each with its interval.

    Its indicators are about the copy, not about the checkpoint of the report, so no check of the checkpoint reads
    them. ``copy_sha256`` names the copy's weights; it is left out where only what is answered changes (rounding,
    top-k, label only). ``access`` is what a receiver of the protected form gets.
    """

    pilot_id: Slug
    kind: PilotKind
    title: Line
    parameters: dict[str, str] = {}
    access: Access
    copy_sha256: Sha256 | None = None
    utility: Annotated[tuple[Metric, ...], Field(min_length=1, max_length=200)]
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1, max_length=500)]
    approximation: Metric | None = None
    limits: Text = ""
    seed: int | None = None


class WithheldRecords(Part):
    """Per-record scores stay outside: only quantiles and the digest of the withheld file."""

    quantiles: dict[str, str] = {}
    withheld_sha256: Sha256 | None = None
    n_records: Count | None = None


class EvidenceRef(Part):
    """A file the report stands on."""

    sha256: Sha256
    media_type: Line
    path: Line
    sensitivity: Annotated[int, Field(ge=0, le=4)] = 0


class RiskReport(Document):
    """Measured indicators about one checkpoint, with the curves behind them and pilots on copies of it."""

    schema_: Annotated[Literal["exeat-risk-report/1"], Field(alias="schema")]
    report_id: Slug
    date: Moment
    author: Line
    independent: bool
    subject: Subject
    tool: Tool
    environment: Text = ""
    seed: int | None = None
    rerun_of: Slug | None = None
    supersedes: Slug | None = None
    notes: Text = ""
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1, max_length=5000)]
    worst_records: WithheldRecords | None = None
    curves: Annotated[tuple[Curve, ...], Field(max_length=100)] = ()
    trace: TrainingTrace | None = None
    pilots: Annotated[tuple[Pilot, ...], Field(max_length=100)] = ()
    evidence: tuple[EvidenceRef, ...] = ()

    @model_validator(mode="after")
    def _pilots_agree(self) -> RiskReport:
        """Refuse a pilot named twice, and figures of the original that no check of the checkpoint would see."""
        ids = [pilot.pilot_id for pilot in self.pilots]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice is not None:
            msg = f"the pilot {twice} is named twice"
            raise ValueError(msg)
        originals = [pilot for pilot in self.pilots if pilot.kind == "original"]
        if len(originals) > 1:
            msg = "only one pilot is the original"
            raise ValueError(msg)
        own = {one.model_dump_json() for one in self.indicators} if originals else set()
        for figure in (one for pilot in originals for one in pilot.indicators):
            if figure.model_dump_json() not in own:
                msg = f"{figure.indicator_id} of the pilot that is the original does not stand among the report's own"
                raise ValueError(msg)
        return self
