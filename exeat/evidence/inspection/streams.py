"""Judge the pickles of a file: each name against the allow-list, each call, and the pickles hidden in their strings."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Literal

from exeat.evidence.inspection.allowed import ALLOWED, is_dangerous, is_harmless
from exeat.evidence.inspection.arguments import objection
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.loose_texts import Pushed
from exeat.evidence.inspection.opened import Opened, Problem, Text, Tree
from exeat.evidence.inspection.pickle_walk import Budget, Walk
from exeat.evidence.inspection.states import may_have_state
from exeat.evidence.inspection.symbols import Global
from exeat.evidence.inspection.trial import Held, Tried, try_pickle

if TYPE_CHECKING:
    from exeat.evidence.inspection.limits import Limits
    from exeat.evidence.inspection.trial import Source

MAX_PROBLEMS = 60
MAX_PICKLES = 10_000
TRIAL = 20
"""What looking at one string costs, in opcodes."""
SNIFFED = 2**16
PRINTED = 160
STARTS = b"\x80(]})cNKMJIVSXUTGFLBCP\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96"
"""Every opcode that needs nothing on the stack."""
_BASE64 = re.compile(r"gA[E-X][A-Za-z0-9+/=\s]{9,}")
"""How the head of a pickle of protocol 1 to 5 looks in base64."""
_TRIAL = DEFAULT._replace(opcodes=2**12)
TRIALS = 4
"""How many times the opcodes of a file may be spent on members that only look like pickles."""
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
        self.trials = Budget(limits._replace(opcodes=TRIALS * limits.opcodes))
        self._said: set[tuple[str, str]] = set()
        self._kinds: set[str] = set()
        self._text_left = limits.text_bytes

    def problem(self, code: str, sentence: str, what: str, place: str = "", *, unsafe: bool = True) -> None:
        """Keep one problem; the same one at many places is kept once."""
        kind: Literal["unsafe", "unreadable"] = "unsafe" if unsafe else "unreadable"
        full = len(self._said) >= MAX_PROBLEMS and (kind in self._kinds)
        if (code, sentence) not in self._said and not full:
            self._said.add((code, sentence))
            self._kinds.add(kind)
            self.opened.problems.append(Problem(code, kind, sentence, what, place))

    def keep_text(self, place: str, data: bytes) -> None:
        """Keep bytes that are text, for whoever looks for leakage, as far as the cap on text allows."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return
        if text and "\x00" not in text and len(data) <= self._text_left:
            self._text_left -= len(data)
            self.opened.texts.append(Text(place, text))

    def pickle(
        self, data: bytes, place: str, start: int = 0, *, allowed: frozenset[str] = ALLOWED, depth: int = 0
    ) -> Walk:
        """Walk one pickle and judge it; a walk that reached its end gives a tree."""
        walk = Walk(data, start, self.budget).run()
        self.opened.pushed.append(Pushed(place, walk.constants, walk.told, walk.storages))
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
        end, left = start, MAX_PICKLES
        while end < len(data):
            if not left:
                sentence = f"More than {MAX_PICKLES:,} pickles follow one another in {place}."
                self.problem("pickle-bomb", sentence, SAVE_AGAIN, place)
                break
            left -= 1
            walk = self.pickle(data, place if end == start else f"{place} byte {end:,}", end)
            if not walk.done:
                break
            end = walk.pos
        return end

    def suspect(self, source: bytes | Source, place: str) -> bool:
        """Judge bytes that need not be a pickle; return whether any reader takes them for one.

        Numbers that happen to read as endless constants are none: no name is in reach. What runs in some reader and
        breaks our own, stricter walk before that is hidden on purpose.
        """
        whole = Held(source) if isinstance(source, bytes) else source
        found = self.tried(whole, place)
        if found.at is None and not (found.done and whole.read(0, 1) == b"\x80"):
            return False
        end = self.pickles(whole.read(0, self.limits.pickle_bytes), place)
        if found.at is not None and end < found.at:
            sentence = f"Loaders that take {place} for a pickle use what it imports, at byte {found.at:,} or later."
            self.problem("hidden-pickle", sentence, f"Treat the file as hostile. {SAVE_AGAIN}", place)
        return True

    def tried(self, source: Source, place: str) -> Tried:
        """Try bytes as the loosest reader would, with the opcodes of one file at most."""
        found = try_pickle(source, 0, max(0, min(self.limits.opcodes, self.trials.opcodes)))
        self.trials.opcodes -= found.cost
        if self.trials.opcodes <= 0:
            self.problem(
                "pickle-bomb", "Too much of the file reads like pickles to judge all of it.", SAVE_AGAIN, place
            )
        return found

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
            data = _as_pickle(constant) if self.budget.opcodes > 0 else None
            if data is None:
                continue
            if depth >= self.limits.nested_pickles:
                sentence = f"Pickles lie inside the strings of pickles more than {depth} deep in {place}."
                self.problem("nested-pickle", sentence, SAVE_AGAIN, place)
                return
            self._inner(data, f"{place} > pickle in a string", depth + 1)

    def _inner(self, data: bytes, place: str, depth: int) -> None:
        """Judge a string that may be a pickle; walking it costs from the same budget, and a little for the start."""
        trial = try_pickle(Held(data), 0, max(0, self.budget.opcodes))
        self.budget.opcodes -= TRIAL + trial.cost
        if self.budget.opcodes <= 0:
            self.problem("pickle-bomb", f"Judging the strings in {place} takes too long.", SAVE_AGAIN, place)
        if trial.at is None:
            return
        walk = self.pickle(data, place, depth=depth)
        foreign = [name for name in walk.globals if str(name) not in ALLOWED]
        if foreign or not walk.done:
            needs = _printable(str(foreign[0])) if foreign else "what cannot be read"
            self.problem("nested-pickle", f"A string holds a pickle of its own that needs {needs}.", SAVE_AGAIN, place)


def may_be_pickle(data: bytes | memoryview) -> bool:
    """Return whether bytes begin as a pickle does: a short walk comes to its end, to a name, or is not stopped."""
    head = bytes(data[:SNIFFED])
    if len(head) < 2 or head[0] not in STARTS:  # noqa: PLR2004
        return False
    walk = Walk(head, 0, Budget(_TRIAL)).run()
    return walk.done or bool(walk.globals) or (walk.broken is not None and (walk.broken.cut or walk.broken.bomb))


def _as_pickle(constant: str | bytes) -> bytes | None:
    """Return the bytes of a string that begins as a pickle does, in base64 or as latin-1 text too."""
    if len(constant) < 4:  # noqa: PLR2004
        return None
    if isinstance(constant, bytes):
        return constant if _begins(constant) else None
    if _BASE64.match(constant):
        return _unbased(constant)
    if ord(constant[0]) > 0xFF or (constant[0] != "\x80" and "\n" not in constant):  # noqa: PLR2004
        return None
    data = constant.encode("latin-1", "replace")
    return data if _begins(data) else None


def _begins(data: bytes) -> bool:
    return data[0] in STARTS and (data[0] == 0x80 or b"\n" in data or b"\x93" in data)  # noqa: PLR2004


def _unbased(text: str) -> bytes | None:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return None


def _printable(text: str) -> str:
    shown = text if text.isprintable() else ascii(text)
    return shown if len(shown) <= PRINTED else shown[:PRINTED] + "…"
