"""Write the corpus: python -m tests.unit.evidence.corpus.build FOLDER makes unsafe/, healthy/, markers/, corpus.json.

Everything is made from code; no file of this kind lies in the repository. A payload only creates an empty file
below markers/, which is how the tests prove that nothing was executed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.unit.evidence.corpus import containers, frames, gadgets, polyglots, streams, zips
from tests.unit.evidence.corpus.shape import Healthy, Mark, Unsafe


def unsafe_cases() -> list[Unsafe]:
    """Return every unsafe file, in a fixed order."""
    return [*gadgets.cases(), *streams.cases(), *frames.cases(), *zips.cases(), *containers.cases(), *polyglots.cases()]


def marker_of(folder: Path, name: str) -> Mark:
    """Return the payload of one file; `folder` is the one that holds the unsafe files."""
    return Mark(str((folder.parent / "markers" / name).resolve()))


def write_unsafe(folder: Path) -> list[Unsafe]:
    """Write the unsafe files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "markers").mkdir(exist_ok=True)
    cases = unsafe_cases()
    for case in cases:
        case.write(folder / case.name, marker_of(folder, case.name))
    return cases


def healthy_cases() -> list[Healthy]:
    """Return every healthy file; imports torch."""
    from tests.unit.evidence.corpus import healthy_torch, healthy_training  # noqa: PLC0415

    return [*healthy_torch.cases(), *healthy_training.cases()]


def write_healthy(folder: Path) -> list[Healthy]:
    """Write the healthy files."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = healthy_cases()
    for case in cases:
        case.write(folder / case.name)
    return cases


def main(folder: Path) -> None:
    """Write both halves and the list of what they are."""
    rows = {
        "unsafe": [case._asdict() for case in write_unsafe(folder / "unsafe")],
        "healthy": [case._asdict() for case in write_healthy(folder / "healthy")],
    }
    (folder / "corpus.json").write_text(json.dumps(rows, indent=1, default=lambda _: None))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
