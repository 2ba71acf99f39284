"""SACRO-ML ``report.json`` (1.x and 2.x) as canonical risk reports, one per attack.

What the format hides, and what is done about it: several attacks are appended in one file under
``<attack name>_<uuid>``; until 1.x ``TPR@0.1`` stood at FPR 10 %, since 2.0 ``TPR@0.1%`` stands at 0.1 %; no model
is named (a binding ties the file to one); per-record rows may be inlined (dropped here). Source: SACRO-ML 2.0.0,
sacroml/metrics.py and sacroml/attacks/*.py; SACRO-ML issues 475 and 480.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from exeat.errors import BadInput
from exeat.evidence.readers.report_shape import per_record
from exeat.evidence.sacroml_attack import Attack, inlined_rows
from exeat.evidence.sacroml_membership import membership
from exeat.evidence.sacroml_structure import attribute, instance_based, structural
from exeat.model.documents import json_path, parse_json, validation_to_bad_input
from exeat.model.risk_report import Adversary, EvidenceRef, RiskReport, Tool, WithheldRecords
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.evidence.binding import BoundFile
    from exeat.model.risk_report import Indicator

PERCENT_SINCE = 2
KNOWN_MAJORS = (1, 2)
NPZ = "application/x-npz"
ROWS = b'"individual"'
"""Stands in a report that inlines one row per record."""


class AttackKind(NamedTuple):
    """One attack of SACRO-ML: its word in indicator ids, what it assumes, and how its figures are read.

    ``access`` is the most that the attack uses: those on outputs never look at the weights.
    """

    name: str
    title: str
    knowledge: tuple[str, ...]
    access: Access
    indicators: Callable[[Attack], list[Indicator]]


_OUTPUTS, _INSIDE = Access.API_CONF, Access.WHITE_BOX
_RECORDS = ("model outputs", "candidate records with labels")
ATTACKS: dict[str, AttackKind] = {
    "lira attack": AttackKind("lira", "LiRA", (*_RECORDS, "shadow models on similar data"), _OUTPUTS, membership),
    "worstcase attack": AttackKind(
        "worstcase", "worst case", (*_RECORDS, "true membership of others"), _OUTPUTS, membership
    ),
    "qmia attack": AttackKind("qmia", "quantile regression", (*_RECORDS, "non-members"), _OUTPUTS, membership),
    "meta attack": AttackKind("meta", "meta", (*_RECORDS, "several attacks combined"), _OUTPUTS, membership),
    "structural attack": AttackKind("struct", "structural", ("model", "training data"), _INSIDE, structural),
    "attribute inference attack": AttackKind("attr", "attribute inference", _RECORDS, _OUTPUTS, attribute),
    "instance-based model attack": AttackKind(
        "instance", "instance based", ("model", "training data"), _INSIDE, instance_based
    ),
}
"""By the attack's own name, lower case."""
NOTE = (
    "Converted from SACRO-ML. Its times carry no zone and are read as UTC. Intervals are computed here from its "
    "counts: exact binomial for rates, Hanley-McNeil for areas. Per-record rows were left outside."
)


def read(data: bytes, *, bound: BoundFile, sha256: str) -> list[RiskReport]:
    """Return one canonical report per attack; raise the first BadInput."""
    converted, refused = read_all(data, bound, sha256)
    if refused:
        raise refused[0]
    return converted


def read_all(data: bytes, bound: BoundFile, sha256: str) -> tuple[list[RiskReport], list[BadInput]]:
    """Return what could be converted and what could not, attack by attack; raise BadInput when nothing is readable."""
    document = parse_json(data, lenient_numbers=True)
    if not isinstance(document, dict) or not document:
        raise BadInput("A SACRO-ML report is an object with one entry per attack.", "Export report.json again.")
    converted, refused = [], []
    for key, entry in document.items():
        try:
            converted.append(_convert(str(key), entry, bound, sha256))
        except BadInput as exc:
            refused.append(exc)
        except ValidationError as exc:
            error = validation_to_bad_input(exc, "exeat-risk-report/1")
            error.place = json_path((str(key),))
            refused.append(error)
    return converted, refused


