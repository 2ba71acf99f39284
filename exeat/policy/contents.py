"""What the files of a checkpoint contain, as far as somebody looked: inspections and minimisations by component."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exeat.policy.context import InspectedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.model.inspection import Inspection
    from exeat.model.minimisation import Minimisation


@dataclass(frozen=True, slots=True)
class Contents:
    """By component id; ``digests`` are those of the inspections.

    ``minimisations`` stand at the component that is the minimised file, ``sources`` are inspections of what they were
    made of, where that file was inspected too.
    """

    inspections: Mapping[str, Inspection] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    minimisations: Mapping[str, Minimisation] = field(default_factory=dict)
    sources: Mapping[str, Inspection] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, InspectedFile]:
        """Return what an assessment needs to know of the inspections."""
        return {name: _fact(inspection) for name, inspection in self.inspections.items()}


def _fact(inspection: Inspection) -> InspectedFile:
    reason = inspection.findings[0].sentence if inspection.findings else ""
    channels = frozenset(found.channel for found in inspection.channels)
    return InspectedFile(verdict=inspection.verdict, reason=reason, channels=channels)
