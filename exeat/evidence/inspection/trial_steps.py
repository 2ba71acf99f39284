"""What each pickle opcode does in a trial, by sorts of values alone: data, text, and what was imported or called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.evidence.inspection.trial import Trial

DATA, TEXT, LIVE = 0, 1, 2
SOMEWHERE = -1
"""The place in the memo for what is kept under a number that readers read differently."""
_INTEGER = re.compile(rb"\s*[+-]?\d[\da-fA-FxXoO_]*[lL]?\s*(?:\x00.*)?", re.DOTALL)
_FLOAT = re.compile(rb"\s*[+-]?(?:[\d.][\d.eE+_-]*|inf(?:inity)?|nan)\s*(?:\x00.*)?", re.DOTALL | re.IGNORECASE)
"""Numbers as Python reads them; unpicklers in C read up to a zero byte only."""
_QUOTED = re.compile(rb"\s*['\"].*", re.DOTALL)
_ASCII = re.compile(rb"[\x00-\x7f]*")


class EndError(Exception):
    """No unpickler goes further."""


class LiveError(Exception):
    """Something that was imported is called, changed or handed out."""


def end(_: Trial) -> None:
    """Stop at what is no opcode."""
    raise EndError


def _proto(trial: Trial) -> None:
    if trial.number(1) > 5:  # noqa: PLR2004 the highest there is
        raise EndError


def _frame(trial: Trial) -> None:
    trial.number(8)
    trial.framed = True


def _stop(trial: Trial) -> None:
    trial.pop()
    if trial.named:
        raise LiveError
    trial.ended = True


def _mark(trial: Trial) -> None:
    trial.marks.append(len(trial.stack))


def _pop(trial: Trial) -> None:
    if trial.is_empty():
        trial.since_mark()
    else:
        trial.stack.pop()


def _pop_mark(trial: Trial) -> None:
    trial.since_mark()


def _refer(trial: Trial) -> None:
    trial.pop()
    trial.stack.append(TEXT)


def _import(trial: Trial) -> None:
    trial.line()
    trial.line()
    trial.named = True
    trial.stack.append(LIVE)


def _stack_import(trial: Trial) -> None:
    if DATA in (trial.pop(), trial.pop()):
        raise EndError
    trial.named = True
    trial.stack.append(LIVE)


def _instance(trial: Trial) -> None:
    trial.line()
    trial.line()
    trial.since_mark()
    raise LiveError


def _object(trial: Trial) -> None:
    items = trial.since_mark()
    if not items:
        raise EndError
    trial.use(items[0])
    trial.stack.append(DATA)


def _extension(width: int) -> Callable[[Trial], None]:
    def step(trial: Trial) -> None:
        trial.number(width)
        trial.stack.append(LIVE)

    return step


def _takes(count: int, *, keeps: bool) -> Callable[[Trial], None]:
    """Return the step that uses the value below ``count`` others, and leaves it, or data in its place."""

    def step(trial: Trial) -> None:
        for _ in range(count):
            trial.pop()
        target = trial.pop()
        trial.use(target)
        trial.stack.append(target if keeps else DATA)

    return step


def _many(trial: Trial) -> None:
    trial.since_mark()
    _takes(0, keeps=True)(trial)


def _tuple_of(count: int) -> Callable[[Trial], None]:
    def step(trial: Trial) -> None:
        for _ in range(count):
            trial.pop()
        trial.stack.append(DATA)

    return step


def _collected(trial: Trial) -> None:
    trial.since_mark()
    trial.stack.append(DATA)


def _put(index: Callable[[Trial], int]) -> Callable[[Trial], None]:
    def step(trial: Trial) -> None:
        at, top = index(trial), trial.pop()
        trial.stack.append(top)
        trial.memo[at] = max(top, trial.memo.get(at, DATA)) if at == SOMEWHERE else top

    return step


def _get(index: Callable[[Trial], int]) -> Callable[[Trial], None]:
    """Return the step that recalls; what lies somewhere may be what was kept last, or anything."""

    def step(trial: Trial) -> None:
        at = index(trial)
        if at == SOMEWHERE or SOMEWHERE in trial.memo:
            trial.stack.append(LIVE if LIVE in trial.memo.values() else TEXT)
        elif at in trial.memo:
            trial.stack.append(trial.memo[at])
        else:
            raise EndError

    return step


def _line_index(trial: Trial) -> int:
    """Return the number of a line; the end of a frame within the line cuts it for some readers only."""
    digits = trial.line().split(b"\x00")[0].strip()
    if trial.framed or trial.long:
        return SOMEWHERE
    if not digits.isdigit() or len(digits) > 20:  # noqa: PLR2004 more than any memory
        raise EndError
    return int(digits)


def _double(trial: Trial) -> None:
    top = trial.pop()
    trial.stack += [top, top]


def _nothing(_: Trial) -> None:
    pass


FIXED = {
    **dict.fromkeys(b"N\x88\x89)]}\x8f", (DATA, 0)),
    ord("K"): (DATA, 1),
    ord("M"): (DATA, 2),
    ord("J"): (DATA, 4),
    ord("G"): (DATA, 8),
}
SIZED = {
    **dict.fromkeys(b"\x8cUC", (TEXT, 1)),
    **dict.fromkeys(b"XTB", (TEXT, 4)),
    **dict.fromkeys(b"\x8d\x8e\x96", (TEXT, 8)),
    0x8A: (DATA, 1),
    0x8B: (DATA, 4),
}
LINES = {
    ord("V"): (TEXT, None),
    ord("P"): (TEXT, _ASCII),
    ord("S"): (TEXT, _QUOTED),
    ord("I"): (DATA, _INTEGER),
    ord("L"): (DATA, _INTEGER),
    ord("F"): (DATA, _FLOAT),
}
_STEPS: tuple[tuple[bytes, Callable[[Trial], None]], ...] = (
    (b"\x80", _proto),
    (b"\x95", _frame),
    (b".", _stop),
    (b"(", _mark),
    (b"0", _pop),
    (b"1", _pop_mark),
    (b"2", _double),
    (b"Q", _refer),
    (b"c", _import),
    (b"\x93", _stack_import),
    (b"i", _instance),
    (b"o", _object),
    (b"\x82", _extension(1)),
    (b"\x83", _extension(2)),
    (b"\x84", _extension(4)),
    (b"R\x81", _takes(1, keeps=False)),
    (b"\x92", _takes(2, keeps=False)),
    (b"ba", _takes(1, keeps=True)),
    (b"s", _takes(2, keeps=True)),
    (b"eu\x90", _many),
    (b"tld\x91", _collected),
    (b"\x85", _tuple_of(1)),
    (b"\x86", _tuple_of(2)),
    (b"\x87", _tuple_of(3)),
    (b"q", _put(lambda trial: trial.number(1))),
    (b"r", _put(lambda trial: trial.number(4))),
    (b"p", _put(_line_index)),
    (b"\x94", _put(lambda trial: len(trial.memo))),
    (b"h", _get(lambda trial: trial.number(1))),
    (b"j", _get(lambda trial: trial.number(4))),
    (b"g", _get(_line_index)),
    (b"\x98", _nothing),
)
STEPS = {opcode: step for opcodes, step in _STEPS for opcode in opcodes}
