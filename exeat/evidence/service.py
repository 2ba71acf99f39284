"""The evidence desk: take files in, and read what was taken in."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, overload

from exeat.errors import BadInput, NotFound, NotPermitted
from exeat.evidence import adoption, statements, walk
from exeat.evidence.batch import take_all
from exeat.evidence.inspecting import Inspector
from exeat.evidence.intake import Skipped
from exeat.evidence.library import Library
from exeat.evidence.run import Run, Stores
from exeat.evidence.submission import Rule
from exeat.model.documents import SCHEMAS
from exeat.model.manifest import Manifest
from exeat.model.person import Permission
from exeat.model.policy import Policy
from exeat.model.risk_report import RiskReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from exeat.evidence.intake import IntakeResult, RejectRecord, Source
    from exeat.evidence.ports import AccessEvents, Objects
    from exeat.ledger.statement import LedgerStore
    from exeat.model.base import Document
    from exeat.model.person import Person
    from exeat.policy.assessment import BoundReport
    from exeat.policy.contents import Contents

D = TypeVar("D", bound="Document")
MAX_CHECKPOINT_BYTES = 64 * 2**20


class EvidenceDesk:
    """Intake and the documents behind every decision."""

    def __init__(
        self,
        ledger: LedgerStore,
        objects: Objects,
        access: AccessEvents,
        clock: Callable[[], datetime],
        max_checkpoint_bytes: int = MAX_CHECKPOINT_BYTES,
    ) -> None:
        self._stores = Stores(ledger, objects, access, Library(objects), clock)
        self._keep_bytes = max_checkpoint_bytes
        self._inspector: Inspector | None = None

    @contextmanager
    def one_inspector(self) -> Iterator[None]:
        """Inspect the files of all ingests inside this block with one process: starting it takes about two seconds."""
        with Inspector() as inspector:
            self._inspector = inspector
            try:
                yield
            finally:
                self._inspector = None

    def ingest(
        self, paths: Sequence[Path | str], by: Person, progress: Callable[[int, int], None] | None = None
    ) -> IntakeResult:
        """Take in files and folders of any known kind; idempotent; the order of the files does not matter.

        ``progress`` is called with steps done and steps in all (two per file). Raises NotPermitted.
        """
        author = statements.Author.of(by)
        found = list(walk.find([Path(path) for path in paths]))
        files = [one for one in found if not isinstance(one, Skipped)]
        run = Run(self._stores, author, len(files), self._keep_bytes, inspector=self._inspector)
        run.result.skipped += [one for one in found if isinstance(one, Skipped)]
        return take_all(run, _read_each(run, files), len(files), progress)

    def ingest_bytes(self, name: str, data: bytes, by: Person) -> IntakeResult:
        """Take in one upload."""
        run = Run(self._stores, statements.Author.of(by), 1, self._keep_bytes, inspector=self._inspector)
        return take_all(run, [walk.whole(walk.shown(name), data)], 1)

    def submit_bundle(self, files: Sequence[tuple[str, bytes]], by: Person) -> IntakeResult:
        """Take in what a submitter submits: own checkpoints and an own proposal, nothing else; raise NotPermitted."""
        author = statements.Author.submitting(by)
        run = Run(self._stores, author, len(files), self._keep_bytes, Rule(by.person_id), self._inspector)
        return take_all(run, [walk.whole(walk.shown(name), data) for name, data in files], len(files))

    @overload
    def document(self, sha256: str, kind: type[D]) -> D: ...
    @overload
    def document(self, sha256: str, kind: str) -> Document: ...
    def document(self, sha256: str, kind: str | type[Document]) -> Document:
        """Return the document of that digest as its class (or schema name); raise NotFound or BadInput."""
        wanted = SCHEMAS.get(kind) if isinstance(kind, str) else kind
        if wanted is None:
            raise BadInput(f"{kind!r} is not a canonical document.", f"Known: {', '.join(SCHEMAS)}.")
        return self._stores.library.document(sha256, wanted)

    def raw(self, sha256: str) -> bytes:
        """Return the bytes as they were taken in; raise NotFound or Tampered."""
        return self._stores.objects.get(sha256)

    def keep(self, data: bytes) -> str:
        """Keep bytes that the system made (an assessment) durably and return their digest."""
        digest = self._stores.objects.put(data)
        self._stores.objects.flush()
        return digest

    def manifest(self, sha256: str) -> Manifest:
        """Return the manifest of that digest."""
        return self._stores.library.document(sha256, Manifest)

    def report(self, sha256: str) -> RiskReport:
        """Return the risk report of that digest."""
        return self._stores.library.document(sha256, RiskReport)

    def manifest_of(self, checkpoint_id: str) -> tuple[Manifest, str]:
        """Return the newest manifest of a checkpoint and its digest; raise NotFound."""
        case = self._stores.ledger.case(statements.checkpoint_case(checkpoint_id))
        digests = [e.subject["manifest"] for e in case if e.kind == statements.CHECKPOINT_REGISTERED]
        if not digests:
            raise NotFound(f"There is no checkpoint {checkpoint_id[:80]}.", "Ingest its manifest.")
        return self.manifest(digests[-1]), digests[-1]

    def reports_for(self, checkpoint_id: str, manifest_sha256: str | None = None) -> tuple[BoundReport, ...]:
        """Return the reports whose measured files are all listed by the manifest (the newest one by default).

        A report on files that a later manifest no longer lists does not speak for that manifest.
        """
        from exeat.policy.assessment import BoundReport  # noqa: PLC0415 the rules are not needed to take files in

        case = self._stores.ledger.case(statements.checkpoint_case(checkpoint_id))
        manifests = [e.subject["manifest"] for e in case if e.kind == statements.CHECKPOINT_REGISTERED]
        if not manifests:
            return ()
        listed = {c.sha256 for c in self.manifest(manifest_sha256 or manifests[-1]).components}
        digests = [e.subject["report"] for e in case if e.kind == statements.REPORT_ATTACHED]
        reports = [BoundReport(sha256, self.report(sha256)) for sha256 in digests]
        return tuple(bound for bound in reports if listed.issuperset(bound.report.subject.component_sha256))

    def contents_of(self, checkpoint_id: str, manifest_sha256: str) -> Contents:
        """Return what the files of this manifest contain, as far as they were inspected or minimised."""
        return self.contents_for(checkpoint_id, self.manifest(manifest_sha256))

    def contents_for(self, checkpoint_id: str, manifest: Manifest) -> Contents:
        """Return the same for a manifest that need not be registered yet."""
        from exeat.evidence.contents import read_contents  # noqa: PLC0415 the rules are not needed to take files in

        case = self._stores.ledger.case(statements.checkpoint_case(checkpoint_id))
        return read_contents(case, manifest, self._stores.library)

    def policy(self) -> tuple[Policy, str]:
        """Return the policy in force and its digest; raise NotFound before the first adoption."""
        for entry in reversed(self._stores.ledger.case(statements.POLICY_CASE)):
            if entry.kind == statements.POLICY_ADOPTED:
                sha256 = entry.subject["policy"]
                return self._stores.library.document(sha256, Policy), sha256
        raise NotFound("No policy is adopted yet.", "Adopt one on the Intake page.")

    def bootstrap(self, data: bytes) -> None:
        """Put the first policy of a new log into force; does nothing once any policy was adopted."""
        adoption.bootstrap(self._stores, data)

    def adopt_policy(self, person: Person, sha256: str, *, seen: int) -> adoption.Adopted:
        """Put a proposed policy into force; ``seen`` is the version of the policy case on screen.

        Raises NotPermitted for who proposed it or may not adopt, NotNow before its valid_from, Stale.
        """
        return adoption.adopt(self._stores, person, sha256, seen)

    def policies(self, person: Person) -> tuple[adoption.Standing, ...]:
        """Return every policy that came in and where it stands, newest first; raise NotPermitted."""
        if not person.can(Permission.EVIDENCE_READ):
            raise NotPermitted("Your role does not read the intake.", "Ask a steward.")
        return adoption.standings(self._stores, person)

    def rejects(self, person: Person, *, settled: bool = False) -> list[RejectRecord]:
        """Return what was refused and why, oldest first; raise NotPermitted.

        Without ``settled`` those are left out whose bytes were taken in later.
        """
        if not (person.can(Permission.EVIDENCE_READ) or person.can(Permission.EVIDENCE_INGEST)):
            raise NotPermitted("Your role does not read the intake.", "Ask a steward.")
        return [record for record in self._stores.objects.rejects() if settled or not record.settled]


def _read_each(run: Run, files: Iterable[walk.Found]) -> Iterable[Source]:
    for found in files:
        try:
            yield walk.read(found)
        except BadInput as exc:
            run.reject(walk.whole(found.name, b""), exc)
