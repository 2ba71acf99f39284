"""One ingest: sources in, statements out in batches; what fails is kept with its reason and harms nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput, Stale
from exeat.evidence import walk
from exeat.evidence.inspecting import Inspector
from exeat.evidence.intake import IntakeResult, Item, Source, reject_record
from exeat.evidence.recognise import check_document_size
from exeat.evidence.register import Register

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from exeat.evidence.binding import BoundFile
    from exeat.evidence.intake import RejectRecord
    from exeat.evidence.library import Library
    from exeat.evidence.ports import AccessEvents, Objects
    from exeat.evidence.statements import Author
    from exeat.evidence.submission import Rule
    from exeat.ledger.statement import Draft, Entry, LedgerStore
    from exeat.model.manifest import Manifest

BATCH = 1000
"""Statements per ledger transaction."""


class Stores(NamedTuple):
    """Where evidence lives."""

    ledger: LedgerStore
    objects: Objects
    access: AccessEvents
    library: Library
    clock: Callable[[], datetime]


class Listing:
    """Which manifests list which component digests, as far as this ingest has looked."""

    def __init__(self) -> None:
        self.components: dict[str, frozenset[str]] = {}
        self.checkpoints_of: dict[str, set[str]] = {}
        self.complete = False

    def add(self, manifest_sha256: str, manifest: Manifest) -> frozenset[str]:
        """Note the components of a manifest; several checkpoints may share a file."""
        digests = frozenset(component.sha256 for component in manifest.components)
        self.components[manifest_sha256] = digests
        for digest in digests:
            self.checkpoints_of.setdefault(digest, set()).add(manifest.checkpoint_id)
        return digests


class _Pending(NamedTuple):
    """What one source says, waiting for its batch."""

    source: Source
    item: Item
    drafts: tuple[Draft, ...]


class Run:
    """The state of one ingest."""

    def __init__(
        self,
        stores: Stores,
        by: Author,
        files: int,
        keep_bytes: int,
        rule: Rule | None = None,
        inspector: Inspector | None = None,
    ) -> None:
        self.stores = stores
        self.by = by
        self.rule = rule
        self.keep_bytes = keep_bytes
        self.inspector = inspector or Inspector()
        self._own_inspector = inspector is None
        self.register = Register(stores.ledger, files)
        self.result = IntakeResult()
        self.listing = Listing()
        self.bindings: dict[str, BoundFile] = {}
        self._pending: list[_Pending] = []
        self._open_rejects: dict[str, list[RejectRecord]] | None = None
        self._waiting = 0
        self._size_before = stores.ledger.size()

    def close(self) -> None:
        """End what was started for this ingest alone."""
        if self._own_inspector:
            self.inspector.close()

    def bytes_of(self, source: Source) -> bytes:
        """Return the whole of a document, read again if it was not kept; raise BadInput over the size limit."""
        check_document_size(source.size)
        return walk.again(source) if source.data is None else source.data

    def know(self, source: Source, kind: str, subject_id: str, note: str = "") -> None:
        """Report a source that the ledger names already."""
        self.result.known.append(Item(source.name, kind, source.sha256, subject_id, note))

    def accept(self, source: Source, item: Item, *drafts: Draft) -> None:
        """Say the statements about a source with the next batch; its bytes are in the store by now.

        Raises BadInput when the rule of this ingest does not let its author say one of them.
        """
        if self.rule is not None:
            self.rule.check(self.register, drafts)
            drafts = tuple(self.rule.guarded(self.register, drafts))
        for draft in drafts:
            self.register.add(draft)
        if source.path is not None:
            source.data, source.head = None, b""
        self._pending.append(_Pending(source, item, drafts))
        if self.rule is not None:
            return  # a submission is on the record as a whole or not at all
        self._settle(source)
        self._waiting += len(drafts)
        if self._waiting >= BATCH:
            self.commit()

    def check_speaks_of(self, checkpoint_id: str) -> None:
        """Raise BadInput when the rule of this ingest does not let its author speak of the checkpoint."""
        if self.rule is not None:
            self.rule.check_speaks_of(self.register, checkpoint_id)

    def reject(self, source: Source, error: BadInput, *, kind: str = "", keep: bool = True) -> None:
        """Keep what was refused, with the reason; ``keep=False`` keeps the record and not the bytes."""
        record = reject_record(source, error, at=self.stores.clock(), kind=kind)
        self.stores.objects.put_reject(record, self._head(source) if keep else b"")
        self.result.rejected.append(record)

    def _settle(self, source: Source) -> None:
        """Mark earlier refusals of the same bytes as settled."""
        if self._open_rejects is None:
            self._open_rejects = {}
            for record in self.stores.objects.rejects():
                if not record.settled:
                    self._open_rejects.setdefault(record.sha256, []).append(record)
        for record in self._open_rejects.pop(source.sha256, ()):
            self.stores.objects.settle(record, self.stores.clock())

    @staticmethod
    def _head(source: Source) -> bytes:
        if source.head or source.path is None or not source.size:
            return source.head
        try:
            return walk.again(source)
        except BadInput:
            return b""

    def commit(self) -> None:
        """Make the bytes durable, then append the statements; all of a batch or, when one is stale, one by one.

        Of a submission with one refused file, nothing is said.
        """
        pending, self._pending, self._waiting = self._pending, [], 0
        if self.rule is not None and self.result.rejected:
            return
        self.stores.objects.flush()
        if not pending:
            return
        try:
            entries = self.stores.ledger.append([draft for one in pending for draft in one.drafts])
        except Stale as exc:
            if self.rule is not None:
                self._refuse_stale(pending[0], exc, "Look at what changed, then submit again.")
                return
            for one in pending:
                self._commit_one(one)
            return
        position = 0
        for one in pending:
            self._report(one, entries[position : position + len(one.drafts)])
            position += len(one.drafts)

    def _commit_one(self, one: _Pending) -> None:
        try:
            self._report(one, self.stores.ledger.append(one.drafts))
        except Stale as exc:
            self._refuse_stale(one, exc, "Ingest the file again.")

    def _refuse_stale(self, one: _Pending, exc: Stale, what_to_do: str) -> None:
        self.reject(one.source, BadInput(exc.headline, what_to_do), kind=one.item.kind)

    def _report(self, one: _Pending, entries: Sequence[Entry]) -> None:
        """Count a source as known when another process said all of it a moment earlier."""
        new = not entries or any(entry.seq >= self._size_before for entry in entries)
        (self.result.accepted if new else self.result.known).append(one.item)
        if self.rule is not None:
            self._settle(one.source)
