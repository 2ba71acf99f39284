"""The privacy test of a copy that leaves on its own: a report bound to the copy's digest, not to the original's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.audit.pilots.citing import worked
from exeat.errors import BadInput, NotFound
from exeat.model.risk_report import RiskReport, Subject

if TYPE_CHECKING:
    from exeat.model.risk_report import Pilot


def report_of_copy(report: RiskReport, pilot_id: str) -> RiskReport:
    """Return the report of one pilot about its own file (weights, student or table).

    Raises NotFound for an unknown pilot, BadInput for one without a file: there is nothing that could leave.
    """
    pilot = _pilot(report, pilot_id)
    if pilot.copy_sha256 is None or not worked(pilot):
        raise BadInput(
            f"The pilot {pilot_id} has no file of its own.", "Keep a pilot that changed the weights or made records."
        )
    subject = Subject(checkpoint_id=report.subject.checkpoint_id, component_sha256=(pilot.copy_sha256,))
    name = f"{report.report_id}-{pilot.pilot_id}"[:80].rstrip("-.")
    notes = f"About the copy that the pilot {pilot.pilot_id} of {report.report_id} made. {pilot.limits}"
    changed = {"report_id": name, "subject": subject, "notes": notes, "indicators": pilot.indicators, "pilots": ()}
    return report.model_copy(update=changed)


def _pilot(report: RiskReport, pilot_id: str) -> Pilot:
    for pilot in report.pilots:
        if pilot.pilot_id == pilot_id:
            return pilot
    known = ", ".join(pilot.pilot_id for pilot in report.pilots)
    raise NotFound(f"There is no pilot {pilot_id[:80]!r} in the report.", f"It has: {known}.")
