"""Write what a recorded run leaves: the checkpoint's files, its manifest or draft, the report, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from pydantic import ValidationError

from exeat.audit.recorder import report
from exeat.audit.recorder.about import as_text, missing, with_about
from exeat.audit.recorder.journal import CHECKPOINT, TRACE, write_atomically
from exeat.audit.recorder.manifest import LEAST_EXPOSED, config_of, document, write_files
from exeat.audit.recorder.weights import state_of
from exeat.evidence.gaps import gaps_of, manifest_of
from exeat.model.manifest import DpClaim

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from exeat.audit.recorder.journal import Journal
    from exeat.audit.recorder.manifest import Run
    from exeat.audit.recorder.observe import Observer
    from exeat.audit.recorder.recommend import Recommendation
    from exeat.evidence.gaps import Gap

MANIFEST, DRAFT, REPORT, MISSING = "manifest.json", "manifest-draft.json", "report.json", "missing.md"


class Written(NamedTuple):
    """Paths of what was written; while ``gaps`` keep it from being a manifest, there is a ``draft`` instead."""

    manifest: Path | None
    draft: Path | None
    report: Path
    trace: Path
    gaps: tuple[Gap, ...]


def write_all(
    run: Run, weights: bytes, *, journal: Journal, observer: Observer, advice: Recommendation,
    about: Mapping[str, Any], seed: int,
) -> Written:  # fmt: skip
    """Measure the weights that are written, and write everything about them; each file whole or not at all."""
    parquet = journal.write_parquet()
    components = write_files(run, weights)
    seen = observer.last
    final = seen[1] if seen is not None and seen[0] == run.epoch else observer.answers(state_of(weights))
    claimed = final.canaries is not None
    claim = _claim(with_about(document(run, components, final.answers, []), about)) if claimed else None
    found = report.indicators(final, claim)
    measured = sorted({one.indicator_id for one in found if one.status == "measured"})
    known = with_about(document(run, components, final.answers, measured), about)
    sizes = {role: split.n_records for role, split in run.splits.items()} | {"canaries": observer.n_canaries}
    whole = report.report_of(
        checkpoint_id=run.checkpoint_id,
        component_sha256=tuple(part["sha256"] for part in components if part["kind"] == "weights"),
        author=" ".join(str(about.get("created_by") or "recorder of the training run").split())[:300],
        seed=seed,
        found=found,
        trace=report.trace_of_rows(journal.rows, sizes, advice, parquet),
        settings=config_of(run),
        notes=_notes(run, journal),
    )
    write_atomically(run.folder / REPORT, whole.to_bytes())
    manifest, draft, gaps = _write_manifest(run.folder, known)
    return Written(manifest, draft, run.folder / REPORT, run.folder / CHECKPOINT / TRACE, gaps)


def _claim(known: Mapping[str, Any]) -> DpClaim | None:
    """Return what the manifest claims of differential privacy, as far as it is stated well enough to be tested."""
    if not known.get("dp"):
        return None
    try:
        return DpClaim.model_validate_json(orjson.dumps(known["dp"], default=str))
    except ValidationError:
        return None


def _notes(run: Run, journal: Journal) -> list[str]:
    looked = sum(row.get("train_loss") is not None for row in journal.rows)
    sample = len(run.splits["train"].sample)
    notes = [
        f"About epoch {run.epoch}: {run.rule}.",
        f"{looked} of {len(journal.rows)} epochs were measured, all on the same {sample} members.",
        "The loss threshold is the weakest attack: it shows how exposure moves, not how large it can be.",
    ]
    if run.rule == LEAST_EXPOSED:
        notes.append("The epoch was chosen by these same figures, so they are a little too good: audit it afresh.")
    return notes


def _write_manifest(folder: Path, known: Mapping[str, Any]) -> tuple[Path | None, Path | None, tuple[Gap, ...]]:
    place, needed = folder / CHECKPOINT, gaps_of(known)
    gaps, whole = missing(known, needed), not needed
    write_atomically(folder / MISSING, as_text(gaps).encode())
    path, other = (place / MANIFEST, place / DRAFT) if whole else (place / DRAFT, place / MANIFEST)
    data = manifest_of(known).to_bytes() if whole else orjson.dumps(known, default=str, option=orjson.OPT_INDENT_2)
    write_atomically(path, data + b"\n")
    other.unlink(missing_ok=True)
    return (path, None, gaps) if whole else (None, path, gaps)
