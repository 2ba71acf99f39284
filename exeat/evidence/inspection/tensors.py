"""Find the tensors in the symbolic trees: torch's ``_rebuild_*`` calls, checked against the storages they name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from exeat.evidence.inspection.dtypes import OF_TORCH, PACKED
from exeat.evidence.inspection.elements import length_of, span_of
from exeat.evidence.inspection.nested import PARTS as NESTED
from exeat.evidence.inspection.nested import fits
from exeat.evidence.inspection.opened import TensorRef
from exeat.evidence.inspection.storages import SAVE_AGAIN
from exeat.evidence.inspection.symbols import Call, Composite, Global, OrderedMap, StorageRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exeat.evidence.inspection.limits import Limits
    from exeat.evidence.inspection.opened import Member, Tree
    from exeat.evidence.inspection.pickle_walk import Walk
    from exeat.evidence.inspection.streams import Judge

ROOT = "tensor"
"""The name of a tensor that is the whole checkpoint."""
MAX_DIMENSIONS = 64
_REBUILDS = ("torch._utils._rebuild_", "torch._tensor._rebuild_")
_PLAIN = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor")
_V3_DTYPE, _METADATA = 6, {"_rebuild_tensor_v2": 6, "_rebuild_tensor_v3": 7}
_LAZY = frozenset({"conj", "neg"})
_PARTS = {
    3: ("indices", "values", "size"),
    4: ("crow_indices", "col_indices", "values", "size"),
}

_BRANCHES = frozenset({dict, OrderedMap, list, tuple, Call, Composite})


class _Odd(Exception):
    """The arguments of a rebuild function are not those that torch writes."""


class Finder:
    """Walks trees without recursion; each container once, each tensor under every name it has."""

    def __init__(self, judge: Judge, storages: Mapping[str, Member]) -> None:
        self.judge = judge
        self.storages = storages
        self.seen: dict[int, Any] = {}
        """Containers by their identity; kept alive, so that no other object gets the same one."""
        self.steps = judge.limits.opcodes
        self.without_values = 0
        self.nested: list[tuple[str, ...]] = []
        self.held: set[int] = set()
        """Rebuild calls that a value holds, by identity."""

    def find(self, tree: Tree, prefix: tuple[str, ...] = ()) -> None:
        """Add the tensors of one tree to the opened file; a tree that is too deep to show is dropped."""
        todo: list[tuple[Any, tuple[str, ...], int]] = [(tree.value, prefix, 0)]
        limits = self.judge.limits
        while todo:
            value, path, depth = todo.pop()
            self.steps -= 1
            if depth > limits.depth or self.steps < 0:
                sentence = f"The values in {tree.place} are nested more than {limits.depth:,} levels deep."
                self.judge.problem("too-deep", sentence, SAVE_AGAIN, tree.place)
                self.judge.opened.trees[:] = [each for each in self.judge.opened.trees if each is not tree]
                return
            todo += [(part, (*path, *step), depth + 1) for part, step in reversed(self._inside(value, path, tree))]
        self._check_nested(tree)
        self._note()

    def finish(self, walk: Walk) -> None:
        """Tell of tensors that a pickle makes and no value holds, and of storages that no tensor shows."""
        opened = self.judge.opened
        for call in walk.calls if walk.done else ():
            if str(call.func).startswith(_REBUILDS) and id(call) not in self.held:
                sentence = "The pickle makes a tensor and drops it again, as no pickler does."
                self.judge.problem("odd-tensor", sentence, SAVE_AGAIN, f"byte {call.offset:,}")
        used = {ref.storage for ref in opened.tensors}
        opened.unlisted += [member for member in self.storages.values() if member not in used and member.bytes]

    def _inside(self, value: Any, path: tuple[str, ...], tree: Tree) -> list[tuple[Any, tuple[str, ...]]]:
        """Return the parts of a value with their steps, and keep the value where it is a tensor."""
        if isinstance(value, Call):
            name = str(value.func)
            if name.startswith(_REBUILDS):
                self.held.add(id(value))
                return self._rebuild(value, name.rsplit(".", 1)[1], path, tree)
        if type(value) not in _BRANCHES or id(value) in self.seen:
            return []
        self.seen[id(value)] = value
        return list(_parts(value))

    def _rebuild(self, call: Call, name: str, path: tuple[str, ...], tree: Tree) -> list[tuple[Any, tuple[str, ...]]]:
        args = call.args
        after: list[tuple[Any, tuple[str, ...]]] = [(part, ()) for part in _state(call.state)]
        try:
            if name in _PLAIN:
                self._tensor(name, args, path)
                return after + ([(args[4], ("quantiser",))] if name == "_rebuild_qtensor" else [])
            self.nested += [path] if name == "_rebuild_nested_tensor" else []
            return _derived(name, args) + after
        except (_Odd, AttributeError, IndexError, KeyError, TypeError, ValueError):
            sentence = f"A tensor in {tree.place} is not described as torch describes tensors."
            self.judge.problem("odd-tensor", sentence, SAVE_AGAIN, ".".join(path))
            return []
        finally:
            self.without_values += name in ("_rebuild_meta_tensor_no_storage", "_rebuild_wrapper_subclass")

    def _tensor(self, name: str, args: tuple[Any, ...], path: tuple[str, ...]) -> None:
        storage, offset, shape, stride = args[0], _count(args[1]), _counts(args[2]), _counts(args[3])
        if not isinstance(storage, StorageRef) or not storage.dtype or len(shape) != len(stride):
            raise _Odd
        dtype = _named_dtype(args[_V3_DTYPE]) if name == "_rebuild_tensor_v3" else storage.dtype
        at = _METADATA.get(name, len(args))
        lazy = tuple(sorted(key for key, on in args[at].items() if on)) if len(args) > at and args[at] else ()
        if not _LAZY.issuperset(lazy):
            raise _Odd
        offset += _view_offset(storage)
        title = ".".join(path) or ROOT
        member = self.storages.get(storage.key)
        if member is None:
            return  # the opener has said that the storage is missing
        ref = TensorRef(title, path, dtype, shape, stride, offset, member, name == "_rebuild_qtensor", lazy)
        self._keep(ref)

    def _keep(self, ref: TensorRef) -> None:
        opened, limits = self.judge.opened, self.judge.limits
        if math.prod(ref.shape) > _most_elements(ref, limits) or any(step > 2**62 for step in ref.stride):
            sentence = f"The tensor {ref.name} says that it has {math.prod(ref.shape):,} elements."
            self.judge.problem("tensor-bomb", sentence, "Loading it would fill the memory. " + SAVE_AGAIN, ref.name)
        elif _beyond(ref):
            sentence = f"The tensor {ref.name} reaches beyond the bytes that its storage has."
            self.judge.problem("tensor-beyond-storage", sentence, SAVE_AGAIN, ref.name)
        elif len(opened.tensors) >= limits.tensors:
            sentence = f"The file has more than {limits.tensors:,} tensors."
            self.judge.problem("too-many-tensors", sentence, "Split the checkpoint.", ref.name)
        else:
            opened.tensors.append(ref)

    def _check_nested(self, tree: Tree) -> None:
        opened, paths, self.nested = self.judge.opened, set(self.nested), []
        parts: dict[tuple[str, ...], dict[str, TensorRef]] = {path: {} for path in paths}
        for ref in opened.tensors if paths else ():
            if ref.path[:-1] in paths:
                parts[ref.path[:-1]][ref.path[-1]] = ref
        for path, found in parts.items():
            if not fits(found, opened.bytes_of):
                sentence = (
                    f"A nested tensor in {tree.place} reaches beyond its buffer, or is not described as it should."
                )
                self.judge.problem("odd-tensor", sentence, SAVE_AGAIN, ".".join(path))

    def _note(self) -> None:
        if self.without_values:
            self.judge.opened.notes.append(
                f"{self.without_values:,} tensors have no values of their own (meta device, or a wrapper of another)."
            )
            self.without_values = 0


def _parts(value: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Yield the parts of a value that may hold tensors, with their steps."""
    if isinstance(value, dict):
        yield from ((item, (step_name(key),)) for key, item in value.items() if type(item) in _BRANCHES)
        yield from ((key, ()) for key in value if type(key) in _BRANCHES)
        if isinstance(value, OrderedMap) and value.state is not None:
            yield value.state, ("attributes",)
    elif isinstance(value, list | tuple):
        yield from ((item, (str(number),)) for number, item in enumerate(value) if type(item) in _BRANCHES)
    elif isinstance(value, Composite):
        yield value.value, ()
    elif isinstance(value, Call):
        yield from ((part, ()) for part in (value.args, value.kwargs, *_state(value.state)) if part is not None)
        yield from ((item, (str(number),)) for number, item in enumerate(value.items) if type(item) in _BRANCHES)
        yield from ((item, (step_name(key),)) for key, item in value.pairs if type(item) in _BRANCHES)


