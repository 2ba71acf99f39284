"""Load a release case, and write to it: check, append, and answer a repeated click with the entry of the first."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exeat.errors import NotFound, Stale
from exeat.review.history import sentence_of
from exeat.review.rules import KIND_OF, Scene, check, check_can_read
from exeat.review.state import CASE, fold
from exeat.review.statements import person_registered
from exeat.review.visibility import Reader, names_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from exeat.ledger.statement import Draft, Entry, LedgerStore
    from exeat.model.person import Person
    from exeat.review.dossier import DossierReader
    from exeat.review.lifecycle import Kind
    from exeat.review.rules import Action

    Build = Callable[["Loaded", str], Sequence[Draft]]

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Loaded:
    """One release with its entries, before one person today."""

    entries: tuple[Entry, ...]
    scene: Scene

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
        today = self.clock().date()
        scene = Scene(person, state, self.reader.read(state, today), today)
        check_can_read(scene)
        return Loaded(entries, scene)

    def act(
        self,
        action: Action,
        person: Person,
        release_id: str,
        *,
        seen: int,
        key: str,
        build: Build,
        tolerate: Iterable[Kind] = (),
    ) -> tuple[Entry, Loaded]:
        """Check and write; return the entry and the release as it was before.

        ``build`` makes the statements from the release as it is now. Anything that happened after ``seen`` refuses the
        action, except the kinds to ``tolerate``, which change nothing of what the person was looking at.
        """
        whole_key = f"{KIND_OF[action].value}:{release_id}:{person.person_id}:{key}"
        for _ in range(_TRIES):
            loaded = self.load(person, release_id)
            if (first := with_key(loaded.entries, whole_key)) is not None:
                return first, loaded
            refuse_stale(loaded, seen, tolerate)
            check(action, loaded.scene)
            drafts = build(loaded, whole_key)
            try:
                return self.write(person, drafts), loaded
            except Stale:
                continue  # somebody wrote in between: look again, with all checks
        refuse_stale(self.load(person, release_id), -1)
        raise Stale("Others write to this release right now.", "Reload the page and try again.")

    def write(self, person: Person, drafts: Sequence[Draft]) -> Entry:
        """Append the statements in one transaction, with the person's registration before the first one."""
        return self.ledger.append([person_registered(person), *drafts])[1]


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


def refuse_stale(loaded: Loaded, seen: int, tolerate: Iterable[Kind] = ()) -> None:
    """Raise Stale with one sentence per change when something happened that the person has not seen."""
    quiet = {kind.value for kind in tolerate}
    newer = [entry for entry in loaded.entries if entry.version > seen]
    if all(entry.kind in quiet for entry in newer):
        return
    scene = loaded.scene
    names = names_for(scene.state, Reader(scene.person.person_id, scene.involved))
    raise Stale(
        "This release changed since you opened it.",
        "Look at what changed, then decide again. Nothing was written.",
        newer=[sentence_of(entry, names) for entry in newer],
    )
