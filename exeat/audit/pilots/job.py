"""Run a study in a child process and check what comes back; the parent loads nothing of the submitter.

The figures are as true as the code that ran in the child. What the parent makes sure of: which files the report is
about, that they are as they were, and that each copy that the report names lies in the folder with that digest.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from exeat.audit.engine.checkpoint import digests_of
from exeat.audit.engine.job import plain_file, run_child
from exeat.audit.engine.request import REPORT
from exeat.audit.pilots.copies import REPORT as OWN_REPORT
from exeat.audit.pilots.copies import WEIGHTS, CopyFolder, check_apart
from exeat.audit.pilots.stand_in import report_of_copy
from exeat.audit.pilots.study import TOOL
from exeat.audit.pilots.trials import ORIGINAL
from exeat.errors import BadInput, Tampered
from exeat.model.base import Line
from exeat.model.documents import MAX_DOCUMENT_BYTES, parse_document, parse_json
from exeat.model.risk_report import RiskReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exeat.audit.pilots.request import PilotRequest

CHILD = "exeat.audit.pilots.child"
WRONG = "Look at what the job file does, and run the study again in an empty folder."
COSTS: TypeAdapter[list[tuple[str, float]]] = TypeAdapter(
    list[tuple[Line, Annotated[float, Field(ge=0, allow_inf_nan=False)]]]
)


class Result(NamedTuple):
    """A checked report and its bytes."""

    report: RiskReport
    data: bytes


def run_study(request: PilotRequest, pilot_ids: Sequence[str], show: Callable[[str], None]) -> Result:
    """Try the protections in a child; raise BadInput when there is no sound report, Tampered when a file changed."""
    check_apart(request.copies, request.files)
    try:
        data = _asked(request, show)
    finally:
        _check_unchanged(request)
    try:
        report = parse_document(data, RiskReport)
    except BadInput as exc:
        raise BadInput(f"The child's report is not valid: {exc.headline}", WRONG, place=exc.place) from exc
    _check_about(report, request, pilot_ids)
    copies = CopyFolder.open(request.copies)
    _check_copies(report, copies)
    _write_own_reports(report, copies)
    return Result(report, data)


def run_cost(request: PilotRequest, show: Callable[[str], None]) -> list[tuple[str, float]]:
    """Return what each part of a study costs, in units of one training by the job's recipe."""
    answer = _asked(replace(request, cost_only=True), show)
    try:
        return COSTS.validate_python(parse_json(answer))
    except (BadInput, ValidationError) as exc:
        raise BadInput("The child left no readable cost.", WRONG) from exc


def _asked(request: PilotRequest, show: Callable[[str], None]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="exeat-pilot-") as results:
        inside = replace(request, results=Path(results))
        run_child(inside, show, CHILD)
        data = plain_file(inside.results / REPORT, MAX_DOCUMENT_BYTES)
    if data is None:
        raise BadInput("The child left no readable report.", WRONG)
    return data


def _check_unchanged(request: PilotRequest) -> None:
    """Raise Tampered when a file of the checkpoint is not what it was, however the study ended."""
    if digests_of(*request.files) != request.file_sha256:
        raise Tampered(
            "A file of the checkpoint changed while its copies were tried.",
            "Restore it, and find out what wrote to it.",
        )


def _check_about(report: RiskReport, request: PilotRequest, pilot_ids: Sequence[str]) -> None:
    """Refuse a report about other files, by another tool, or of another study than was asked for."""
    subject = (report.subject.checkpoint_id, report.subject.component_sha256)
    if subject != (request.checkpoint_id, request.file_sha256):
        raise BadInput("The child's report is about another checkpoint.", WRONG)
    made = (report.tool.name, report.report_id, report.seed, report.date, [p.pilot_id for p in report.pilots])
    if made != (TOOL, request.report_id, request.plan.seed, request.date, [ORIGINAL, *pilot_ids]):
        raise BadInput("The child's report is not of the study that was asked for.", WRONG)


def _check_copies(report: RiskReport, copies: CopyFolder) -> None:
    for pilot in report.pilots:
        if copies.digest(pilot.pilot_id + WEIGHTS) != pilot.copy_sha256:
            raise BadInput(f"The copy of the pilot {pilot.pilot_id} is not the one that was measured.", WRONG)


def _write_own_reports(report: RiskReport, copies: CopyFolder) -> None:
    """Leave beside each copy the report that may be taken in with it, where the copy itself is to leave."""
    for pilot in report.pilots:
        if pilot.copy_sha256 is not None:
            copies.write(pilot.pilot_id + OWN_REPORT, report_of_copy(report, pilot.pilot_id).to_bytes())