def _state(state: Any) -> tuple[Any, ...]:
    """Return the parts of what BUILD sets: attributes, or a pair of attributes and slots (PEP 307)."""
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):  # noqa: PLR2004
        return tuple(part for part in state if part is not None)
    return () if state is None else (state,)


def step_name(key: Any) -> str:
    """Return how a key of a dict is written in a path."""
    if isinstance(key, str):
        return key
    return str(key) if isinstance(key, int | float | bool | None) else f"({type(key).__name__})"


def _derived(name: str, args: tuple[Any, ...]) -> list[tuple[Any, tuple[str, ...]]]:
    """Return the parts of a tensor that is made of other tensors."""
    if name in ("_rebuild_parameter", "_rebuild_parameter_with_state"):
        return [(part, ()) for part in (args[0], args[3] if len(args) > 3 else None) if part is not None]  # noqa: PLR2004
    if name == "_rebuild_from_type_v2":
        return [(Call(args[0], args[2]), ()), *((part, ()) for part in _state(args[3]))]
    if name == "_rebuild_sparse_tensor":
        return _sparse(args[1])
    if name == "_rebuild_nested_tensor":
        return [(part, (step,)) for part, step in zip(args, NESTED, strict=True)]
    if name == "_rebuild_device_tensor_from_cpu_tensor" and _dtype_of(args[0]) != _named_dtype(args[1]):
        raise _Odd  # torch would convert the values
    return [(part, ()) for part in args[:1] if isinstance(part, Call)]


