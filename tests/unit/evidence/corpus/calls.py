"""The words of the gadget tables: families, reasons, and short ways to write a call."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

from tests.unit.evidence.corpus.opcodes import Call, Glob, stream

if TYPE_CHECKING:
    from tests.unit.evidence.corpus.shape import Mark

INTERACTIVE = "waits for a person at a debugger prompt"
ELSEWHERE = "the module is not part of this Python or not installed here"
NETWORK = "would call out; the tests stay offline"
OLDER = "torch 2.13 no longer has it or checks it; older releases run it"
SECOND_FILE = "needs a second file beside it"


def call(module: str, name: str, *args: Any) -> Call:
    """Return the call of one named function."""
    return Call(Glob(module, name), args)


def bound(module: str, cls: str, method: str, *args: Any) -> Call:
    """Return the call of a method on a fresh object, by its dotted name."""
    return call(module, f"{cls}.{method}", call(module, cls), *args)


def nested(mark: Mark) -> bytes:
    """Return a pickle that another function will load."""
    return stream(call("posix", "system", mark.sh), 4)


def code_of(mark: Mark) -> bytes:
    """Return marshalled code."""
    return marshal.dumps(compile(mark.py, "<corpus>", "exec"))


OS = "os and posix"
SUB = "subprocess"
BUILTIN = "builtins"
IMPORT = "importlib and name resolvers"
RUN = "runpy, timeit and profilers"
CONSOLE = "debuggers, consoles and IDE parts"
CHAIN = "operator, functools and getattr chains"
NATIVE = "ctypes and native loaders"
PACKAGE = "pip, venv and installers"
NET = "network"
FILES = "file writers"
CODE = "marshal, code objects and nested pickles"
TORCH = "torch functions"
NUMPY = "numpy functions"
HOOK = "hooks and threads"
STDLIB = "standard library commands"


def number_timer() -> Glob:
    """Return the clock that timeit asks for."""
    return Glob("time", "perf_counter")


def nested_dict(mark: Mark) -> bytes:
    """Return a nested pickle whose value is a dictionary."""
    return stream({"x": call("posix", "system", mark.sh)}, 4)


def scope() -> Call:
    """Return something with the attribute `scope` that GuardBuilder.get reads."""
    return call("argparse", "Namespace")
