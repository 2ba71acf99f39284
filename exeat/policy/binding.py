"""Which reports count: about these bytes, not replaced by a newer one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exeat.model.manifest import Manifest
    from exeat.model.risk_report import Indicator, RiskReport


class BoundReport(NamedTuple):
    """A report and the digest of its bytes."""

    sha256: str
    report: RiskReport


class Measurement(NamedTuple):
    """One indicator and the report that it stands in."""

    source: BoundReport
    indicator: Indicator


def overall(found: tuple[Measurement, ...]) -> tuple[Measurement, ...]:
    """Return the measurements over everybody, without subgroups, single records and differences of checkpoints."""
    special = ("mia.record.", "mia.delta.")
    return tuple(m for m in found if m.indicator.subgroup is None and not m.indicator.indicator_id.startswith(special))


@dataclass(frozen=True, slots=True)
class Sorted:
    """Reports that count, reports about other bytes, reports that a newer one replaces."""

    used: tuple[BoundReport, ...]
    foreign: tuple[BoundReport, ...]
    replaced: tuple[BoundReport, ...]


def sort_reports(reports: Sequence[BoundReport], manifest: Manifest, digests: Iterable[str]) -> Sorted:
    """Split the reports; one is about this checkpoint when it names its id and the digest of a proposed component."""
    wanted = frozenset(digests)
    ours: list[BoundReport] = []
    foreign: list[BoundReport] = []
    for bound in sorted(set_by_digest(reports), key=lambda b: b.sha256):
        subject = bound.report.subject
        same = subject.checkpoint_id == manifest.checkpoint_id and not wanted.isdisjoint(subject.component_sha256)
        (ours if same else foreign).append(bound)
    replaced = {bound.sha256 for bound in ours if any(_replaces(other.report, bound.report) for other in ours)}
    return Sorted(
        used=tuple(bound for bound in ours if bound.sha256 not in replaced),
        foreign=tuple(foreign),
        replaced=tuple(bound for bound in ours if bound.sha256 in replaced),
    )


def set_by_digest(reports: Sequence[BoundReport]) -> list[BoundReport]:
    """Return each report once."""
    return list({bound.sha256: bound for bound in reports}.values())


def _replaces(newer: RiskReport, older: RiskReport) -> bool:
    """Return whether ``newer`` supersedes ``older``: later, same tool, same files, and no less independent.

    Without these conditions a submitter could silence a bad report by superseding it.
    """
    return (
        newer.supersedes == older.report_id
        and newer.report_id != older.report_id
        and newer.date > older.date
        and newer.tool.name == older.tool.name
        and set(newer.subject.component_sha256) >= set(older.subject.component_sha256)
        and (newer.independent or not older.independent)
    )
