"""Every foreign report that is read beside SACRO-ML's, recognised by content, as canonical risk reports.

A report names no model by digest: without a binding it is refused. What it does not say and the binding may
(date, version, attack, delta) is taken from there.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from exeat.errors import BadInput
from exeat.evidence.readers import (
    report_epsilon,
    report_fickling,
    report_leakpro,
    report_modelaudit,
    report_modelscan,
    report_picklescan,
    report_privacy_meter,
    report_privacyguard,
)
from exeat.evidence.readers.report_shape import Foreign
from exeat.evidence.readers.shape import Peek
from exeat.model.documents import validation_to_bad_input
from exeat.model.risk_report import EvidenceRef, RiskReport, Tool, WithheldRecords

if TYPE_CHECKING:
    from datetime import datetime

    from exeat.evidence.binding import Binding, BoundFile
    from exeat.evidence.readers.report_shape import Converted, ReportReader

REPORT_READERS: tuple[ReportReader, ...] = (
    report_leakpro.READER,
    report_privacy_meter.READER,
    report_privacyguard.READER,
    report_epsilon.ROWS,
    report_epsilon.OPACUS,
    report_modelscan.READER,
    report_picklescan.READER,
    report_modelaudit.READER,
    report_fickling.READER,
)
"""In the order in which they are asked; no file is recognised by two of them."""
BY_NAME = {reader.name: reader for reader in REPORT_READERS}
PICKLED = "pickled-report"
_PICKLED_BY = (b"tensorflow_privacy", b"privacy_guard.", b"privacy_meter", b"leakpro.", b"sacroml.", b"art.attacks")
_HEAD = 64 * 2**10
NOTE = (
    "Converted from {title}. Intervals are computed here from its counts: exact binomial for rates, Hanley-McNeil for "
    "areas. Per-record rows were left outside."
)


def kind_of(data: bytes, size: int | None = None) -> str | None:
    """Return the name of the reader whose format the bytes are, or None."""
    peek = Peek(data, size)
    return next((reader.name for reader in REPORT_READERS if reader.recognises(peek)), None)


def is_pickled(data: bytes) -> bool:
    """Return whether the bytes are a pickle that an attack tool wrote as its report; nothing is unpickled."""
    pickle = data[:1] in {b"\x80", b"c", b"("}
    return pickle and any(name in data[:_HEAD] for name in _PICKLED_BY)


def refuse_pickled() -> BadInput:
    """Return the refusal of a pickled report, with the next step."""
    return BadInput(
        "This is a pickled report: opening it would run whatever code is in it, so Exeat never does.",
        "Export its figures where it was made: for TensorFlow Privacy, calculate_pd_dataframe() to CSV and from there "
        "an exeat-risk-report/1 (exeat schema exeat-risk-report/1), or attach the JSON of another tool.",
    )


def convert(name: str, data: bytes, bound: BoundFile, sha256: str) -> RiskReport:
    """Return the canonical report; raise BadInput when the file is not what it should be."""
    reader = BY_NAME[name]
    foreign = Foreign(
        peek=Peek(data), bound=bound, method=_method(reader), most=reader.most, knowledge=reader.knowledge
    )
    try:
        found = reader.read(foreign)
        return RiskReport.model_validate(_fields(reader, found, bound, sha256))
    except ValidationError as exc:
        raise validation_to_bad_input(exc, "exeat-risk-report/1") from exc


def _method(reader: ReportReader) -> str:
    return reader.title.partition(" ")[2]


def _fields(reader: ReportReader, found: Converted, bound: BoundFile, sha256: str) -> dict[str, object]:
    binding = bound.binding
    sensitivity = 4 if found.rows else 1
    source = EvidenceRef(sha256=sha256, media_type=reader.media_type, path=bound.name, sensitivity=sensitivity)
    return {
        "schema": "exeat-risk-report/1",
        "report_id": f"{reader.name}-{sha256.removeprefix('sha256:')[:12]}",
        "date": _date(found.date, binding),
        "author": binding.author,
        "independent": binding.independent,
        "subject": binding.subject,
        "tool": Tool(name=reader.tool, version=_version(found, binding), config_sha256=_digest(found.config)),
        "notes": f"{NOTE.format(title=reader.title)} {found.notes}".strip(),
        "indicators": tuple(found.indicators),
        "worst_records": WithheldRecords(withheld_sha256=sha256, n_records=found.rows) if found.rows else None,
        "evidence": (source,),
    }


def _date(stated: datetime | None, binding: Binding) -> datetime:
    """Return when it was measured: the earlier of what file and binding say; old evidence must not look new."""
    known = [one for one in (stated, binding.measured_at) if one is not None]
    if not known:
        raise BadInput(
            "Neither the report nor its binding says when it was measured; its age cannot be judged.",
            'Add "measured_at": "2026-11-23T22:03:44Z" (its own time) to the binding and ingest both again.',
            place="$.measured_at",
        )
    return min(known)


def _version(found: Converted, binding: Binding) -> str:
    return found.version[:300] or binding.tool_version or "not stated"


def _digest(config: object) -> str | None:
    if not config:
        return None
    text = json.dumps(config, sort_keys=True, default=str)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
