"""Write what an inspection found as the canonical document ``exeat-inspection/1``; every text is cleaned and cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from exeat.evidence.inspection.hostile_text import clean
from exeat.evidence.inspection.recognisers import masked
from exeat.evidence.inspection.second_opinion import FORMATS
from exeat.model.inspection import InspectedFile, Inspection, InspectionFinding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exeat.evidence.inspection.opened import Opened, Problem
    from exeat.evidence.inspection.parts import Parts
    from exeat.evidence.inspection.result import Measured
    from exeat.model.inspection import LeakageFinding

PLACE = 600
SENTENCE = 2000
MAX_GLOBALS = 2000
MAX_NOTES = 100


def document(
    path: Path,
    opened: Opened,
    parts: Parts,
    channels: tuple[LeakageFinding, ...],
    measured: Measured,
    agreed: int,
) -> Inspection:
    """Return the document; ``agreed`` is the number of files of which torch was asked."""
    sizes = {name: window.size for name, window in opened.sources.items()}
    files = [
        InspectedFile(name=clean(name, PLACE), bytes=sizes[name], sha256=found.sha256, blake3=found.blake3)
        for name, found in sorted(measured.files.items())
    ]
    fields = {
        "schema": "exeat-inspection/1",
        "file": clean(path.absolute().name, PLACE),
        "bytes": opened.bytes,
        "sha256": measured.whole.sha256 if measured.whole else None,
        "blake3": measured.whole.blake3 if measured.whole else None,
        "files": tuple(files),
        "format": opened.format,
        "verdict": verdict_of(opened.problems),
        "findings": tuple(map(_finding, sorted(opened.problems, key=lambda problem: problem.verdict != "unsafe"))),
        "parts": parts.parts,
        "tensors": parts.tensors,
        "tensor_count": len(opened.tensors),
        "channels": channels,
        "globals": tuple(sorted({clean(str(name), PLACE) for name in opened.globals}))[:MAX_GLOBALS],
        "looked_at": tuple(_looked_at(opened, measured, agreed)),
        "not_looked_at": tuple(_not_looked_at(opened, agreed)),
    }
    return Inspection.model_validate(fields)


def verdict_of(problems: list[Problem]) -> Verdict:
    """Return the worst of the problems; none is clean."""
    if any(problem.verdict == "unsafe" for problem in problems):
        return Verdict.UNSAFE
    return Verdict.UNREADABLE if problems else Verdict.CLEAN


def _finding(problem: Problem) -> InspectionFinding:
    verdict: Literal["unsafe", "unreadable"] = problem.verdict
    return InspectionFinding(
        code=problem.code,
        verdict=verdict,
        sentence=clean(problem.sentence, SENTENCE),
        what_to_do=clean(problem.what_to_do, SENTENCE),
        place=clean(masked(problem.place[:PLACE]), PLACE),
    )


def _looked_at(opened: Opened, measured: Measured, agreed: int) -> Iterator[str]:
    if measured.whole:
        yield "Every byte, once, for SHA-256 and BLAKE3."
    if opened.trees:
        yield (
            f"{_count(len(opened.trees), 'pickle')}, opcode by opcode, against the list of allowed names; "
            "nothing was unpickled."
        )
    if opened.tensors:
        yield f"{_count(len(opened.tensors), 'tensor')}: name, type, shape and place in the file."
    yield "Names, keys, texts and plain values: for paths, people, identifiers, dates and secrets."
    if agreed:
        yield f"torch’s own scanner, in a process of its own, for {_count(agreed, 'file')}."


def _not_looked_at(opened: Opened, agreed: int) -> Iterator[str]:
    for note in list(dict.fromkeys(opened.notes))[:MAX_NOTES]:
        yield clean(note, SENTENCE)
    if opened.tensors:
        yield "What the weights have memorised: that is measured by attacks, not read from the file."
    if agreed:
        return
    if opened.problems:
        yield "torch’s own scanner was not asked: our own reading has already spoken against the file."
    elif opened.format in FORMATS:
        yield "torch’s own scanner was not asked: second opinions are switched off."
    elif opened.trees:
        yield "torch’s own scanner was not asked: it does not read this format."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
