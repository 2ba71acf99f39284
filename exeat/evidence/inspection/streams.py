"""Judge the pickles of a file: each name against the allow-list, each call, and the pickles hidden in their strings."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from exeat.evidence.inspection.allowed import ALLOWED, is_dangerous, is_harmless
from exeat.evidence.inspection.arguments import may_have_state, objection
from exeat.evidence.inspection.opened import Opened, Problem, Tree
from exeat.evidence.inspection.pickle_walk import Budget, Walk
from exeat.evidence.inspection.symbols import Global

if TYPE_CHECKING:
    from exeat.evidence.inspection.limits import Limits

MAX_PROBLEMS = 60
SNIFFED = 2**16
PRINTED = 160
_NAME = re.compile(rb"[ci][A-Za-z_][\w.]{0,100}\n[A-Za-z_][\w.]{0,100}\n")
STARTS = b"\x80(]})cNKMJIVSXUTGFLBCP\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96"
"""Every opcode that needs nothing on the stack."""
_BASE64 = re.compile(r"gA[INRV][A-Za-z0-9+/=\s]{9,}")
SAVE_AGAIN = (
    "Save it again with torch.save(model.state_dict(), …), or keep the weights alone with exeat minimise. "
    "Do not load it outside a sandbox."
)
VOUCH = (
    "exeat minimise keeps the weights without it. Or save model.state_dict() and plain numbers, texts, lists and dicts "
    "instead. A receiver who trusts the class names it in torch.serialization.add_safe_globals."
)


class Judge:
    """Collects what the pickles of one file hold and what speaks against them."""

    def __init__(self, opened: Opened, limits: Limits) -> None:
        self.opened = opened
        self.limits = limits
        self.budget = Budget(limits)
        self._said: set[tuple[str, str]] = set()

    def problem(self, code: str, sentence: str, what: str, place: str = "", *, unsafe: bool = True) -> None:
        """Keep one problem; the same one at many places is kept once."""
        if (code, sentence) not in self._said and len(self._said) < MAX_PROBLEMS:
            self._said.add((code, sentence))
            kind: str = "unsafe" if unsafe else "unreadable"
            self.opened.problems.append(Problem(code, kind, sentence, what, place))  # type: ignore[arg-type]

    def pickle(
        self, data: bytes, place: str, start: int = 0, *, allowed: frozenset[str] = ALLOWED, depth: int = 0
    ) -> Walk:
        """Walk one pickle and judge it; a walk that reached its end gives a tree."""
        walk = Walk(data, start, self.budget).run()
        self._break(walk, place)
        self._names(walk, place, allowed)
        self._calls(walk, place, allowed)
        for oddity in walk.oddities:
            sentence = f"The pickle in {place} does what no plain data needs: {oddity.sentence}."
            self.problem(oddity.code, sentence, SAVE_AGAIN, f"{place} byte {oddity.offset:,}")
        if walk.done and depth == 0:
            self.opened.trees.append(Tree(place, walk.value))
        self._nested(walk, place, depth)
        return walk

    def pickles(self, data: bytes, place: str, start: int = 0) -> int:
        """Walk pickles one after the other; return where the last one ended."""
        end = start
        while end < len(data):
            walk = self.pickle(data, place if end == start else f"{place} byte {end:,}", end)
            if not walk.done:
                break
            end = walk.pos
        return end

    def suspect(self, data: bytes, place: str) -> bool:
        """Judge bytes that need not be a pickle; return whether they are one."""
        if not may_be_pickle(data):
            return False
        trial = Walk(data, 0, self.budget).run()
        if not trial.globals and not (trial.done and data[:1] == b"\x80"):
            return False
        if trial.done or trial.calls or data[:1] == b"\x80":
            self.pickles(data, place)
            return True
        return False

    def _break(self, walk: Walk, place: str) -> None:
        if walk.broken is None:
            return
        why = f"The pickle in {place} cannot be read: {walk.broken.why}."
        if walk.broken.cut:
            self.problem("pickle-cut", why, "The file was cut off; copy it again from its origin.", place, unsafe=False)
        elif walk.broken.bomb:
            self.problem(
                "pickle-bomb", why, "Move long lists and tables out of the checkpoint and save it again.", place
            )
        else:
            self.problem("pickle-damaged", why, f"Readers disagree about such streams. {SAVE_AGAIN}", place)

    def _names(self, walk: Walk, place: str, allowed: frozenset[str]) -> None:
        for name, offset in walk.globals.items():
            self.opened.globals.setdefault(name, place)
            text = str(name)
            if text not in allowed:
                self._foreign(_printable(text), f"{place} byte {offset:,}")

    def _foreign(self, name: str, place: str) -> None:
        if is_dangerous(name):
            sentence = f"Loading the file would run {name}, which can execute commands or code."
            self.problem("dangerous-global", sentence, f"Treat the file as hostile. {SAVE_AGAIN}", place)
        elif is_harmless(name):
            sentence = f"Loading the file needs the class {name}, which torch's safe loader does not allow."
            self.problem("foreign-class", sentence, VOUCH, place)
        else:
            sentence = f"Loading the file would import and use {name}, which is not on the allow-list."
            self.problem("foreign-global", sentence, VOUCH, place)

    def _calls(self, walk: Walk, place: str, allowed: frozenset[str]) -> None:
        for call in walk.calls:
            if not isinstance(call.func, Global) or str(call.func) not in allowed:
                continue
            why = objection(call)
            if why:
                sentence = f"A call of {call.func} in {place} {why}."
                self.problem("refused-arguments", sentence, SAVE_AGAIN, f"{place} byte {call.offset:,}")
            elif call.state is not None and not may_have_state(call):
                sentence = f"The pickle in {place} sets the state of {call.func}, which plain data never does."
                self.problem("odd-state", sentence, SAVE_AGAIN, f"{place} byte {call.offset:,}")

    def _nested(self, walk: Walk, place: str, depth: int) -> None:
        for constant in walk.constants:
            data = _as_pickle(constant)
            if data is None:
                continue
            if depth >= self.limits.nested_pickles:
                sentence = f"Pickles lie inside the strings of pickles more than {depth} deep in {place}."
                self.problem("nested-pickle", sentence, SAVE_AGAIN, place)
                return
            self._inner(data, f"{place} > pickle in a string", depth + 1)

    def _inner(self, data: bytes, place: str, depth: int) -> None:
        trial = Walk(data, 0, self.budget).run()
        if not trial.globals or not (trial.done or trial.calls):
            return
        foreign = [name for name in trial.globals if str(name) not in ALLOWED]
        if foreign:
            sentence = f"A string holds a pickle of its own that needs {_printable(str(foreign[0]))}."
            self.problem("nested-pickle", sentence, SAVE_AGAIN, place)
        self.pickle(data, place, depth=depth)


def may_be_pickle(data: bytes | memoryview) -> bool:
    """Return whether bytes begin as a pickle does: cheaply, with false alarms, without a miss that can name a class."""
    head = bytes(data[:SNIFFED])
    if len(head) < 2 or head[0] not in STARTS:  # noqa: PLR2004
        return False
    return (head[0] == 0x80 and head[1] <= 5) or _NAME.search(head) is not None or b"\x93" in head  # noqa: PLR2004


def _as_pickle(constant: str | bytes) -> bytes | None:
    if len(constant) < 4:  # noqa: PLR2004
        return None
    if isinstance(constant, bytes):
        return constant if may_be_pickle(constant) else None
    if _BASE64.match(constant):
        return _unbased(constant)
    if ord(constant[0]) > 0xFF or ("\n" not in constant and constant[0] != "\x80"):  # noqa: PLR2004
        return None
    data = constant.encode("latin-1", "replace")
    return data if may_be_pickle(data) else None


def _unbased(text: str) -> bytes | None:
    try:
        data = base64.b64decode(text)
    except (binascii.Error, ValueError):
        return None
    return data if may_be_pickle(data) else None


def _printable(text: str) -> str:
    shown = text if text.isprintable() else ascii(text)
    return shown if len(shown) <= PRINTED else shown[:PRINTED] + "…"
