"""What the ledger says about evidence already, read once per ingest: by case for a few files, at once for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.statements import (
    CHECKPOINT_REGISTERED,
    COMPONENT_MINIMISED,
    COMPONENT_RECEIVED,
    FILES_BOUND,
    POLICY_ADOPTED,
    POLICY_PROPOSED,
    RELEASE_DRAFTED,
    REPORT_ATTACHED,
    checkpoint_case,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.ledger.statement import Draft, Entry, LedgerStore

DIGEST_FIELDS = {
    CHECKPOINT_REGISTERED: ("manifest",),
    COMPONENT_RECEIVED: ("component",),
    COMPONENT_MINIMISED: ("minimisation",),
    FILES_BOUND: ("binding",),
    REPORT_ATTACHED: ("report", "source"),
    RELEASE_DRAFTED: ("proposal",),
    POLICY_PROPOSED: ("policy",),
    POLICY_ADOPTED: ("policy",),
}
ID_FIELDS = ("checkpoint_id", "release_id", "policy_id")
ENTRIES_PER_FILE = 100
"""Reading this many entries in a row costs about as much as one look-up by case."""


class Fact(NamedTuple):
    """One statement, as far as intake needs it."""

    kind: str
    subject: Mapping[str, str]
    body: Mapping[str, object]
    version: int
    actor: str


class Register:
    """Facts by case, and which digests they name."""

    def __init__(self, ledger: LedgerStore, files: int) -> None:
        self._ledger = ledger
        self._facts: dict[str, list[Fact]] = {}
        self._subject_of: dict[str, str] = {}
        self._complete = ledger.size() <= ENTRIES_PER_FILE * files
        if self._complete:
            for entry in ledger.entries():
                self._learn(entry)

    def case(self, case: str) -> list[Fact]:
        """Return what was said in a case, this ingest included."""
        if case not in self._facts:
            self._facts[case] = []
            for entry in () if self._complete else self._ledger.case(case):
                self._learn(entry)
        return self._facts[case]

    def checkpoint(self, checkpoint_id: str, kind: str) -> list[Fact]:
        """Return the facts of one kind about a checkpoint."""
        return [fact for fact in self.case(checkpoint_case(checkpoint_id)) if fact.kind == kind]

    def version(self, case: str) -> int:
        """Return the version of a case, this ingest included; 0 when nothing was said in it."""
        facts = self.case(case)
        return facts[-1].version if facts else 0

    def subject_of(self, digest: str) -> str | None:
        """Return what the digest is about if a statement read so far names it; "" when it has no id."""
        return self._subject_of.get(digest)

    def all_registered(self) -> list[Fact]:
        """Return every registration in the ledger; reads all of it the first time."""
        if not self._complete:
            self._complete = True
            unread = [e for e in self._ledger.entries() if e.case not in self._facts]
            for entry in unread:
                self._learn(entry)
        return [fact for facts in self._facts.values() for fact in facts if fact.kind == CHECKPOINT_REGISTERED]

    def add(self, draft: Draft) -> None:
        """Count a statement of this ingest as said."""
        facts = self.case(draft.case)
        version = facts[-1].version + 1 if facts else 1
        self._note(draft.case, Fact(draft.kind, draft.subject, draft.body, version, draft.actor))

    def _learn(self, entry: Entry) -> None:
        self._note(entry.case, Fact(entry.kind, entry.subject, entry.body, entry.version, entry.actor))

    def _note(self, case: str, fact: Fact) -> None:
        self._facts.setdefault(case, []).append(fact)
        for name in DIGEST_FIELDS.get(fact.kind, ()):
            if name in fact.subject:
                subject_id = next((str(fact.body[field]) for field in ID_FIELDS if field in fact.body), "")
                self._subject_of[fact.subject[name]] = subject_id