def _dtype_of(call: Any) -> str:
    """Return the type of a plain tensor, or nothing."""
    name = str(call.func).rsplit(".", 1)[-1] if isinstance(call, Call) else ""
    if name == "_rebuild_tensor_v3":
        return _named_dtype(call.args[_V3_DTYPE])
    return str(call.args[0].dtype) if name in _PLAIN else ""


def _sparse(data: Any) -> list[tuple[Any, tuple[str, ...]]]:
    """Return index and value tensors; COO has indices, values, size (and coalesced), the others three tensors."""
    if not isinstance(data, tuple) or len(data) not in (3, 4):
        raise _Odd
    coo = not isinstance(data[2], Call) or str(data[2].func) == "torch.Size"
    return [(part, (step,)) for part, step in zip(data, _PARTS[3 if coo else 4], strict=False)]


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise _Odd
    return value


def _counts(value: Any) -> tuple[int, ...]:
    if isinstance(value, Call) and str(value.func) == "torch.Size":
        value = value.args[0]
    if type(value) is not tuple or len(value) > MAX_DIMENSIONS:
        raise _Odd
    return tuple(_count(part) for part in value)


def _named_dtype(value: Any) -> str:
    if not isinstance(value, Global) or value.module != "torch":
        raise _Odd
    return OF_TORCH.get(value.name, PACKED)


def _view_offset(storage: StorageRef) -> int:
    """Return where a view of the oldest torch files begins in its storage, in elements."""
    view = storage.id[5] if len(storage.id) > 5 else None  # noqa: PLR2004
    return _count(view[1]) if view is not None else 0


def _most_elements(ref: TensorRef, limits: Limits) -> int:
    """Return the cap on elements; torch reserves memory for a quantised tensor before it looks at the storage."""
    return min(limits.elements, 8 * length_of(ref.storage)) if ref.quantised else limits.elements


def _beyond(ref: TensorRef) -> bool:
    return ref.dtype != PACKED and span_of(ref)[1] > length_of(ref.storage)
