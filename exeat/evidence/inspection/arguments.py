"""What allowed functions may be called with: some reserve memory, decompress or unpickle when an argument says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from exeat.evidence.inspection.allowed import DISTRIBUTED, DTENSOR, NUMPY
from exeat.evidence.inspection.symbols import Call, Global

if TYPE_CHECKING:
    from collections.abc import Callable

_ALLOCATES = re.compile(r"torch\.(cuda\.)?(sparse\.)?(storage\.)?\w*(Storage|Tensor)")
_REBUILDS = re.compile(r"torch\._(utils|tensor)\._rebuild_\w+")
_PLAIN_NUMPY = re.compile(r"[<>|=]?(?:[biufc](?:1|2|4|8|16)|\?|[SUV]\d{1,6}|[Mm]8(?:\[\w{1,4}\])?)")
_CODECS = ("latin1", "latin-1", "utf-8", "utf8", "ascii")


def objection(call: Call) -> str:
    """Return why a call of an allowed function is refused, as the end of a sentence, or nothing."""
    name = str(call.func)
    if _ALLOCATES.fullmatch(name):
        return _no_size(call)
    check = _CHECKS.get(name)
    return check(call) if check else ""


def may_have_state(call: Call) -> bool:
    """Return whether loading sets the state of such an object in a way that is known."""
    name = str(call.func)
    known = name in NUMPY or name in DTENSOR or name in DISTRIBUTED
    return known or _REBUILDS.fullmatch(name) is not None or name == "torch.nn.parameter.Parameter"


def _no_size(call: Call) -> str:
    sized = any(isinstance(arg, int | float | Call) for arg in _positional(call))
    return "reserves as much memory as a number in the file says" if sized or call.kwargs else ""


def _positional(call: Call) -> tuple[Any, ...]:
    return call.args if isinstance(call.args, tuple) else (call.args,)


def _bytearray(call: Call) -> str:
    args = _positional(call)
    plain = not args or isinstance(args[0], bytes | str | list)
    return "" if plain and not call.kwargs else "reserves as much memory as a number in the file says"


def _encode(call: Call) -> str:
    args = _positional(call)
    codec = args[1] if len(args) > 1 else "utf-8"
    return "" if isinstance(codec, str) and codec in _CODECS else "uses a codec that is not one of plain text"


def _rebuild_from_type(call: Call) -> str:
    args = _positional(call)
    named = len(args) > 1 and all(isinstance(arg, Global) for arg in args[:2])
    return "" if named and _REBUILDS.fullmatch(str(args[0])) else "calls something that is not a rebuild function"


def _dtype(call: Call) -> str:
    args = _positional(call)
    named = bool(args) and isinstance(args[0], str) and _PLAIN_NUMPY.fullmatch(args[0]) is not None
    state = call.state
    inner = isinstance(state, tuple) and any(part is not None for part in state[2:5])
    return "" if named and not inner else "is not a plain number or text type, so its values are pickles themselves"


def _scalar(call: Call) -> str:
    args = _positional(call)
    plain = len(args) == 2 and _is_dtype(args[0]) and isinstance(args[1], bytes | str)  # noqa: PLR2004
    return "" if plain else "is not given a plain type and the bytes of its value"


def _array(call: Call) -> str:
    args = _positional(call)
    empty = len(args) == 3 and str(args[0]) == "numpy.ndarray" and args[1] in ((0,), ())  # noqa: PLR2004
    state = call.state
    filled = isinstance(state, tuple) and len(state) == 5 and _is_dtype(state[2]) and isinstance(state[4], bytes)  # noqa: PLR2004
    return "" if empty and (state is None or filled) else "is not given a plain type and the bytes of its values"


def _from_buffer(call: Call) -> str:
    args = _positional(call)
    return "" if len(args) > 1 and _is_dtype(args[1]) else "is not given a plain type"


def _is_dtype(value: Any) -> bool:
    return isinstance(value, Call) and str(value.func) == "numpy.dtype" and not _dtype(value)


def _never(_call: Call) -> str:
    return "reserves as much memory as a number in the file says"


_CHECKS: dict[str, Callable[[Call], str]] = {
    "_codecs.encode": _encode,
    "builtins.bytearray": _bytearray,
    "numpy.dtype": _dtype,
    "numpy.ndarray": _never,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    **{f"numpy.{home}.multiarray.scalar": _scalar for home in ("core", "_core")},
    **{f"numpy.{home}.multiarray._reconstruct": _array for home in ("core", "_core")},
    **{f"numpy.{home}.numeric._frombuffer": _from_buffer for home in ("core", "_core")},
}
