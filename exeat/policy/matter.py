"""What one assessment is about, gathered once for all checks."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from exeat.model.tier import ComponentKind, Disposition
from exeat.policy.binding import Measurement, sort_reports
from exeat.policy.finding import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.model.manifest import Component, DataSource, Manifest
    from exeat.model.policy import Policy
    from exeat.model.release import Proposal
    from exeat.model.tier import Tier
    from exeat.policy.binding import BoundReport, Sorted
    from exeat.policy.context import AssessmentContext
    from exeat.policy.finding import Reading

_K = ComponentKind
WEIGHTS = frozenset({_K.WEIGHTS, _K.ADAPTER, _K.EMBEDDING})
TRAINING_STATE = frozenset({_K.OPTIMIZER_STATE, _K.GRADIENT, _K.INTERMEDIATE, _K.RNG_STATE, _K.TRAINING_TRACE})
STAND_INS = frozenset({_K.SURROGATE, _K.SYNTHETIC_DATA})
MODEL_BEARING = WEIGHTS | TRAINING_STATE | STAND_INS
"""Kinds from which an attacker can ask who was in the training data."""
RECORD_LIKE = frozenset(
    {_K.DIAGNOSTIC_LOG, _K.TRAINING_TRACE, _K.INTERMEDIATE, _K.EMBEDDING, _K.EVAL_OUTPUT, _K.SYNTHETIC_DATA}
)
"""Kinds that may hold one row per record."""


class Leaving(NamedTuple):
    """One component and the form in which it would leave."""

    component: Component
    disposition: Disposition


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found; ``stricter`` makes a conditionally blocking item block here."""

    verdict: Verdict
    headline: str
    _: KW_ONLY
    readings: tuple[Reading, ...] = ()
    evidence: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    stricter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """The documents, facts and figures that the checks read."""

    manifest: Manifest
    manifest_sha256: str
    policy: Policy
    tier: Tier
    proposal: Proposal | None
    context: AssessmentContext
    leaving: tuple[Leaving, ...]
    unknown_components: tuple[str, ...]
    reports: Sorted
    measurements: tuple[Measurement, ...] = field(repr=False)

    def of_kinds(self, kinds: frozenset[ComponentKind]) -> tuple[Leaving, ...]:
        """Return the leaving components of these kinds."""
        return tuple(part for part in self.leaving if part.component.kind in kinds)

    def under(self, *prefixes: str) -> tuple[Measurement, ...]:
        """Return the measurements whose indicator id starts with any of the prefixes."""
        return tuple(found for found in self.measurements if found.indicator.indicator_id.startswith(prefixes))

    @property
    def people_sources(self) -> tuple[DataSource, ...]:
        """Return the sources the model learned from, without synthetic ones."""
        return tuple(
            source
            for source in self.manifest.data_sources
            if source.role in {"train", "pretrain"} and source.regime != "synthetic"
        )

    @property
    def from_files(self) -> bool:
        """Return whether there is no ledger to ask (``exeat assess``)."""
        return self.context.scope == "files"


def gather(
    *,
    manifest: Manifest,
    manifest_sha256: str,
    reports: Sequence[BoundReport],
    policy: Policy,
    tier: Tier,
    proposal: Proposal | None,
    context: AssessmentContext,
) -> Matter:
    """Resolve what leaves and which reports count."""
    known = {component.id: component for component in manifest.components}
    asked = (
        [(part.component_id, part.disposition) for part in proposal.components]
        if proposal
        else [(component.id, component.proposed_disposition) for component in manifest.components]
    )
    leaving = tuple(
        Leaving(known[name], form) for name, form in asked if name in known and form is not Disposition.DENIED
    )
    found = sort_reports(reports, manifest, (part.component.sha256 for part in leaving))
    return Matter(
        manifest=manifest,
        manifest_sha256=manifest_sha256,
        policy=policy,
        tier=tier,
        proposal=proposal,
        context=context,
        leaving=leaving,
        unknown_components=tuple(name for name, _ in asked if name not in known),
        reports=found,
        measurements=tuple(Measurement(bound, item) for bound in found.used for item in bound.report.indicators),
    )


passed = partial(Outcome, Verdict.PASS)
failed = partial(Outcome, Verdict.FAIL)
warned = partial(Outcome, Verdict.WARN)
not_measured = partial(Outcome, Verdict.NOT_MEASURED)
not_applicable = partial(Outcome, Verdict.NOT_APPLICABLE)