def _convert(key: str, entry: Any, bound: BoundFile, sha256: str) -> RiskReport:
    attack = _attack(key, entry, bound)
    indicators = _kind(attack.metadata, attack.place()).indicators(attack)
    if not indicators:
        raise BadInput(f"The attack {key[:60]!r} carries no figure.", "Run it again.", place=attack.place())
    rows = inlined_rows(attack)
    indicators += per_record(attack.figure, rows)
    source = EvidenceRef(sha256=sha256, media_type="application/json", path=bound.name, sensitivity=4 if rows else 1)
    fields = {
        "schema": "exeat-risk-report/1",
        "report_id": _report_id(attack, entry),
        "date": _moment(entry.get("log_time"), attack),
        "author": bound.binding.author,
        "independent": bound.binding.independent,
        "subject": bound.binding.subject,
        "tool": Tool(name="sacroml", version=attack.version, config_sha256=_config_digest(attack)),
        "notes": NOTE,
        "indicators": tuple(indicators),
        "worst_records": _withheld(attack, bound, rows),
        "evidence": (source, *_arrays(attack, bound)),
    }
    return RiskReport.model_validate(fields)


def _attack(key: str, entry: Any, bound: BoundFile) -> Attack:
    place = json_path((key,))
    metadata = entry.get("metadata") if isinstance(entry, dict) else None
    if not isinstance(metadata, dict):
        raise BadInput(f"The entry {key[:60]!r} is not an attack of SACRO-ML.", "Export it again.", place=place)
    version = _version(metadata.get("sacroml_version"), place)
    kind = _kind(metadata, place)
    percent = int(version.split(".")[0]) >= PERCENT_SINCE
    # The attack saw what it saw, whatever the binding says of the setting.
    access = min(bound.binding.access, kind.access, key=lambda one: one.strength)
    adversary = Adversary(access=access, knowledge=kind.knowledge)
    return Attack(key, entry, metadata, version, percent, kind.name, kind.title, adversary)


def _kind(metadata: dict[str, Any], place: str) -> AttackKind:
    name = metadata.get("attack_name")
    kind = ATTACKS.get(name.strip().lower()) if isinstance(name, str) else None
    if kind is None:
        raise BadInput(
            f"The SACRO-ML attack {str(name)[:60]!r} is not one that Exeat reads.",
            f"Known: {', '.join(sorted(ATTACKS))}.",
            place=f"{place}.metadata.attack_name",
        )
    return kind


def _version(value: object, place: str) -> str:
    match = re.fullmatch(r"(\d{1,3})\.\d[\w.+-]{0,30}", value) if isinstance(value, str) else None
    if match is None or int(match[1]) not in KNOWN_MAJORS:
        raise BadInput(
            f"SACRO-ML version {str(value)[:40]!r} is not one that Exeat reads.",
            "Versions 1.x and 2.x are read; their units differ, so no other is guessed.",
            place=f"{place}.metadata.sacroml_version",
        )
    return match[0]


def _report_id(attack: Attack, entry: dict[str, Any]) -> str:
    """Return an id that is the same whenever the same run is converted."""
    log_id = entry.get("log_id")
    if not isinstance(log_id, str) or not re.fullmatch(r"[0-9a-f-]{8,40}", log_id):
        raise BadInput(
            f"log_id {str(log_id)[:40]!r} is not an id as SACRO-ML writes it.",
            "Export the report again.",
            place=attack.place("log_id"),
        )
    return f"sacroml-{attack.name}-{log_id}"


def _moment(value: object, attack: Attack) -> datetime:
    try:
        return datetime.strptime(str(value), "%d/%m/%Y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as exc:
        raise BadInput(
            f"log_time {str(value)[:40]!r} is not a time as SACRO-ML writes it (23/11/2026 22:03:44).",
            "Export the report again.",
            place=attack.place("log_time"),
        ) from exc


def _config_digest(attack: Attack) -> str:
    text = json.dumps(attack.metadata.get("attack_params"), sort_keys=True, default=str)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _arrays(attack: Attack, bound: BoundFile) -> list[EvidenceRef]:
    """Return the arrays of per-record scores that the attack names and the binding lists, the most sensitive there is.

    SACRO-ML names them without a folder; the binding may have one.
    """
    names = {str(instance.get("arrays_file")) for instance in attack.instances.values()}
    listed = sorted(bound.binding.files.items())
    found = [(path, sha256) for path, sha256 in listed if path.rpartition("/")[2] in names]
    return [EvidenceRef(sha256=sha256, media_type=NPZ, path=path, sensitivity=4) for path, sha256 in found]


def _withheld(attack: Attack, bound: BoundFile, rows: int) -> WithheldRecords | None:
    """Name the file of per-record scores by digest when the binding lists it; its content stays outside."""
    digest = next((one.sha256 for one in _arrays(attack, bound)), None)
    return WithheldRecords(withheld_sha256=digest, n_records=rows or None) if digest or rows else None
