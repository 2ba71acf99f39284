"""``exeat-manifest/1``: what a checkpoint is, what it was trained on, what it contains, what is proposed.

Field list: docs/schemas.md. Sources of the concepts: Model Cards, CycloneDX ML-BOM, SPDX 3 AI, Croissant RAI,
SATRE 3.3, NIST SP 800-226.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from exeat.model.base import Document, Line, Moment, Number, Part, Rate, RelativePath, Sha256, Slug, Text
from exeat.model.tier import ComponentKind, Disposition, Tier

Purpose = Annotated[str, Field(min_length=40, max_length=4000)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Regime = Literal["real", "masked", "synthetic", "shifted"]


class Lineage(Part):
    """Where a checkpoint comes from: family of runs, parent, base model, what it supersedes."""

    run_family: Slug
    version: Line
    parent: Slug | None = None
    base_model: Line | None = None
    supersedes: Slug | None = None


class ModelFacts(Part):
    """The model itself; ``instance_based`` means it stores training records by design (k-NN, SVM, GP)."""

    family: Line
    architecture: Line
    n_parameters: Count
    task: Line
    inputs: tuple[Line, ...] = ()
    outputs: tuple[Line, ...] = ()
    instance_based: bool = False


class Training(Part):
    """How it was trained."""

    framework: Line
    framework_version: Line
    code_ref: Line | None = None
    hardware: Line | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None


class Seed(Part):
    """One random seed; the value may be withheld."""

    name: Slug
    value: int | None = None
    released: bool = False


class DataSource(Part):
    """One data set; ``n_units`` counts persons (or households), ``n_records`` rows."""

    id: Slug
    name: Line
    version: Line
    digest: Sha256 | None = None
    role: Literal["train", "val", "test", "pretrain", "synth"]
    regime: Regime = "real"
    n_records: Count | None = None
    n_units: Count | None = None
    max_records_per_unit: Count | None = None
    unit: Line = "person"
    period: Line | None = None
    sensitivity: tuple[
        Literal["none", "personal", "special_category", "children", "small_population", "linked"], ...
    ] = ()
    duo: tuple[Annotated[str, Field(pattern=r"^DUO:\d{7}$")], ...] = ()
    approval_ref: Line | None = None
    erasure_check_date: date | None = None


class Scan(Part):
    """What a scanner said of the file."""

    tool: Line
    version: Line
    result: Literal["clean", "unsafe", "not_assessed"]
    detail: Text = ""


class Component(Part):
    """One file of the checkpoint that can be released on its own; ``bytes`` in bytes, sensitivity 0–4."""

    id: Slug
    kind: ComponentKind
    path: RelativePath
    format: Line
    bytes: Count
    sha256: Sha256
    contains: tuple[Line, ...] = ()
    sensitivity: Annotated[int, Field(ge=0, le=4)]
    proposed_disposition: Disposition
    masked_ref: Slug | None = None
    scan: Scan | None = None


class Safeguard(Part):
    """A protection that was applied, and what it cost."""

    id: Slug
    kind: Literal[
        "dp_sgd",
        "gradient_clip",
        "gradient_perturbation",
        "feature_sanitization",
        "dedup",
        "pseudonymisation",
        "regularization",
        "early_stop",
        "distillation",
        "quantization",
        "output_rounding",
        "query_limit",
    ]
    stage: Literal["data", "training", "release", "serving"]
    parameters: dict[str, str] = {}
    effect_on_utility: Text = ""
    piloted_on: Slug | None = None
    reversible_pilot: bool = False
    evidence_sha256: Sha256 | None = None


class Masked(Part):
    """A masked portion: what, how, and who could reverse it."""

    component_id: Slug
    what: Line
    method: Line
    parameters: dict[str, str] = {}
    reversible: Literal["no", "by_key", "by_controller", "by_combination"]
    key_holder: Line | None = None
    residual_note: Text = ""


class DpClaim(Part):
    """A differential-privacy claim; a claim without unit is not evaluable (NIST SP 800-226).

    ``epsilon`` and ``delta`` are dimensionless; ``unit`` is the unit of privacy (person, record, …);
    ``sample_rate`` is the Poisson sampling probability per step.
    """

    claimed: bool
    epsilon: Number | None = None
    delta: Number | None = None
    mechanism: Line | None = None
    accountant: Line | None = None
    accountant_version: Line | None = None
    unit: Line | None = None
    neighbouring: Literal["add_remove", "replace"] | None = None
    sampling: Literal["poisson", "shuffle", "fixed"] | None = None
    sample_rate: Rate | None = None
    noise_multiplier: Number | None = None
    clip_norm: Number | None = None
    steps: Count | None = None
    composition: tuple[Line, ...] = ()
    tuning_accounted: bool | None = None
    trust_model: Literal["central", "local", "federated"] | None = None
    statement: Text = ""


class Metric(Part):
    """One utility figure with its interval; ``unit`` is ``fraction`` for rates."""

    id: Slug
    value: Number
    unit: Line
    ci_low: Number | None = None
    ci_high: Number | None = None
    ci_level: Rate | None = None
    split: Literal["train", "val", "test"]
    regime: Regime = "real"
    subgroup: Line | None = None
    n: Count


class Surrogate(Part):
    """A surrogate model or synthetic data: of what, how close, with which limits."""

    of: Slug
    method: Line
    approximation_metric: Line
    approximation_value: Number
    ci_low: Number | None = None
    ci_high: Number | None = None
    limitations: Text


class Reproducibility(Part):
    """What can be reproduced, by whom, with which data."""

    part: Line
    level: Literal["bitwise", "statistical", "qualitative", "none"]
    requires_tier: Tier
    authorization: Line
    sandbox_data: Literal["synthetic", "masked", "real"]
    depends_on_confidential: bool
    how: Text = ""


class LeakageChannel(Part):
    """One way by which records could leak, assessed or not."""

    channel: Line
    component_id: Slug | None = None
    assessed: bool
    indicator_ids: tuple[Line, ...] = ()
    mitigation: Text = ""


class Escrow(Part):
    """Who holds it, and when it may be opened."""

    holder: Line
    release_conditions: tuple[Line, ...] = ()
    until: date | None = None


class Retention(Part):
    """Until when copies may exist; per-component deletion dates; escrow."""

    retain_until: date
    delete_components_at: dict[str, date] = {}
    revocation_procedure: Text = ""
    escrow: Escrow | None = None


class Governance(Part):
    """Approvals and responsible people (roles or offices, not personal names)."""

    approval_ref: Line | None = None
    pia_ref: Line | None = None
    pia_status: Literal["doing", "refused", "simple_validation", "signed_validation", "archived"] | None = None
    pia_review_due: date | None = None
    dpo_opinion: Literal["favourable", "unfavourable", "pending"] | None = None
    ml_plan_ref: Line | None = None
    licence: Line | None = None
    custodian: Line | None = None
    contributors: tuple[Slug, ...] = ()
    """Person ids who worked on the model; they may not review it."""
    monitoring: Text = ""


class Manifest(Document):
    """The canonical description of one checkpoint."""

    schema_: Annotated[Literal["exeat-manifest/1"], Field(alias="schema")]
    checkpoint_id: Slug
    run_id: Slug
    lineage: Lineage
    title: Line
    purpose: Purpose
    out_of_scope: Text
    limitations: Text = ""
    created_at: Moment
    created_by: Line
    org: Line
    contact: Line
    model: ModelFacts
    training: Training
    hyperparameters: dict[str, str | int | bool]
    units: dict[str, str] = {}
    seeds: tuple[Seed, ...]
    epoch: Count
    global_step: Count
    total_epochs: Count | None = None
    selection_rule: Line | None = None
    data_sources: Annotated[tuple[DataSource, ...], Field(min_length=1, max_length=200)]
    components: Annotated[tuple[Component, ...], Field(min_length=1, max_length=2000)]
    safeguards: tuple[Safeguard, ...]
    no_safeguards_reason: Text = ""
    masked: tuple[Masked, ...] = ()
    dp: DpClaim | None = None
    metrics: tuple[Metric, ...]
    surrogate: Surrogate | None = None
    reproducibility: tuple[Reproducibility, ...]
    leakage_channels: tuple[LeakageChannel, ...]
    intended_tier: Tier
    retention: Retention
    governance: Governance

    @model_validator(mode="after")
    def _references_exist(self) -> Manifest:
        ids = [c.id for c in self.components]
        if len(set(ids)) != len(ids):
            msg = "two components have the same id"
            raise ValueError(msg)
        for i, part in enumerate(self.masked):
            if part.component_id not in ids:
                msg = f"masked[{i}].component_id {part.component_id!r} is not a component of this manifest"
                raise ValueError(msg)
        return self

    def component(self, component_id: str) -> Component:
        """Return the component; raise KeyError when there is none."""
        for component in self.components:
            if component.id == component_id:
                return component
        raise KeyError(component_id)
