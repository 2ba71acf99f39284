"""Keep the tensors that a release needs, drop the rest, and prove that the tensors are those of the source.

Nothing of the source is executed and nothing of it is loaded by a library: our own reader finds the bytes of each
tensor, and they are written as they are. So a file may be minimised whose classes nobody vouches for. A file that
would run commands, or in which readers see different things, is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat import __version__
from exeat.errors import BadInput, Unsafe
from exeat.evidence import difference
from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.channels import channels_of
from exeat.evidence.inspection.elements import size_of
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.parts import parts_of
from exeat.evidence.inspection.recognisers import masked
from exeat.evidence.keeping import MAX_NAME, plan, shared_bytes
from exeat.evidence.new_file import NewFile, check_new
from exeat.evidence.precision import Reduction
from exeat.evidence.proof import prove, torch_for
from exeat.evidence.selection import WEIGHTS_ONLY
from exeat.evidence.walk import shown
from exeat.evidence.written import of_all, read_back, sha256_of, write
from exeat.model.minimisation import LISTED, FormerBytes, KeptTensor, Minimisation, TypeChange

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from exeat.evidence.inspection.limits import Limits
    from exeat.evidence.inspection.opened import Opened
    from exeat.evidence.keeping import Planned
    from exeat.evidence.precision import Target
    from exeat.evidence.selection import Selection
    from exeat.evidence.written import Digests, Written

HARMLESS_UNEXECUTED = frozenset({"foreign-class", "foreign-global"})
"""Problems of loading only: a class that nobody vouches for, which is never loaded here."""


def minimise(
    path: Path,
    out: Path,
    *,
    keep: Selection = WEIGHTS_ONLY,
    dtype: Target | None = None,
    limits: Limits = DEFAULT,
) -> Minimisation:
    """Write the tensors of the chosen parts as safetensors to ``out`` and return the record of what that changed.

    ``dtype`` reduces float32 tensors and is named a change in the record. Nothing is written when anything fails.
    Raises Unsafe for a dangerous or damaged source, BadInput for an unreadable one, for a target that exists, and
    where a tensor cannot be kept.
    """
    check_new(out)
    with open_checkpoint(path, limits=limits) as opened:
        check_source(opened)
        parts = parts_of(opened)
        planned = plan(opened, parts, keep, dtype)
        reduction = Reduction(dtype) if dtype else None
        with torch_for(opened, limits) as child, NewFile(out) as file:
            done = write(file, opened, planned, reduction)
            after = read_back(file.path, planned, done, limits)
            record = Minimisation(  # type: ignore[call-arg]  # mypy's plugin does not see the alias of schema_
                schema="exeat-minimisation/1",
                tool="exeat minimise",
                tool_version=__version__,
                source=shown(path.name),
                source_format=opened.format,
                source_bytes=opened.bytes,
                source_sha256=sha256_of(opened),
                output=shown(out.name),
                output_bytes=done.bytes,
                output_sha256=done.sha256,
                chosen=tuple(sorted(keep.kinds)),
                chosen_prefixes=tuple(prefix[:MAX_NAME] for prefix in keep.prefixes),
                kept=_kept(planned, done),
                kept_count=len(planned),
                kept_sha256=of_all(
                    (one.laid.name, each.output) for one, each in zip(planned, done.tensors, strict=True)
                ),
                dropped=difference.dropped(opened, parts, planned, keep),
                closed=difference.closed(channels_of(opened, parts, limits), after, keep),
                left=difference.left(after),
                change=_change(planned, reduction),
                proof=prove(opened, planned, done, child),
                notes=tuple(shared_bytes(planned)),
            )
            _check_unchanged(opened)
            file.finish()
    return record


def check_source(opened: Opened) -> None:
    """Raise Unsafe or BadInput when the source must not be minimised."""
    problems = [one for one in opened.problems if one.code not in HARMLESS_UNEXECUTED]
    unsafe = next((one for one in problems if one.verdict == "unsafe"), None)
    if unsafe:
        raise Unsafe(f"This file is not minimised: {unsafe.sentence}", unsafe.what_to_do, place=unsafe.place)
    if problems:
        raise BadInput(problems[0].sentence, problems[0].what_to_do, place=problems[0].place)


def _kept(planned: Sequence[Planned], done: Written) -> tuple[KeptTensor, ...]:
    return tuple(map(_tensor, planned[:LISTED], done.tensors[:LISTED]))


def _tensor(one: Planned, digests: Digests) -> KeptTensor:
    was = FormerBytes(dtype=one.ref.dtype, bytes=size_of(one.ref), sha256=digests.source) if one.reduced else None
    return KeptTensor(
        name=masked(one.laid.name)[:MAX_NAME],
        source="" if one.ref.name == one.laid.name else masked(one.ref.name)[:MAX_NAME],
        part=one.part,
        dtype=one.laid.dtype,
        shape=one.laid.shape,
        bytes=one.laid.bytes,
        sha256=digests.output,
        was=was,
    )


def _change(planned: Sequence[Planned], reduction: Reduction | None) -> TypeChange | None:
    count = sum(one.reduced for one in planned)
    if reduction is None or not count:
        return None
    return TypeChange(
        dtype=reduction.dtype,
        tensors=count,
        max_abs_difference=reduction.max_abs_difference,
        tensor=reduction.where,
    )


def _check_unchanged(opened: Opened) -> None:
    if any(window.changed() for window in opened.sources.values()):
        raise BadInput("Somebody wrote to the file while it was minimised.", "Minimise it when nobody writes to it.")
