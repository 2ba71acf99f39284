"""Put an inspection together: what was opened, its parts and channels, its digests, and what torch says of it.

Nothing that a file holds may end this with an exception: what fails unforeseen is a finding, never a clean verdict.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from exeat.errors import BadInput
from exeat.evidence.inspection.channels import channels_of
from exeat.evidence.inspection.digests import Digests, digests_of, digests_of_folder
from exeat.evidence.inspection.document import document
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.opened import Opened, Problem
from exeat.evidence.inspection.opening import open_path
from exeat.evidence.inspection.parts import Parts, parts_of
from exeat.evidence.inspection.second_opinion import FORMATS, SecondOpinion, opinion
from exeat.evidence.inspection.window import Window
from exeat.model.inspection import INSPECTOR, InspectedPart, PartKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exeat.evidence.inspection.limits import Limits
    from exeat.model.inspection import Inspection

T = TypeVar("T")
UNFORESEEN = "unforeseen"
"""Code of the finding that stands for an error of ours; tests and the fuzzer count it as a crash."""


class Measured(NamedTuple):
    """Digests of one file or of a folder and its files."""

    whole: Digests | None
    files: dict[str, Digests]


class Asked(NamedTuple):
    """How many files torch was asked about, and what it objects to."""

    files: int
    problems: list[Problem]


def inspect_path(path: Path, limits: Limits = DEFAULT, child: SecondOpinion | None = None) -> Inspection:
    """Return the inspection of a file or folder; ``child`` is asked instead of a process of its own.

    Raises BadInput only where the path itself cannot be read.
    """
    with _open(path, limits) as opened, ThreadPoolExecutor(2, "inspect") as pool:
        stop = Event()
        try:
            digests = pool.submit(_digests, opened, stop)
            asked = pool.submit(_ask, opened, _files_to_ask(opened, limits), limits, child)
            parts = _guarded(opened, "its parts", lambda: parts_of(opened))
            channels = _guarded(opened, "its channels", lambda: channels_of(opened, parts, limits)) if parts else ()
            agreed = _guarded(opened, "the second opinion", asked.result) or Asked(0, [])
            opened.problems += agreed.problems
            measured = _guarded(opened, "its digests", digests.result) or Measured(None, {})
        except BaseException:
            stop.set()
            raise
        if _changed(opened):
            opened.problems.append(CHANGED)
            measured = Measured(None, {})
        found = document(path, opened, parts or _one_part(opened), channels or (), measured, agreed.files)
        return found.model_copy(update={"inspector": INSPECTOR})


CHANGED = Problem(
    "changed",
    "unreadable",
    "Somebody wrote to the file while it was inspected, so nothing is said of it.",
    "Inspect it again when nobody writes to it.",
)


def _guarded(opened: Opened, what: str, call: Callable[[], T]) -> T | None:
    """Return what the call returns; what it raises becomes a problem of the file."""
    try:
        return call()
    except BadInput as exc:
        opened.problems.append(Problem("unreadable-bytes", "unreadable", exc.headline, exc.what_to_do, exc.place))
    except Exception as exc:  # noqa: BLE001 no hostile file may end the inspection of it
        opened.problems.append(_unforeseen(what, exc))
    return None


def _unforeseen(what: str, exc: BaseException) -> Problem:
    sentence = f"Exeat failed while it looked at {what} ({type(exc).__name__}), so nothing is vouched for."
    advice = "Do not release the file. Report this to the maintainers of Exeat, with the format and origin of the file."
    return Problem(UNFORESEEN, "unreadable", sentence, advice)


def _open(path: Path, limits: Limits) -> Opened:
    try:
        return open_path(path, limits)
    except BadInput:
        raise
    except Exception as exc:  # noqa: BLE001 the same
        opened = Opened("unknown", 0)
        opened.problems.append(_unforeseen("its format", exc))
        if not path.is_dir():
            opened.sources[""] = Window(path)
            opened.bytes = opened.sources[""].size
        return opened


def _one_part(opened: Opened) -> Parts:
    whole = InspectedPart(kind=PartKind.OTHER, place="", bytes=opened.bytes, tensors=len(opened.tensors))
    return Parts((whole,), ())


def _digests(opened: Opened, stop: Event) -> Measured:
    if "" in opened.sources:
        return Measured(digests_of(opened.sources[""], stop), {})
    files = {name: digests_of(window, stop) for name, window in opened.sources.items()}
    return Measured(digests_of_folder(files) if files else None, files)


def _files_to_ask(opened: Opened, limits: Limits) -> dict[str, Opened]:
    """Return the files, each with its format, of which torch is asked: those that have passed our own walk."""
    if opened.problems or not limits.second_opinion:
        return {}
    if "" in opened.sources:
        return {"": opened} if opened.format in FORMATS else {}
    formats = opened.formats.items()
    return {name: dataclasses.replace(opened, format=found) for name, found in formats if found in FORMATS}


def _ask(opened: Opened, files: dict[str, Opened], limits: Limits, child: SecondOpinion | None) -> Asked:
    if not files:
        return Asked(0, [])
    with contextlib.ExitStack() as stack:
        asked = child or stack.enter_context(SecondOpinion(limits))
        found = [opinion(one, opened.sources[name], asked) for name, one in files.items()]
    return Asked(len(files), [problem for problem in found if problem is not None])


def _changed(opened: Opened) -> bool:
    """Return whether a file was written to, or another file stands in its place."""
    for window in opened.sources.values():
        try:
            now, then = os.lstat(window.path), os.fstat(window.descriptor)
        except OSError:
            return True
        if window.changed() or (now.st_dev, now.st_ino) != (then.st_dev, then.st_ino):
            return True
    return False
