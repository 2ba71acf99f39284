"""Say how it was checked that the tensors of a minimised file are those of its source: by us, and by torch itself."""

from __future__ import annotations

from contextlib import nullcontext
from importlib.metadata import version
from typing import TYPE_CHECKING

from exeat.errors import BadInput, Unsafe
from exeat.evidence.inspection.second_opinion import FORMATS, SecondOpinion, asked_for, opinion
from exeat.model.minimisation import Proof

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from exeat.evidence.inspection.limits import Limits
    from exeat.evidence.inspection.opened import Opened
    from exeat.evidence.inspection.second_opinion import Answer
    from exeat.evidence.keeping import Planned
    from exeat.evidence.written import Written

HOSTILE = "Treat the file as hostile: readers see different things in it."


def torch_for(opened: Opened, limits: Limits) -> AbstractContextManager[SecondOpinion | None]:
    """Return a child process with torch where its safe loader may read the source; it starts in the background."""
    return SecondOpinion(limits) if limits.second_opinion and asked_for(opened) else nullcontext()


def prove(opened: Opened, planned: Sequence[Planned], done: Written, child: SecondOpinion | None) -> Proof:
    """Return the proof: the written file was read back before; now torch reads the same bytes from the source.

    Raises Unsafe where torch finds the source unsafe, cannot load it or reads other bytes from it, BadInput where it
    gives no answer.
    """
    changed = sum(one.reduced for one in planned)
    identical = len(planned) - changed
    if child is None:
        return Proof(torch="not asked", why_not=_why_not(opened), identical=identical, changed=changed)
    window = opened.sources[""]
    problem = opinion(opened, window, child)
    if problem:
        raise Unsafe(f"This file is not minimised: {problem.sentence}", problem.what_to_do, place=problem.place)
    answer = child.ask_about(window, opened.format, about="digests", needs=tuple(map(str, opened.globals)))
    if not isinstance(answer.said, dict):
        raise _not_loaded(answer)
    _compare(answer.said, planned, done)
    return Proof(torch="same", torch_version=version("torch"), identical=identical, changed=changed)


def _not_loaded(answer: Answer) -> BadInput | Unsafe:
    """Return the error for a source that looked fine and that torch, when asked, did not load."""
    if answer.refused:
        return Unsafe(f"This file is not minimised: torch could not load it ({answer.refused}).", HOSTILE)
    sentence = f"This file is not minimised: nobody confirms what torch reads from it ({answer.failed})."
    return BadInput(sentence, "Try again on a machine with more memory.")


def _compare(said: Mapping[str, str], planned: Sequence[Planned], done: Written) -> None:
    for one, digests in zip(planned, done.tensors, strict=True):
        if said.get(one.ref.name) != digests.source.removeprefix("sha256:"):
            raise Unsafe(f"torch reads other bytes than Exeat from the tensor {one.ref.name[:200]}.", HOSTILE)


def _why_not(opened: Opened) -> str:
    if opened.problems:
        return f"Its safe loader does not take the source. {opened.problems[0].sentence}"
    if opened.format not in FORMATS:
        return "It has no loader for the source's format."
    return "The second opinion is switched off."
