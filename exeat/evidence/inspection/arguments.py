"""What allowed functions may be called with: some reserve memory, decompress or unpickle when an argument says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.evidence.inspection.allowed import ALLOWED, DTENSOR
from exeat.evidence.inspection.states import attributes_of_tensor, no_hooks
from exeat.evidence.inspection.symbols import Call, Global

if TYPE_CHECKING:
    from collections.abc import Callable

_ALLOCATES = re.compile(r"torch\.(cuda\.)?(sparse\.)?(storage\.)?\w*(Storage|Tensor)")
_REBUILDS = re.compile(r"torch\._(utils|tensor)\._rebuild_\w+")
_PLAIN_NUMPY = re.compile(
    r"[<>|=]?(?:(?P<number>[biufc](?:1|2|4|8|16|32)|\?)|(?P<text>[SUV])(?P<length>\d{1,6})|(?P<date>[Mm]8)(?:\[\w{1,4}\])?)"
)
_ORDERS = ("<", ">", "=", "|")
_UNITS = (*(b"Y", b"M", b"W", b"D", b"h", b"m", b"s", b"ms", b"us", b"ns", b"ps", b"fs", b"as"), b"generic")
_REPLACES = "gives a tensor attributes that replace its values or what torch knows of it"
_KINDS_OF_TENSOR = ("torch.Tensor", "torch.nn.parameter.Parameter", "torch.distributed.tensor.DTensor")
_HOOKS = {
    "_rebuild_tensor_v2": 5,
    "_rebuild_tensor_v3": 5,
    "_rebuild_qtensor": 6,
    "_rebuild_parameter": 2,
    "_rebuild_parameter_with_state": 2,
}
"""Where the hooks stand among the arguments."""
_TUPLES = tuple(f"torch.distributed.tensor._dtensor_spec.{name}" for name in ("ShardOrderEntry", "TensorMeta"))


class _Size(NamedTuple):
    """Bytes of one element of a text type, and the flags that numpy writes."""

    item: int
    flags: int


_SIZES = {"S": _Size(1, 0), "U": _Size(4, 8), "V": _Size(1, 0)}
_LATIN = ("latin1", "latin-1")
_CODECS = ("latin1", "latin-1", "utf-8", "utf8", "ascii")


def objection(call: Call) -> str:
    """Return why a call of an allowed function is refused, as the end of a sentence, or nothing."""
    name = str(call.func)
    if call.new and name in ALLOWED and name not in DTENSOR:
        return "makes it without its constructor, so that it does not hold what it seems to"
    if _ALLOCATES.fullmatch(name):
        return _no_size(call)
    check = _CHECKS.get(name)
    return check(call) if check else ""


def _no_size(call: Call) -> str:
    return "reserves memory, or makes a tensor past the functions that torch writes" if call.args or call.kwargs else ""


def _positional(call: Call) -> tuple[Any, ...]:
    return call.args if isinstance(call.args, tuple) else (call.args,)


def _bytearray(call: Call) -> str:
    kinds = tuple(type(arg) for arg in call.args)
    plain = kinds in ((), (bytes,)) or (kinds == (str, str) and call.args[1] in _LATIN)
    return "" if plain and not call.kwargs else "is not given the bytes that it holds"


def _encode(call: Call) -> str:
    args = _positional(call)
    codec = args[1] if len(args) > 1 else "utf-8"
    return "" if isinstance(codec, str) and codec in _CODECS else "uses a codec that is not one of plain text"


def _rebuild_from_type(call: Call) -> str:
    args = _positional(call)
    if len(args) != 4 or type(args[2]) is not tuple or not isinstance(args[1], Global):  # noqa: PLR2004
        return "is not given what torch gives it"
    if not isinstance(args[0], Global) or not _REBUILDS.fullmatch(str(args[0])):
        return "calls something that is not a rebuild function"
    if str(args[1]) in ALLOWED and str(args[1]) not in _KINDS_OF_TENSOR:
        return "makes a tensor into something that is none"
    return objection(Call(args[0], args[2])) or ("" if attributes_of_tensor(args[3]) else _REPLACES)


def _rebuild(call: Call) -> str:
    at = _HOOKS.get(str(call.func).rsplit(".", 1)[1])
    hooks = call.args[at] if at is not None and len(call.args) > at else None
    return "" if no_hooks(hooks) and not call.kwargs else "is given hooks or names that torch does not write"


def _rebuild_with_state(call: Call) -> str:
    state = call.args[3] if len(call.args) == 4 else ""  # noqa: PLR2004
    return _rebuild(call) or ("" if attributes_of_tensor(state) else _REPLACES)


def _by_new(call: Call) -> str:
    fields = str(call.func) in _TUPLES or not call.args
    return "" if call.new and fields else "runs a constructor, where torch only sets fields"


def _dtype(call: Call) -> str:
    args = _positional(call)
    named = _PLAIN_NUMPY.fullmatch(args[0]) if args and isinstance(args[0], str) else None
    flags = len(args) in (1, 3) and all(type(arg) in (bool, int) for arg in args[1:]) and not call.kwargs
    if named is None or not flags:
        return "is not a plain number or text type, so its values are pickles themselves"
    fits = call.state is None or _is_state(call.state, named)
    return "" if fits else "is given a size, flags or fields that its type does not have"


def _is_state(state: Any, named: re.Match[str]) -> bool:
    """Return whether a state is the one that numpy writes for a type without fields; it is set without a check."""
    if type(state) is not tuple or len(state) not in ((8, 9) if named["date"] else (8,)) or state[1] not in _ORDERS:
        return False
    size = _SIZES.get(named["text"])
    sizes = (-1, -1, 0) if size is None else (size.item * int(named["length"]), size.item, size.flags)
    plain = type(state[0]) is int and state[0] in (3, 4) and state[2:5] == (None, None, None)
    exact = all(type(part) is int for part in state[5:8]) and state[5:8] == sizes
    return plain and exact and (len(state) == 8 or _is_unit(state[8]))  # noqa: PLR2004


def _is_unit(state: Any) -> bool:
    """Return whether the last part of a date's state is a unit, such as ``(None, (b"ns", 1, 1, 1))``."""
    if type(state) is not tuple or len(state) != 2 or state[0] not in (None, {}):  # noqa: PLR2004
        return False
    unit = state[1]
    counts = type(unit) is tuple and len(unit) == 4 and all(type(part) is int for part in unit[1:])  # noqa: PLR2004
    return counts and unit[0] in _UNITS


