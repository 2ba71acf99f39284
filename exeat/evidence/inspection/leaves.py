"""Walk the symbolic trees of a checkpoint leaf by leaf: each with its place, its part and the key that names it.

The walk keeps its own stack and a list of what it has seen, so that cycles, shared objects and a million levels of
nesting cost no more than one visit each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.evidence.inspection.arrays import array_of, date_of, path_of, scalar_of
from exeat.evidence.inspection.loose_texts import texts_in
from exeat.evidence.inspection.part_rules import kind_below, kind_by_shape
from exeat.evidence.inspection.symbols import Call, Composite, Global, OrderedMap, StorageRef
from exeat.model.inspection import PartKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exeat.evidence.inspection.opened import Tree

MAX_PLACE = 24
"""Keys of a place that are kept; what nests deeper is told by the branch it lies in."""
_SCALARS = (str, bytes, int, float, bool, type(None))
_BRANCHES = (dict, list, tuple, Call, Composite)
_NUMBERS = {int, float, bool}


class Leaf(NamedTuple):
    """A value without branches, or a whole list of numbers; ``is_key`` for the text of a key itself."""

    place: tuple[str, ...]
    kind: PartKind | None
    label: str
    value: Any
    is_key: bool = False


class Branch(NamedTuple):
    """A value that holds others, on its way to be walked."""

    place: tuple[str, ...]
    kind: PartKind | None
    label: str
    value: Any


def leaves(
    tree: Tree, shaped: dict[tuple[str, ...], PartKind] | None = None, told: set[int] | None = None
) -> Iterator[Leaf]:
    """Yield the leaves of a tree; note branches known by shape, and texts that are part of a whole in ``told``."""
    known = {} if shaped is None else shaped
    told = set() if told is None else told
    stack = [Branch((), None, "", tree.value)]
    seen: set[int] = set()
    while stack:
        branch = stack.pop()
        value = branch.value
        if not isinstance(value, _BRANCHES) or isinstance(value, Global):
            if not isinstance(value, StorageRef | Global):
                yield Leaf(*branch)
            continue
        if id(value) in seen:
            continue
        seen.add(id(value))
        kind = kind_by_shape(value)
        if kind is not None and branch.kind is not PartKind.MEMBER_INDICES:
            known[branch.place] = kind
            branch = branch._replace(kind=kind)
        yield from _open(branch, stack, told)


def _open(branch: Branch, stack: list[Branch], told: set[int]) -> Iterator[Leaf]:
    """Put what a branch holds on the stack, last first; yield what is whole already."""
    value = branch.value
    if isinstance(value, Call):
        yield from _open_call(branch, value, stack, told)
    elif isinstance(value, dict):
        yield from _open_pairs(branch, list(value.items()), stack)
        if isinstance(value, OrderedMap) and value.state is not None:
            stack.append(branch._replace(value=value.state))
    elif isinstance(value, Composite):
        stack.append(branch._replace(value=value.value))
    elif _is_numbers(value):
        yield Leaf(*branch)
    else:
        stack.extend(_item(branch, at, value[at]) for at in range(len(value) - 1, -1, -1))


def _open_call(branch: Branch, call: Call, stack: list[Branch], told: set[int]) -> Iterator[Leaf]:
    array = array_of(call)
    whole = array if array is not None else path_of(call) or date_of(call) or scalar_of(call)
    if whole is not None:
        told.update(texts_in(call))
        yield Leaf(*branch._replace(value=whole))
        return
    yield from _open_pairs(branch, call.pairs, stack)
    stack.extend(branch._replace(value=part) for part in (call.items, call.state, call.kwargs, call.args) if part)


def _open_pairs(branch: Branch, pairs: list[tuple[Any, Any]], stack: list[Branch]) -> Iterator[Leaf]:
    for key, value in reversed(pairs):
        stack.append(_under(branch, key, value))
    if len(pairs) > 1 and all(type(key) is int for key, _ in pairs):
        yield Leaf(branch.place, branch.kind, branch.label, tuple(key for key, _ in pairs), is_key=True)
        return
    for key, _ in pairs:
        if isinstance(key, str | bytes | Composite):
            text = key.value if isinstance(key, Composite) else key
            yield Leaf((*branch.place, named(key))[:MAX_PLACE], branch.kind, "", text, is_key=True)


def _under(branch: Branch, key: Any, value: Any) -> Branch:
    name = named(key)
    place = (*branch.place, name) if len(branch.place) < MAX_PLACE else branch.place
    if not isinstance(key, str):
        return Branch(place, branch.kind, branch.label, value)
    kind = kind_below(branch.kind, key)
    if isinstance(value, _SCALARS) and kind in (PartKind.MEMBER_INDICES, PartKind.WEIGHTS):
        kind = branch.kind
    return Branch(place, kind, key, value)


def _item(branch: Branch, at: int, value: Any) -> Branch:
    if isinstance(value, _SCALARS) or len(branch.place) >= MAX_PLACE:
        return branch._replace(value=value)
    return branch._replace(place=(*branch.place, str(at)), value=value)


def named(key: Any) -> str:
    """Return a key as a place shows it."""
    if isinstance(key, str):
        return key
    if isinstance(key, bytes):
        return key.decode("latin-1")
    return str(key) if isinstance(key, int | float | bool | Global) or key is None else f"<{type(key).__name__}>"


def _is_numbers(value: list[Any] | tuple[Any, ...]) -> bool:
    return bool(value) and set(map(type, value)) <= _NUMBERS
