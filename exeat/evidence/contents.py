"""Read what the files of a checkpoint contain: the inspections and minimisations that the ledger ties to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.statements import COMPONENT_INSPECTED, COMPONENT_MINIMISED
from exeat.model.inspection import Inspection
from exeat.model.minimisation import Minimisation
from exeat.policy.contents import Contents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exeat.evidence.library import Library
    from exeat.ledger.statement import Entry
    from exeat.model.manifest import Manifest


def read_contents(entries: Iterable[Entry], manifest: Manifest, library: Library) -> Contents:
    """Return the newest inspection and minimisation of each component of the manifest; raise NotFound or Tampered."""
    inspected: dict[str, str] = {}
    minimised: dict[str, str] = {}
    checked: dict[str, str] = {}
    for entry in entries:
        if entry.kind == COMPONENT_INSPECTED:
            inspected[entry.subject["component"]] = entry.subject["inspection"]
        elif entry.kind == COMPONENT_MINIMISED:
            minimised[entry.subject["component"]] = entry.subject["minimisation"]
            checked[entry.subject["component"]] = str(entry.body.get("checked", ""))
    files = {part.id: part.sha256 for part in manifest.components}
    digests = {name: inspected[sha256] for name, sha256 in files.items() if sha256 in inspected}
    records = {
        name: library.document(minimised[sha256], Minimisation) for name, sha256 in files.items() if sha256 in minimised
    }
    return Contents(
        {name: library.document(digest, Inspection) for name, digest in digests.items()},
        digests,
        records,
        {
            name: library.document(inspected[record.source_sha256], Inspection)
            for name, record in records.items()
            if record.source_sha256 in inspected
        },
        {name: checked[sha256] for name, sha256 in files.items() if sha256 in checked},
    )
