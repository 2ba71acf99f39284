"""The values of a pickle as symbols: what loading it would build, without building it.

Plain data (None, bool, int, float, str, bytes, list, tuple, dict) stands for itself; everything else is one of the
classes here. A list may contain itself and two places may share one object, as in the pickle: whoever walks a tree
keeps track of what it has seen.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Global(NamedTuple):
    """A class or function by its name, never looked up; names of Python 2 are translated."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Call:
    """What loading would call: ``func(*args, **kwargs)``, then BUILD with ``state``, APPEND and SETITEM.

    ``new`` tells NEWOBJ, which makes the object by ``__new__`` and runs no constructor.
    """

    __slots__ = ("args", "func", "items", "kwargs", "new", "offset", "pairs", "state")

    def __init__(self, func: Any, args: Any, kwargs: Any = None, offset: int = 0, *, new: bool = False) -> None:
        self.func = func
        self.args = args
        self.kwargs = kwargs
        self.offset = offset
        self.new = new
        self.state: Any = None
        self.items: list[Any] = []
        self.pairs: list[tuple[Any, Any]] = []


class OrderedMap(dict[Any, Any]):
    """``collections.OrderedDict``; ``state`` holds its attributes, such as ``_metadata``."""

    state: Any = None


class StorageRef:
    """A persistent id: the bytes of tensors, by the key under which the file keeps them."""

    __slots__ = ("dtype", "id", "key", "location", "numel")

    def __init__(self, id_: Any, dtype: str = "", key: str = "", location: str = "", numel: int = 0) -> None:
        self.id = id_
        self.dtype = dtype
        self.key = key
        self.location = location
        self.numel = numel


class Composite:
    """A tuple, a large integer or another symbol as the key of a dict; compared by identity."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value
