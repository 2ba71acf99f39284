"""Walk one pickle stream opcode by opcode and build its symbolic value; nothing is looked up, called or imported.

The stack machine follows CPython's unpickler (``Modules/_pickle.c``) in what it accepts. Where readers differ, or the
stream does what no pickler does, the walk ends with ``Broken`` and the caller treats the stream as hostile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.evidence.inspection.allowed import translate
from exeat.evidence.inspection.states import attributes_of_map, frozen
from exeat.evidence.inspection.symbols import Call, Composite, Global, OrderedMap

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.evidence.inspection.limits import Limits
    from exeat.evidence.inspection.symbols import StorageRef

SAFE_HASH = 2**60
"""Integers below hash to themselves; larger ones, and tuples, can be made to collide by the thousand."""
MAX_NOTED = 100
NO_FRAME = 2**63
MAX_NAMES = 5_000
"""Names of one pickle; the richest checkpoints have dozens."""
CALL = 8
"""What judging one call costs, in opcodes."""


class Broken(Exception):
    """The stream cannot be walked further; ``cut`` says that it only ends too early."""

    def __init__(self, why: str, *, cut: bool = False, bomb: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.cut = cut
        self.bomb = bomb


class Oddity(NamedTuple):
    """Something that no pickler of plain data writes: a code, a sentence, the offset."""

    code: str
    sentence: str
    offset: int


class Budget:
    """What is left of the caps of one file, shared by all its pickles."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.opcodes = limits.opcodes

    def spend(self, opcodes: int) -> None:
        """Take from what is left; raise Broken when nothing is."""
        self.opcodes -= opcodes
        if self.opcodes < 0:
            raise Broken(f"it costs more than {self.limits.opcodes:,} opcodes", bomb=True)