def _scalar(call: Call) -> str:
    args = _positional(call)
    plain = len(args) == 2 and _is_dtype(args[0]) and isinstance(args[1], bytes | str)  # noqa: PLR2004
    return "" if plain else "is not given a plain type and the bytes of its value"


def _array(call: Call) -> str:
    args = _positional(call)
    empty = len(args) == 3 and str(args[0]) == "numpy.ndarray" and args[1] in ((0,), ()) and args[2] in (b"b", "b")  # noqa: PLR2004
    filled = call.state is None or _is_filled(call.state)
    return "" if empty and filled else "is not given a plain type and the bytes of its values"


def _is_filled(state: Any) -> bool:
    """Return whether a state is version, shape, type, order and bytes of an array."""
    if type(state) is not tuple or len(state) != 5 or type(state[0]) is not int:  # noqa: PLR2004
        return False
    return _is_shape(state[1]) and _is_dtype(state[2]) and type(state[3]) in (bool, int) and isinstance(state[4], bytes)


def _is_shape(value: Any) -> bool:
    return type(value) is tuple and all(type(size) is int and size >= 0 for size in value)


def _from_buffer(call: Call) -> str:
    args = _positional(call)
    plain = len(args) == 4 and _is_dtype(args[1]) and _is_shape(args[2]) and args[3] in ("C", "F")  # noqa: PLR2004
    return "" if plain else "is not given a plain type, a shape and an order"


def _is_dtype(value: Any) -> bool:
    return isinstance(value, Call) and str(value.func) == "numpy.dtype" and not _dtype(value)


def _never(_call: Call) -> str:
    return "reserves as much memory as a number in the file says"


_CHECKS: dict[str, Callable[[Call], str]] = {
    "_codecs.encode": _encode,
    "builtins.bytearray": _bytearray,
    "numpy.dtype": _dtype,
    "numpy.ndarray": _never,
    **{f"torch._utils.{name}": _rebuild for name in _HOOKS},
    "torch._utils._rebuild_parameter_with_state": _rebuild_with_state,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    **dict.fromkeys(DTENSOR, _by_new),
    **{f"numpy.{home}.multiarray.scalar": _scalar for home in ("core", "_core")},
    **{f"numpy.{home}.multiarray._reconstruct": _array for home in ("core", "_core")},
    **{f"numpy.{home}.numeric._frombuffer": _from_buffer for home in ("core", "_core")},
}
