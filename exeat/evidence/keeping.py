"""Plan a minimised file: which tensors it holds, under which names, in which order; nothing is read or written here."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.inspection.elements import size_of, span_of
from exeat.evidence.precision import NAMES, REDUCED
from exeat.evidence.safetensors_layout import KNOWN, Laid, in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.evidence.inspection.opened import Opened, TensorRef
    from exeat.evidence.inspection.parts import Parts
    from exeat.evidence.precision import Target
    from exeat.evidence.selection import Selection
    from exeat.model.inspection import PartKind

LARGER = 16
"""Times the source's bytes that the tensors may add up to: an expanded tensor repeats what the file holds once."""
NAMED = 5
MAX_NAME = 600
"""Characters of a tensor's name."""
OF_A_MODULE = frozenset({"_modules", "_parameters", "_buffers"})
"""Where torch.nn.Module keeps what it is made of."""
RENAME = "Rename the tensors where the checkpoint was made, and save it again."
SAVE_PLAIN = "Save a plain copy of it ({}) where the checkpoint was made, and minimise that."


class Planned(NamedTuple):
    """One tensor to keep: where it is in the source, and how it lies in the file to write."""

    ref: TensorRef
    part: PartKind
    laid: Laid

    @property
    def reduced(self) -> bool:
        """Return whether its type changes."""
        return self.laid.dtype != self.ref.dtype


def plan(opened: Opened, parts: Parts, keep: Selection, dtype: Target | None) -> list[Planned]:
    """Return the tensors to keep, in the order of the file; raise BadInput when there is none or one cannot be kept."""
    kinds = {id(ref): parts.kind_of(ref.name) for ref in opened.tensors}
    chosen = [ref for ref in opened.tensors if keep.takes(ref.name, kinds[id(ref)])]
    if not chosen:
        raise _nothing(keep, Counter(kinds.values()))
    for ref in chosen:
        _check(ref)
    names = _names(chosen)
    laid = [Laid(name, _dtype(ref, dtype), ref.shape) for name, ref in zip(names, chosen, strict=True)]
    if sum(one.bytes for one in laid) > LARGER * opened.bytes:
        raise BadInput(
            "The tensors would take many times the room of the source: some of them repeat one number.",
            SAVE_PLAIN.format("tensor.contiguous()"),
        )
    by_name = {one.name: (ref, one) for ref, one in zip(chosen, laid, strict=True)}
    ordered = [by_name[one.name] for one in in_order(laid)]
    return [Planned(ref, kinds[id(ref)], one) for ref, one in ordered]


def _nothing(keep: Selection, found: Counter[PartKind]) -> BadInput:
    wanted = " or ".join(sorted(kind.title for kind in keep.kinds))
    there = ", ".join(f"{count:,} of {kind.title}" for kind, count in found.most_common())
    if not there:
        return BadInput("The file holds no tensor.", "There is nothing that a minimised file could keep.")
    named = f" whose name begins with {' or '.join(keep.prefixes)}" if keep.prefixes else ""
    return BadInput(f"No tensor of {wanted}{named} is in the file.", f"Tensors there: {there}. Choose with --keep.")


def _check(ref: TensorRef) -> None:
    """Refuse a tensor whose bytes alone do not say what its numbers are."""
    if ref.quantised:
        raise BadInput(
            f"{ref.name} is quantised; without its scale the numbers mean nothing.", SAVE_PLAIN.format("dequantize()")
        )
    if ref.lazy:
        what = " and ".join(ref.lazy)
        raise BadInput(
            f"{ref.name} is a lazy view ({what}): its bytes are not its numbers.",
            SAVE_PLAIN.format("resolve_conj().resolve_neg()"),
        )
    if ref.dtype not in KNOWN:
        raise BadInput(f"safetensors has no type for {ref.name} ({ref.dtype}).", SAVE_PLAIN.format("another dtype"))


def _dtype(ref: TensorRef, dtype: Target | None) -> str:
    return NAMES[dtype] if dtype is not None and ref.dtype == REDUCED else ref.dtype


def _names(chosen: Sequence[TensorRef]) -> list[str]:
    """Return the names as ``state_dict`` has them: without what they all begin with, without a module's own fields.

    ``layer.weight`` for ``state_dict.layer.weight`` and for ``_modules.layer._parameters.weight``.
    """
    paths = [_state_dict_path(ref.path) or (ref.name,) for ref in chosen]
    shared = 0
    while all(len(path) > shared + 1 and path[shared] == paths[0][shared] for path in paths):
        shared += 1
    names = [".".join(path[shared:]) for path in paths]
    if len(set(names)) != len(names):
        names = [ref.name for ref in chosen]
    _check_names(names)
    return names


def _state_dict_path(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path into a whole module as its ``state_dict`` has it: one key below what holds the module."""
    inside = next((at for at, key in enumerate(path) if key in OF_A_MODULE), None)
    if inside is None:
        return path
    return *path[:inside], ".".join(key for key in path[inside:] if key not in OF_A_MODULE)


def _check_names(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadInput(f"Two tensors have the name {twice[0][:100]!a}.", RENAME)
    bad = [name for name in names if len(name) > MAX_NAME or not name.isprintable() or name == "__metadata__"]
    if bad:
        raise BadInput(f"{bad[0][:100]!a} is no name that every reader of safetensors takes.", RENAME)


def shared_bytes(planned: Sequence[Planned]) -> list[str]:
    """Return a sentence when tensors share bytes in the source (tied weights, views): each is written out in full."""
    spans: dict[tuple[str, int], list[tuple[int, int, str]]] = defaultdict(list)
    for one in planned:
        begin, end = span_of(one.ref)
        if end > begin:
            spans[one.ref.storage.file, one.ref.storage.offset].append((begin, end, one.laid.name))
    tied: list[str] = []
    for ranges in spans.values():
        tied += _overlapping(sorted(ranges))
    if not tied:
        return []
    more = f" and {len(tied) - NAMED:,} more" if len(tied) > NAMED else ""
    return [f"{', '.join(tied[:NAMED])}{more} share bytes in the source and are written out one by one."]


def _overlapping(ranges: list[tuple[int, int, str]]) -> list[str]:
    found: list[str] = []
    reach, holder = -1, ""
    for begin, end, name in ranges:
        if begin < reach:
            found += [one for one in (holder, name) if one not in found]
        if end > reach:
            reach, holder = end, name
    return found


def kept_bytes(planned: Sequence[Planned]) -> int:
    """Return the bytes of the tensors as they are in the source."""
    return sum(size_of(one.ref) for one in planned)