class Walk:
    """One walk: ``value`` when it reached STOP, and every global, call and oddity on the way, broken or not."""

    def __init__(self, data: bytes, start: int, budget: Budget) -> None:
        self.data = data
        self.pos = start
        self.end = len(data)
        self.budget = budget
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.protocol = 0
        self.frame = NO_FRAME
        self.value: Any = None
        self.globals: dict[Global, int] = {}
        self.calls: list[Call] = []
        self.constants: list[str | bytes] = []
        self.told: set[int] = set()
        """Constants, by identity, that were used as names or turned into bytes."""
        self.storages: list[StorageRef] = []
        self.oddities: list[Oddity] = []
        self.broken: Broken | None = None
        self.done = False

    def run(self) -> Walk:
        """Walk to STOP or to the first thing that cannot be; the reason is kept in ``broken``."""
        from exeat.evidence.inspection.opcodes import TABLE  # noqa: PLC0415 the table's functions name this class

        try:
            self._run(TABLE)
        except Broken as exc:
            self.broken = exc
        except IndexError:
            self.broken = Broken("it ends in the middle", cut=True)
        except (ValueError, TypeError, KeyError, OverflowError, MemoryError) as exc:
            self.broken = Broken(f"no unpickler accepts it ({type(exc).__name__} at byte {self.pos:,})")
        return self

    def _run(self, table: tuple[Callable[[Walk], None], ...]) -> None:
        data, budget, used = self.data, self.budget, 0
        try:
            for used in range(budget.opcodes):  # noqa: B007 read when the walk ends, however it ends
                opcode = data[self.pos]
                self.pos += 1
                table[opcode](self)
                if self.pos >= self.frame:
                    self._leave_frame()
                if self.done:
                    return
        finally:
            budget.opcodes -= used + 1
        raise Broken(f"it has more than {budget.limits.opcodes:,} opcodes", bomb=True)

    def enter_frame(self, length: int) -> None:
        """Begin a frame; one begins where the last one has ended (PEP 3154)."""
        if length > self.end - self.pos:
            raise Broken("a frame is longer than the stream", cut=True)
        if self.frame != NO_FRAME:
            raise Broken("a frame begins inside another")
        self.frame = self.pos + length

    def _leave_frame(self) -> None:
        """End the frame; CPython in C drops the part of a line that lies before such an end, so none may."""
        if self.pos > self.frame:
            raise Broken("an opcode reaches over the end of a frame, where readers differ")
        self.frame = NO_FRAME

    def take(self, count: int) -> bytes:
        """Return the next bytes; raise Broken when there are fewer."""
        start, self.pos = self.pos, self.pos + count
        if self.pos > self.end:
            raise Broken("it ends in the middle", cut=True)
        return self.data[start : self.pos]

    def number(self, count: int) -> int:
        """Return the next bytes as an unsigned little-endian integer."""
        return int.from_bytes(self.take(count), "little")

    def line(self) -> bytes:
        """Return the bytes up to the next newline, without it."""
        stop = self.data.find(b"\n", self.pos)
        if stop < 0:
            raise Broken("it ends in the middle", cut=True)
        start, self.pos = self.pos, stop + 1
        return self.data[start:stop]

    def last_line(self) -> bytes:
        """Return the next line; unpicklers in Python take the last byte of the stream for its end, whatever it is."""
        if self.data.find(b"\n", self.pos) >= 0:
            return self.line()
        start, self.pos = self.pos, self.end
        return self.data[start:-1]

    def pop(self) -> Any:
        """Return the top of the stack."""
        if not self.stack:
            raise Broken("it takes from an empty stack")
        return self.stack.pop()

    def top(self) -> Any:
        """Return the top of the stack and leave it there."""
        if not self.stack:
            raise Broken("it takes from an empty stack")
        return self.stack[-1]

    def mark(self) -> None:
        """Open a mark."""
        if len(self.marks) >= self.budget.limits.depth:
            raise Broken(f"it nests more than {self.budget.limits.depth:,} marks", bomb=True)
        self.marks.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        """Return what was pushed since the last mark and close it."""
        if not self.marks:
            raise Broken("it closes a mark that was never opened")
        items, self.stack = self.stack, self.marks.pop()
        return items

    def odd(self, code: str, sentence: str) -> None:
        """Note something that no pickler of plain data writes."""
        if len(self.oddities) < MAX_NOTED:
            self.oddities.append(Oddity(code, sentence, self.pos))

    def name(self, module: Any, name: Any) -> Global:
        """Return the global of two plain strings and remember it."""
        if type(module) is not str or type(name) is not str:
            self.odd("computed-name", "it computes the name of what it imports, so nobody can read the name beforehand")
            return Global("?", "?")
        self.told |= {id(module), id(name)}
        found = Global(*translate(module, name))
        self.globals.setdefault(found, self.pos)
        if len(self.globals) > MAX_NAMES:
            raise Broken(f"it names more than {MAX_NAMES:,} classes and functions", bomb=True)
        return found

    def call(self, func: Any, args: Any, kwargs: Any = None, *, new: bool = False) -> Any:
        """Return the symbol of a call; ``new`` for NEWOBJ, which runs no constructor: an ordered dict stays empty."""
        if not isinstance(func, Global):
            self.odd("computed-call", f"it calls {described(func)} instead of a named class or function")
        if type(args) is not tuple:
            self.odd("odd-arguments", f"it calls {described(func)} with arguments that are no tuple")
            args = (args,)
        if not new and isinstance(func, Global) and str(func) == "collections.OrderedDict" and _is_pairs(args):
            return _ordered(args)
        self.budget.spend(CALL)
        if isinstance(func, Global) and func.name.startswith("_rebuild_"):
            args = tuple(map(frozen, args))
        made = Call(func, args, kwargs, self.pos, new=new)
        self.calls.append(made)
        return self._plain(made)

    def _plain(self, made: Call) -> Any:
        """Return the bytes that ``_codecs.encode(text, "latin1")`` makes, as protocol 2 writes bytes, else the call."""
        args = made.args
        if str(made.func) != "_codecs.encode" or len(args) != 2 or args[1] not in _LATIN or type(args[0]) is not str:  # noqa: PLR2004
            return made
        try:
            data: bytes = args[0].encode("latin-1")
        except UnicodeEncodeError as exc:
            raise Broken("a text is not the bytes that it stands for") from exc
        self.told |= set(map(id, args))
        self.constants.append(data)
        return data

    def put(self, target: Any, pairs: list[Any]) -> None:
        """Set keys and values (alternating) on a dict or a call that makes one."""
        if len(pairs) % 2:
            raise Broken("a key has no value")
        if isinstance(target, dict):
            for i in range(0, len(pairs), 2):
                target[_key(pairs[i])] = pairs[i + 1]
        elif isinstance(target, Call):
            target.pairs.extend(zip(pairs[::2], pairs[1::2], strict=True))
            self._changed(target, ("collections.Counter", "collections.OrderedDict"))
        else:
            self.odd("odd-change", f"it sets items of {described(target)}")

    def extend(self, target: Any, items: list[Any]) -> None:
        """Append items to a list or to a call."""
        if type(target) is list:
            target.extend(items)
        elif isinstance(target, Call):
            target.items.extend(items)
            self._changed(target, ("builtins.set",))
        else:
            self.odd("odd-change", f"it appends to {described(target)}")

    def _changed(self, target: Call, fitting: tuple[str, ...]) -> None:
        if str(target.func) not in fitting:
            self.odd("odd-change", f"it calls append or item methods of {described(target)}")

    def build(self, target: Any, state: Any) -> None:
        """Set the state of an object: this is where ``__setstate__`` would run; once, and never to nothing."""
        if not isinstance(target, OrderedMap | Call):
            self.odd("odd-state", f"it sets attributes of {described(target)}")
            return
        if target.state is not None or state is None:
            self.odd("odd-state", f"it sets the state of {described(target)} twice, or to nothing")
        target.state = frozen(state)
        if isinstance(target, OrderedMap) and not attributes_of_map(state):
            self.odd("odd-state", "it gives a dict attributes that stand for its own methods")


def described(value: Any) -> str:
    """Return what a value is, for a sentence."""
    if isinstance(value, Global):
        return str(value)[:200]
    return f"the result of {str(value.func)[:200]}" if isinstance(value, Call) else f"a {type(value).__name__}"


def _is_pairs(args: tuple[Any, ...]) -> bool:
    if not args:
        return True
    items = args[0] if len(args) == 1 else None
    return isinstance(items, list) and all(isinstance(i, list | tuple) and len(i) == 2 for i in items)  # noqa: PLR2004


def _ordered(args: tuple[Any, ...]) -> OrderedMap:
    made = OrderedMap()
    for key, value in args[0] if args else ():
        made[_key(key)] = value
    return made


_LATIN = ("latin1", "latin-1")


def _key(value: Any) -> Any:
    """Return a key that cannot be made to collide, or raise Broken where no dict accepts the value."""
    kind = type(value)
    if kind is int:
        return value if -SAFE_HASH < value < SAFE_HASH else Composite(value)
    if kind in (list, dict, OrderedMap):
        raise Broken("it uses a list or dict as a key")
    return Composite(value) if isinstance(value, tuple) and not isinstance(value, Global) else value
