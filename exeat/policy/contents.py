"""What the files of a checkpoint contain, as far as somebody looked: inspections and minimisations by component."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exeat.model.tier import ComponentKind
from exeat.policy.context import InspectedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.model.inspection import Inspection
    from exeat.model.minimisation import Minimisation


_K = ComponentKind
HOLD_TENSORS = frozenset(
    {_K.WEIGHTS, _K.ADAPTER, _K.OPTIMIZER_STATE, _K.SCHEDULER, _K.RNG_STATE, _K.GRADIENT, _K.INTERMEDIATE}
    | {_K.EMBEDDING, _K.SURROGATE}
)
"""Kinds of components whose files are inspected, whatever they begin with."""


@dataclass(frozen=True, slots=True)
class Contents:
    """By component id; ``digests`` are those of the inspections.

    ``minimisations`` stand at the component that is the minimised file, ``sources`` are inspections of what they were
    made of, where that file was inspected too; ``checked`` says which files the record was compared with when it came
    in: ``both``, ``output`` or ``no-file``.
    """

    inspections: Mapping[str, Inspection] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    minimisations: Mapping[str, Minimisation] = field(default_factory=dict)
    sources: Mapping[str, Inspection] = field(default_factory=dict)
    checked: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, InspectedFile]:
        """Return what an assessment needs to know of the inspections."""
        return {name: _fact(inspection) for name, inspection in self.inspections.items()}


def _fact(inspection: Inspection) -> InspectedFile:
    reason = inspection.findings[0].sentence if inspection.findings else ""
    channels = frozenset(found.channel for found in inspection.channels)
    return InspectedFile(verdict=inspection.verdict, reason=reason, channels=channels, format=inspection.format)
