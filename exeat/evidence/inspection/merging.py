"""Open the files of a folder one by one and put what was found together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.opened import Member, Opened, TensorRef, Tree
from exeat.evidence.inspection.slice import Slice
from exeat.evidence.inspection.streams import Judge

if TYPE_CHECKING:
    from exeat.evidence.inspection.window import Window


class Part(NamedTuple):
    """One file, or a slice of one, while it is opened."""

    window: Window
    judge: Judge


def part_of(judge: Judge, window: Window) -> Part:
    """Return a judge for one file; the caps on work hold for the whole folder."""
    inner = Judge(Opened("unknown", window.size), judge.limits)
    inner.budget = judge.budget
    return Part(window, inner)


def merge(judge: Judge, part: Part, name: str = "") -> None:
    """Add what one file holds to the folder; a slice's tensors and trees go below ``name``."""
    whole, found = judge.opened, part.judge.opened
    shift = part.window.offset if isinstance(part.window, Slice) else 0
    if not name:
        whole.formats[part.window.name] = found.format
    for problem in found.problems:
        place = problem.place or part.window.name
        judge.problem(problem.code, problem.sentence, problem.what_to_do, place, unsafe=problem.verdict == "unsafe")
    whole.members += [_moved(member, shift) for member in found.members]
    whole.unlisted += [_moved(member, shift) for member in (*found.unlisted, *filter(None, [found.trailing]))]
    whole.trees += [Tree(tree.place, {name: tree.value}) if name else tree for tree in found.trees]
    whole.tensors += [_named(tensor, name, shift) for tensor in found.tensors]
    whole.texts += found.texts
    whole.notes += [note if part.window.name in note else f"{part.window.name}: {note}" for note in found.notes]
    for symbol, place in found.globals.items():
        whole.globals.setdefault(symbol, place)
    if len(whole.tensors) > judge.limits.tensors:
        sentence = f"The folder holds more than {judge.limits.tensors:,} tensors."
        judge.problem("too-many-tensors", sentence, "Inspect its checkpoints one by one.", unsafe=False)
        del whole.tensors[judge.limits.tensors :]


def _moved(member: Member, shift: int) -> Member:
    return member._replace(offset=member.offset + shift) if shift else member


def _named(tensor: TensorRef, name: str, shift: int) -> TensorRef:
    moved = tensor._replace(storage=_moved(tensor.storage, shift))
    if not name:
        return moved
    path = (name, *tensor.path)
    return moved._replace(name=".".join(path), path=path)
