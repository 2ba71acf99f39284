"""Look inside a checkpoint without running it: ``inspect`` for a person, ``open_checkpoint`` for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.inspection.limits import DEFAULT, Limits
from exeat.evidence.inspection.opened import Member, Opened, Problem, TensorRef, Tree
from exeat.evidence.inspection.opening import open_path
from exeat.evidence.inspection.symbols import Call, Composite, Global, OrderedMap, StorageRef

if TYPE_CHECKING:
    from pathlib import Path

    from exeat.evidence.inspection.second_opinion import SecondOpinion
    from exeat.model.inspection import Inspection


def open_checkpoint(path: Path, *, limits: Limits = DEFAULT) -> Opened:
    """Open a file or folder and build its symbolic trees; what is wrong stands in ``problems``.

    Starts no child and reads no digest. Raises BadInput only when the path itself cannot be read. The result keeps
    the file open until ``close`` or the end of its ``with`` block.
    """
    return open_path(path, limits)


def inspect(path: Path, *, limits: Limits = DEFAULT, child: SecondOpinion | None = None) -> Inspection:
    """Say what a checkpoint contains and whether it is clean, unsafe or unreadable; nothing of it is executed.

    ``child`` is a running second opinion for whoever inspects many files; without it a file that passes our own walk
    gets one of its own (``second_opinion.asked_for``, ``second_opinion.opinion``). Raises BadInput only when the path
    itself cannot be read.
    """
    from exeat.evidence.inspection.result import inspect_path  # noqa: PLC0415 who only opens needs no digests, no child

    return inspect_path(path, limits, child)


__all__ = [
    "Call",
    "Composite",
    "Global",
    "Limits",
    "Member",
    "Opened",
    "OrderedMap",
    "Problem",
    "StorageRef",
    "TensorRef",
    "Tree",
    "inspect",
    "open_checkpoint",
]
