"""A text that changes when somebody's own code changes: source, defaults, what it closes over and calls by name."""

from __future__ import annotations

import functools
import hashlib
import inspect
from types import FunctionType, MethodType
from typing import Any

import torch

DEPTH = 4
"""How far calls are followed. Modules that are not the project's own are never followed."""
_PLAIN = (int, float, str, bool, bytes, tuple, frozenset, type(None))


PROBE = 64
"""Records that a model is asked about to tell it from another one of the same weights."""


def behaviour(model: torch.nn.Module, x: torch.Tensor) -> str:
    """Return a digest of what a model's weights and ``repr`` do not tell: the code of its classes, its first answers.

    Answers are rounded, so that another order of additions is no other model.
    """
    from exeat.audit.signals import still  # noqa: PLC0415 signals reads shadow models

    digest = hashlib.sha256("".join(text_of(kind) for kind in _own_kinds(model)).encode())
    try:
        with torch.no_grad(), still(model):
            answers = model(x[:PROBE])
        digest.update((answers.detach().cpu().double().round(decimals=4) + 0.0).numpy().tobytes())
    except Exception as exc:  # noqa: BLE001 what cannot answer is refused or trained by its own code elsewhere
        digest.update(type(exc).__name__.encode())
    return digest.hexdigest()


def _own_kinds(module: torch.nn.Module) -> list[type]:
    """Return the classes of a model that torch does not bring, by name."""
    kinds = {type(part) for part in module.modules() if not type(part).__module__.startswith("torch.nn")}
    return sorted(kinds, key=lambda kind: (kind.__module__, kind.__qualname__))


def text_of(thing: Any, depth: int = DEPTH) -> str:
    """Return the text for a function, a class, a callable object or a value that a function closes over.

    Where an object has nothing but its address to tell it by, the text differs from run to run: what was kept under
    the old text is then not found, which is slow and never wrong.
    """
    if isinstance(thing, torch.Tensor):
        return f"{thing.dtype}{tuple(thing.shape)}{thing.detach().cpu().flatten().tolist()}"
    if isinstance(thing, _PLAIN):
        return repr(thing)
    if isinstance(thing, functools.partial):
        return f"partial({text_of(thing.func, depth)},{_all(thing.args, depth)},{_all(thing.keywords.items(), depth)})"
    if isinstance(thing, MethodType):
        return f"{text_of(thing.__func__, depth)}{text_of(thing.__self__, depth)}"
    return _function(thing, depth) if isinstance(thing, FunctionType) else _object(thing, depth)


def _object(thing: Any, depth: int) -> str:
    if isinstance(thing, type):
        return _source(thing)
    if hasattr(thing, "__dict__") and depth:
        return f"{_source(type(thing))}{_all(vars(thing).items(), depth - 1)}"
    return f"{_source(type(thing))}{thing!r}"


def _all(values: Any, depth: int) -> str:
    return ",".join(text_of(value, depth) for value in values)


def _function(function: FunctionType, depth: int) -> str:
    code = function.__code__
    parts = [_source(function), code.co_code.hex(), repr([c for c in code.co_consts if isinstance(c, _PLAIN)])]
    if depth == 0:
        return "".join(parts)
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    used = [function.__globals__[name] for name in code.co_names if name in function.__globals__]
    own = [value for value in used if isinstance(value, (*_PLAIN, FunctionType)) and _is_own(value, function)]
    values = (*held, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), *own)
    return "".join([*parts, _all(values, depth - 1)])


def _is_own(value: Any, by: FunctionType) -> bool:
    """Return whether a value is plain, or a function of the same top package."""
    if not isinstance(value, FunctionType):
        return True
    return value.__module__.split(".")[0] == by.__module__.split(".")[0]


def _source(thing: Any) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"
