"""Tie the reports of a draft to its checkpoint, as intake will: what names no model gets a binding from the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from exeat.errors import BadInput
from exeat.evidence import sacroml
from exeat.evidence.binding import Binding, BoundFile, parse_binding
from exeat.evidence.readers import reports as report_readers
from exeat.evidence.recognise import BINDING, RECORD_ARRAYS, SACROML
from exeat.model.base import digest_of
from exeat.model.documents import parse_document, validation_to_bad_input
from exeat.model.draft import Measured
from exeat.model.risk_report import RiskReport
from exeat.model.tier import ComponentKind
from exeat.policy.assessment import BoundReport
from exeat.prepare.reading import MINIMISATION, OWN_REPORT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exeat.model.draft import Draft, DraftFile
    from exeat.model.manifest import Manifest
    from exeat.prepare.reading import FilesRead, ReportFile

    Bytes = Callable[[DraftFile], bytes]
HOLD_MODEL = (ComponentKind.WEIGHTS, ComponentKind.ADAPTER)


class Tied(NamedTuple):
    """The reports as reviewers will see them, what could not be used and why, and the bindings to submit."""

    reports: tuple[BoundReport, ...] = ()
    refused: tuple[tuple[DraftFile, BadInput], ...] = ()
    bindings: tuple[Binding, ...] = ()
    """Those that the page writes; uploaded ones are submitted as they are."""
    used: tuple[DraftFile, ...] = ()
    """Report and binding files to submit."""


def needs_binding(found: FilesRead, uploaded: dict[str, BoundFile]) -> tuple[ReportFile, ...]:
    """Return the reports that say of no model that they are about it, and that no uploaded binding ties."""
    own = {OWN_REPORT, BINDING, RECORD_ARRAYS, MINIMISATION}
    return tuple(one for one in found.reports if one.kind not in own and one.file.sha256 not in uploaded)


def uploaded_bindings(found: FilesRead, data: Bytes) -> tuple[dict[str, BoundFile], list[tuple[DraftFile, BadInput]]]:
    """Return digest -> binding for every file that an uploaded binding lists, and the bindings that do not hold."""
    ties: dict[str, BoundFile] = {}
    refused = []
    for one in found.reports:
        if one.kind != BINDING:
            continue
        try:
            binding = parse_binding(data(one.file))
        except BadInput as error:
            refused.append((one.file, error))
        else:
            ties |= {sha256: BoundFile(name, binding, one.file.sha256) for name, sha256 in binding.files.items()}
    return ties, refused


def lacking_of(measured: Measured | None) -> tuple[str, ...]:
    """Return which answers a binding still needs."""
    said = measured or Measured()
    fields = (("access", said.access), ("independent", said.independent), ("author", said.author))
    return tuple(name for name, value in fields if value is None)


def tie(draft: Draft, found: FilesRead, manifest: Manifest, data: Bytes) -> Tied:
    """Return every report bound to the manifest's files, converted as intake converts it."""
    ties, refused = uploaded_bindings(found, data)
    written = []
    for one in needs_binding(found, ties):
        if lacking_of(draft.measured.get(one.file.sha256)):
            continue
        try:
            binding = binding_of(draft, one.file, manifest)
        except ValidationError as exc:
            refused.append((one.file, validation_to_bad_input(exc, "exeat-binding/1")))
            continue
        written.append(binding)
        ties[one.file.sha256] = BoundFile(one.file.name, binding, digest_of(binding.to_bytes()))
    reports: list[BoundReport] = []
    used: list[DraftFile] = []
    bad = {file.sha256 for file, _ in refused}
    for one in found.reports:
        if one.kind == RECORD_ARRAYS or one.file.sha256 in bad:
            continue
        made, errors = _converted(one, ties.get(one.file.sha256), manifest, data)
        refused += [(one.file, error) for error in errors]
        reports += made
        if made or one.kind in (BINDING, MINIMISATION):
            used.append(one.file)
    return Tied(tuple(reports), tuple(refused), tuple(written), tuple(used))


def without(tied: Tied, refused: Sequence[tuple[DraftFile, BadInput]]) -> Tied:
    """Return the same with further files refused; they are not submitted."""
    gone = {file.sha256 for file, _ in refused}
    used = tuple(file for file in tied.used if file.sha256 not in gone)
    return tied._replace(used=used, refused=(*tied.refused, *refused))


def binding_of(draft: Draft, file: DraftFile, manifest: Manifest) -> Binding:
    """Return the binding that ties one report to the checkpoint's files; raise ValidationError if it would be none."""
    said = draft.measured.get(file.sha256, Measured())
    listed = [part.sha256 for part in manifest.components]
    chosen = tuple(sha256 for sha256 in said.component_sha256 if sha256 in listed)
    model = tuple(part.sha256 for part in manifest.components if part.kind in HOLD_MODEL)
    fields = said.model_dump(mode="json", exclude_none=True) | {
        "schema": "exeat-binding/1",
        "checkpoint_id": manifest.checkpoint_id,
        "component_sha256": list(dict.fromkeys(chosen or model or listed)),
        "files": {_safe(file.name): file.sha256},
    }
    return Binding.model_validate_json(json.dumps(fields))


def _safe(name: str) -> str:
    """Return a file name that is a path inside a folder."""
    return name.replace("\\", "-").replace(":", "-").replace("..", "-").strip("/") or "report"


def _converted(
    one: ReportFile, bound: BoundFile | None, manifest: Manifest, data: Bytes
) -> tuple[list[BoundReport], list[BadInput]]:
    if one.kind in (BINDING, MINIMISATION):
        return [], []
    try:
        found, errors = _reports(one, bound, data)
        for report in found:
            _check_about(report, manifest)
    except BadInput as error:
        return [], [error]
    made = [BoundReport(one.file.sha256 if one.kind == OWN_REPORT else digest_of(r.to_bytes()), r) for r in found]
    return made, errors


def _reports(one: ReportFile, bound: BoundFile | None, data: Bytes) -> tuple[list[RiskReport], list[BadInput]]:
    if one.kind == OWN_REPORT:
        return [parse_document(data(one.file), RiskReport)], []
    if bound is None:
        return [], []
    if one.kind in SACROML:
        return sacroml.read_all(data(one.file), bound, one.file.sha256)
    return [report_readers.convert(one.kind, data(one.file), bound, one.file.sha256)], []


def _check_about(report: RiskReport, manifest: Manifest) -> None:
    """Refuse a report about another checkpoint or about files that this manifest does not list."""
    subject = report.subject
    if subject.checkpoint_id != manifest.checkpoint_id:
        raise BadInput(
            f"This report is about the checkpoint {subject.checkpoint_id}.",
            f"This draft is about {manifest.checkpoint_id}: give it that id, or remove the report.",
            place="$.subject.checkpoint_id",
        )
    if not {part.sha256 for part in manifest.components}.issuperset(subject.component_sha256):
        raise BadInput(
            "This report was measured on files that are not in this draft.",
            "Upload the files that it was measured on, or measure again.",
            place="$.subject.component_sha256",
        )
