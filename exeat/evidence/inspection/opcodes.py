"""What each pickle opcode does to the stack of a walk (PEP 307, 3154 and 574; ``pickletools`` describes all)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.evidence.inspection import opcode_values as values
from exeat.evidence.inspection.pickle_walk import Broken, Walk
from exeat.evidence.inspection.symbols import Call, Global, StorageRef

if TYPE_CHECKING:
    from collections.abc import Callable

HIGHEST_PROTOCOL = 5
CONTAINER = 3
"""What one container costs beside its opcode: memory that the collector walks through again and again."""


def _proto(walk: Walk) -> None:
    walk.protocol = walk.number(1)
    if walk.protocol > HIGHEST_PROTOCOL:
        raise Broken(f"it says pickle protocol {walk.protocol}")


def _stop(walk: Walk) -> None:
    walk.value = walk.pop()
    walk.done = True


def _frame(walk: Walk) -> None:
    walk.enter_frame(walk.number(8))


def _push(value: Any) -> Callable[[Walk], None]:
    return lambda walk: walk.stack.append(value)


def _fresh(kind: type) -> Callable[[Walk], None]:
    def step(walk: Walk) -> None:
        walk.budget.spend(CONTAINER)
        walk.stack.append(kind())

    return step


def _pop(walk: Walk) -> None:
    if walk.stack:
        walk.stack.pop()
    else:
        walk.since_mark()


def _tuple(walk: Walk) -> None:
    items = walk.since_mark()
    walk.budget.spend(CONTAINER)
    walk.stack.append(tuple(items))


def _tuple_of(count: int) -> Callable[[Walk], None]:
    def step(walk: Walk) -> None:
        items = tuple(walk.stack[-count:])
        if len(items) < count:
            raise Broken("it takes from an empty stack")
        walk.budget.spend(CONTAINER)
        walk.stack[-count:] = [items]

    return step


def _list(walk: Walk) -> None:
    items = walk.since_mark()
    walk.budget.spend(CONTAINER)
    walk.stack.append(items)


def _dict(walk: Walk) -> None:
    items = walk.since_mark()
    walk.budget.spend(CONTAINER)
    made: dict[Any, Any] = {}
    walk.put(made, items)
    walk.stack.append(made)


def _append(walk: Walk) -> None:
    item = walk.pop()
    walk.extend(walk.top(), [item])


def _appends(walk: Walk) -> None:
    items = walk.since_mark()
    walk.extend(walk.top(), items)


def _setitem(walk: Walk) -> None:
    value, key = walk.pop(), walk.pop()
    walk.put(walk.top(), [key, value])


def _setitems(walk: Walk) -> None:
    items = walk.since_mark()
    walk.put(walk.top(), items)


def _set(name: str) -> Callable[[Walk], None]:
    def step(walk: Walk) -> None:
        items = walk.since_mark() if name == "frozenset" else []
        walk.stack.append(Call(Global("builtins", name), (items,), None, walk.pos))

    return step


def _additems(walk: Walk) -> None:
    items = walk.since_mark()
    walk.extend(walk.top(), items)


def _get(width: int) -> Callable[[Walk], None]:
    def step(walk: Walk) -> None:
        _recall(walk, walk.number(width))

    return step


def _get_line(walk: Walk) -> None:
    _recall(walk, values.digits(walk.line(), 10))


def _recall(walk: Walk, index: int) -> None:
    if index not in walk.memo:
        raise Broken(f"it recalls memo {index:,}, which was never kept")
    walk.stack.append(walk.memo[index])


def _put(width: int) -> Callable[[Walk], None]:
    def step(walk: Walk) -> None:
        _keep(walk, walk.number(width))

    return step


def _put_line(walk: Walk) -> None:
    _keep(walk, values.digits(walk.line(), 10))


def _memoize(walk: Walk) -> None:
    _keep(walk, len(walk.memo))


def _keep(walk: Walk, index: int) -> None:
    if not 0 <= index <= walk.budget.limits.opcodes:
        raise Broken(f"it keeps a value under memo {index:,}, for which readers reserve memory", bomb=True)
    walk.memo[index] = walk.top()


def _global(walk: Walk) -> None:
    module, name = str(walk.line(), "utf-8"), str(walk.line(), "utf-8")
    walk.stack.append(walk.name(module, name))


def _stack_global(walk: Walk) -> None:
    name, module = walk.pop(), walk.pop()
    walk.stack.append(walk.name(module, name))


def _extension(width: int) -> Callable[[Walk], None]:
    def step(walk: Walk) -> None:
        code = walk.number(width)
        walk.odd("extension-code", f"it imports by extension code {code}, whose meaning the file does not tell")
        walk.stack.append(Global("copyreg", f"extension {code}"))

    return step


def _reduce(walk: Walk) -> None:
    args, func = walk.pop(), walk.pop()
    walk.stack.append(walk.call(func, args))


def _newobj(walk: Walk) -> None:
    args, func = walk.pop(), walk.pop()
    walk.stack.append(walk.call(func, args, new=True))


def _newobj_ex(walk: Walk) -> None:
    kwargs, args, func = walk.pop(), walk.pop(), walk.pop()
    walk.stack.append(walk.call(func, args, kwargs, new=True))


def _inst(walk: Walk) -> None:
    module, name = str(walk.line(), "ascii"), str(walk.last_line(), "ascii")
    args = walk.since_mark()
    walk.stack.append(walk.call(walk.name(module, name), tuple(args)))


def _obj(walk: Walk) -> None:
    items = walk.since_mark()
    if not items:
        raise Broken("it makes an object of no class")
    walk.stack.append(walk.call(items[0], tuple(items[1:])))


def _build(walk: Walk) -> None:
    state = walk.pop()
    walk.build(walk.top(), state)


def _persistent(walk: Walk) -> None:
    _refer(walk, walk.pop())


def _persistent_line(walk: Walk) -> None:
    _refer(walk, str(walk.line(), "ascii"))


def _refer(walk: Walk, id_: Any) -> None:
    ref = StorageRef(id_)
    walk.storages.append(ref)
    walk.stack.append(ref)


def _dup(walk: Walk) -> None:
    walk.stack.append(walk.top())


def _out_of_band(walk: Walk) -> None:
    raise Broken(f"it asks for buffers from outside at byte {walk.pos:,}")


def _read_only(walk: Walk) -> None:
    walk.top()


def _unknown(walk: Walk) -> None:
    raise Broken(f"byte {walk.pos - 1:,} is no pickle opcode")


def _pop_mark(walk: Walk) -> None:
    walk.since_mark()


_STEPS: dict[bytes, Callable[[Walk], None]] = {
    b"\x80": _proto,
    b".": _stop,
    b"\x95": _frame,
    b"(": Walk.mark,
    b"0": _pop,
    b"1": _pop_mark,
    b"2": _dup,
    b"N": _push(None),
    b"\x88": _push(True),
    b"\x89": _push(False),
    b")": _push(()),
    b"]": _fresh(list),
    b"}": _fresh(dict),
    b"\x8f": _set("set"),
    b"\x91": _set("frozenset"),
    b"\x90": _additems,
    b"V": values.text_line,
    b"S": values.quoted_line,
    b"X": values.text(4),
    b"\x8c": values.text(1),
    b"\x8d": values.text(8),
    b"T": values.latin(4),
    b"U": values.latin(1),
    b"B": values.bytes_(4),
    b"C": values.bytes_(1),
    b"\x8e": values.bytes_(8),
    b"\x96": values.bytes_(8),
    b"K": values.small,
    b"M": values.unsigned(2),
    b"J": values.int4,
    b"I": values.int_line,
    b"L": values.long_line,
    b"\x8a": values.long(1),
    b"\x8b": values.long(4),
    b"G": values.float_,
    b"F": values.float_line,
    b"t": _tuple,
    b"\x85": _tuple_of(1),
    b"\x86": _tuple_of(2),
    b"\x87": _tuple_of(3),
    b"l": _list,
    b"d": _dict,
    b"a": _append,
    b"e": _appends,
    b"s": _setitem,
    b"u": _setitems,
    b"h": _get(1),
    b"j": _get(4),
    b"g": _get_line,
    b"q": _put(1),
    b"r": _put(4),
    b"p": _put_line,
    b"\x94": _memoize,
    b"c": _global,
    b"\x93": _stack_global,
    b"\x82": _extension(1),
    b"\x83": _extension(2),
    b"\x84": _extension(4),
    b"R": _reduce,
    b"\x81": _newobj,
    b"\x92": _newobj_ex,
    b"i": _inst,
    b"o": _obj,
    b"b": _build,
    b"Q": _persistent,
    b"P": _persistent_line,
    b"\x97": _out_of_band,
    b"\x98": _read_only,
}


TABLE: tuple[Callable[[Walk], None], ...] = tuple(_STEPS.get(bytes([code]), _unknown) for code in range(256))
"""One step for each byte."""
