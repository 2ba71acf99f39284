"""Turn paths that a person gives into files with the names under which they are shown and listed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence.intake import Skipped
from exeat.evidence.readers.dcp import METADATA
from exeat.evidence.readers.shape import Given
from exeat.evidence.walk import find, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def files_of(paths: Sequence[Path]) -> tuple[Given, ...]:
    """Return every file below the paths; one folder alone is the checkpoint's folder, its name is left out.

    Hidden files are left out, but for the one that makes a distributed checkpoint. Raises BadInput for two files of
    one name.
    """
    alone = len(paths) == 1
    found: dict[str, Given] = {}
    for path in paths:
        for name, place in _files(path):
            inside = name.partition("/")[2] if alone and path.is_dir() else name
            if inside in found:
                raise BadInput(f"Two of the files are called {inside}.", "Describe the folder that holds both.")
            found[inside] = Given(inside, path=place)
    return tuple(found.values())


def _files(path: Path) -> Iterator[tuple[str, str]]:
    for one in find([path]):
        if not isinstance(one, Skipped):
            yield one.name, one.path
    top = shown(path.absolute().name)
    for folder, _, names in os.walk(path):
        if METADATA in names:
            below = os.path.relpath(folder, path)
            yield "/".join([top, *(() if below == "." else (shown(below),)), METADATA]), os.path.join(folder, METADATA)  # noqa: PTH118
