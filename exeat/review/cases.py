"""Load a release case, and write to it: check, append, and answer a repeated click with the entry of the first."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from exeat.errors import NotFound, Stale
from exeat.review.history import sentence_of
from exeat.review.lifecycle import Kind, State
from exeat.review.rules import KIND_OF, Scene, check, check_can_read
from exeat.review.state import CASE, fold
from exeat.review.statements import person_registered
from exeat.review.visibility import Reader, names_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from exeat.ledger.statement import Draft, Entry, LedgerStore
    from exeat.model.person import Person
    from exeat.review.dossier import DossierReader
    from exeat.review.rules import Action

    Build = Callable[["Loaded", str], Sequence[Draft]]

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_TRIES = 4
QUIET = frozenset({Kind.REVIEW_STARTED, Kind.CONFLICT_DECLARED, Kind.REVIEW_RECORDED})
"""What others may do meanwhile without making a half-written form stale: nothing of it stands on the form."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person puts in, as the fields of the statement: a repeated click must say the same.

    It is compared with what the vault opens. A digest of it in the key would let anybody guess what is sealed.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    sealed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """One release with its entries, before one person today.

    ``guards`` are the versions of the cases that the evidence was read from, taken before it was read.
    """

    entries: tuple[Entry, ...]
    scene: Scene
    guards: Mapping[str, int]

    @property
    def version(self) -> int:
        """Return the version of the case."""
        return self.scene.state.version


@dataclass(frozen=True, slots=True)
class Cases:
    """The release cases on the ledger."""

    ledger: LedgerStore
    reader: DossierReader
    clock: Callable[[], datetime]

    def load(self, person: Person, release_id: str) -> Loaded:
        """Return the release as it is now; raise NotFound or NotPermitted."""
        entries = tuple(self.ledger.case(CASE + release_id)) if _SLUG.fullmatch(release_id) else ()
        state = fold(entries, self.ledger.opened(entries)) if entries else None
        if state is None or not state.exists:
            raise NotFound("There is no such release.", "Look for it in the queue.")
        today, guards = self.clock().date(), self._guards(state.release_id, state.version, state.checkpoint_id)
        scene = Scene(person, state, self.reader.read(state, today), today)
        check_can_read(scene)
        return Loaded(entries, scene, guards)

    def _guards(self, release_id: str, version: int, checkpoint_id: str) -> dict[str, int]:
        """Return case -> version of what a decision stands on: a policy or report that comes in refuses the write."""
        others = {case: len(self.ledger.case(case)) for case in ("policy", f"checkpoint:{checkpoint_id}")}
        return {CASE + release_id: version, **others}

    def act(
        self,
        action: Action,
        person: Person,
        release_id: str,
        *,
        seen: int,
        key: str,
        build: Build,
        said: Callable[[Loaded], Said],
        tolerate: Iterable[Kind] = (),
    ) -> tuple[Entry, Loaded]:
        """Check and write; return the entry and the release as it was before.

        ``build`` makes the statements from the release as it is now. Anything that happened after ``seen`` refuses the
        action, except the kinds to ``tolerate``, which change nothing of what the person was looking at. A key that is
        in the log already answers with its entry only when it ``said`` the same and nothing has undone it.
        """
        whole_key = f"{KIND_OF[action].value}:{release_id}:{person.person_id}:{key}"
        for _ in range(_TRIES):
            loaded = self.load(person, release_id)
            if (first := with_key(loaded.entries, whole_key)) is not None:
                self.refuse_other(first, said(loaded))
                refuse_undone(loaded, first)
                return first, loaded
            refuse_stale(loaded, seen, tolerate)
            check(action, loaded.scene)
            drafts = build(loaded, whole_key)
            try:
                entry = self.write(person, [replace(draft, guards=loaded.guards) for draft in drafts])
            except Stale:
                continue  # somebody wrote in between: look again, with all checks
            self.refuse_other(entry, said(loaded))
            return entry, loaded
        refuse_stale(self.load(person, release_id), -1)
        raise Stale("Others write to this release right now.", "Reload the page and try again.")

    def write(self, person: Person, drafts: Sequence[Draft]) -> Entry:
        """Append the statements in one transaction, with the person's registration before the first one."""
        return self.ledger.append([person_registered(person), *drafts])[1]

    def refuse_other(self, entry: Entry, said: Said) -> None:
        """Raise Stale when the entry under this key says something else than the person says now."""
        opened = self.ledger.opened([entry]) if said.sealed else {}
        values = {name: opened.get(entry.sealed.get(name, "")) for name in said.sealed}
        if values != dict(said.sealed) or any(entry.body.get(name) != value for name, value in said.body.items()):
            raise Stale(
                f"You did this already, with other content: it is entry {entry.seq:,}.",
                "Reload the page to see what stands. Nothing new was written.",
            )


def key_of(entry: Entry) -> str:
    """Return the idempotency key that an entry carries."""
    return str(json.loads(entry.line)["payload"].get("key", ""))


def with_key(entries: Iterable[Entry], key: str) -> Entry | None:
    """Return the entry that carries this idempotency key."""
    return next((entry for entry in entries if key_of(entry) == key), None)


def consequence(entries: Sequence[Entry], main: Entry, *kinds: Kind) -> Entry | None:
    """Return what followed from an entry in its own transaction, if it is one of the kinds."""
    prefix = key_of(main) + ":"
    return next((one for one in entries if one.kind in set(kinds) and key_of(one).startswith(prefix)), None)


def refuse_undone(loaded: Loaded, first: Entry) -> None:
    """Raise Stale when a repeated click would be answered as done although the release moved on since."""
    batch = key_of(first) + ":"
    newer = [e for e in loaded.entries if e.version > first.version and not key_of(e).startswith(batch)]
    undone = [e for e in newer if e.kind not in QUIET or e.actor == first.actor]
    if undone or loaded.scene.now is State.EXPIRED:
        raise Stale(
            f"You did this before, in entry {first.seq:,}, and the release changed since.",
            "Look at what changed, then decide again. Nothing new was written.",
            newer=_sentences(loaded, newer),
        )


def refuse_basis(loaded: Loaded, basis: str) -> None:
    """Raise Stale when the evidence or the policy is not what the person had on screen."""
    if basis != loaded.scene.dossier.basis:
        raise Stale("The evidence changed since you opened it.", "Look at the findings again, then decide.")


def refuse_stale(loaded: Loaded, seen: int, tolerate: Iterable[Kind] = ()) -> None:
    """Raise Stale with one sentence per change when something happened that the person has not seen."""
    quiet = {kind.value for kind in tolerate}
    newer = [entry for entry in loaded.entries if entry.version > seen]
    if all(entry.kind in quiet for entry in newer):
        return
    raise Stale(
        "This release changed since you opened it.",
        "Look at what changed, then decide again. Nothing was written.",
        newer=_sentences(loaded, newer),
    )


def _sentences(loaded: Loaded, entries: Iterable[Entry]) -> list[str]:
    scene = loaded.scene
    names = names_for(scene.state, Reader(scene.person.person_id, scene.involved))
    return [sentence_of(entry, names) for entry in entries]
