"""The files of a folder in the order of their names; links and devices are told, never followed or opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence.inspection.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exeat.evidence.inspection.streams import Judge

MAX_DEPTH = 30
MAX_OPEN = 500
"""Files of one folder; each stays open until the end, so that nobody can swap it in between."""


def open_windows(path: Path, judge: Judge) -> dict[str, Window]:
    """Open every file below a folder and return them by name; raise BadInput where the folder cannot be read."""
    windows = judge.opened.sources
    for entry, name in _entries(path, "", 0, judge):
        if len(windows) >= MAX_OPEN:
            sentence = f"The folder holds more than {MAX_OPEN:,} files."
            judge.problem("too-many-files", sentence, "Inspect its checkpoints one by one.", unsafe=False)
            break
        _open(entry, name, judge)
    judge.opened.bytes = sum(window.size for window in windows.values())
    return windows


def _open(entry: os.DirEntry[str], name: str, judge: Judge) -> None:
    if name in judge.opened.sources:
        sentence = f"Two files of the folder are both shown as {name}."
        judge.problem("odd-name", sentence, "Give the files plain names.", name)
        return
    try:
        judge.opened.sources[name] = Window(Path(entry.path), name)
    except BadInput as exc:
        judge.problem("unreadable-file", f"{name}: {exc.headline}", exc.what_to_do, name, unsafe=False)


def _entries(folder: Path | str, above: str, depth: int, judge: Judge) -> Iterator[tuple[os.DirEntry[str], str]]:
    if depth > MAX_DEPTH:
        sentence = f"The folders are nested deeper than {MAX_DEPTH} levels."
        judge.problem("too-deep", sentence, "Inspect the folder with the checkpoint.", above, unsafe=False)
        return
    for entry in _listed(folder, above, judge):
        name = f"{above}/{_shown(entry.name)}" if above else _shown(entry.name)
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path, name, depth + 1, judge)
        else:
            yield entry, name


def _listed(folder: Path | str, above: str, judge: Judge) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as exc:
        if not above:
            raise BadInput(f"The folder cannot be read: {exc.strerror}.", "Check its permissions.") from exc
        sentence = f"The folder {above} cannot be read: {exc.strerror}."
        judge.problem("unreadable-folder", sentence, "Check its permissions.", above, unsafe=False)
        return []


def _shown(name: str) -> str:
    """Return a file name as printable text; bytes and characters that cannot be shown are escaped."""
    return name if name.isprintable() else ascii(name)[1:-1]
