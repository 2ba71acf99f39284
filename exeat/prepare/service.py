"""Prepare a release: drafts of a submitter, and the one step that puts a draft on the record.

A draft is no record: it lives beside the evidence, only its owner reaches it, and no statement names it. Submitting
writes what any ingest and any submission would write, by the same services.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput, ExeatError, NotFound, Stale
from exeat.evidence.walk import shown
from exeat.model.draft import MAX_FILES, Draft, DraftFile, Refused, Sent
from exeat.model.tier import Disposition
from exeat.prepare.building import Builder
from exeat.prepare.bundle import bundle_of
from exeat.prepare.contents import minimised
from exeat.prepare.drafts import changed, parse_draft, with_answers, with_measured, with_wish, without_answers
from exeat.prepare.rules import (
    check_can_change,
    check_can_delete,
    check_can_prepare,
    check_can_start,
    check_can_submit,
    check_is_own,
    no_such_draft,
)
from exeat.prepare.views import title_of
from exeat.review.inputs import Done
from exeat.review.state import CASE, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from exeat.ledger.statement import LedgerStore
    from exeat.model.person import Person
    from exeat.prepare.ports import Drafts, Evidence, Review
    from exeat.prepare.views import Prepared
    from exeat.review.queries import Gateway

    Change = Callable[[Draft], Draft]

_TRIES = 50
"""How often a change is tried anew because another one came first: each try means that another was saved."""
MAX_REFUSED = 20
"""How many refused uploads a draft remembers."""


class PrepareDesk:
    """The submitter's use cases. Everything is checked again here, whatever the page showed."""

    def __init__(
        self,
        store: Drafts,
        ledger: LedgerStore,
        evidence: Evidence,
        review: Review,
        clock: Callable[[], datetime],
        gateway: Gateway | None = None,
        *,
        max_file_bytes: int = 64 * 2**20,
        max_draft_bytes: int = 256 * 2**20,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._evidence = evidence
        self._review = review
        self._clock = clock
        self._builder = Builder(store, ledger, evidence, clock, gateway)
        self.max_file_bytes = max_file_bytes
        self.max_draft_bytes = max_draft_bytes

    # Reading

    def drafts(self, person: Person) -> tuple[Draft, ...]:
        """Return this person's drafts, the last changed first; raise NotPermitted."""
        check_can_prepare(person)
        found = [self._found(person, draft_id) for draft_id in self._store.ids(person.person_id)]
        return tuple(sorted((d for d in found if d is not None), key=lambda d: d.updated_at, reverse=True))

    def open(self, person: Person, draft_id: str) -> Prepared:
        """Return the draft with all that follows from it; raise NotFound for everybody but its owner."""
        return self._builder.build(person, self._load(person, draft_id))

    def title(self, person: Person, draft: Draft) -> str:
        """Return what to call a draft in a list."""
        check_is_own(person, draft)
        return title_of(draft, self._builder.merged(draft))

    # Changing

    def start(self, person: Person) -> Draft:
        """Start an empty draft; raise NotNow when there are too many."""
        check_can_prepare(person)
        check_can_start(person, len(self._store.ids(person.person_id)))
        now = self._clock()
        fields = {"owner": person.person_id, "created_at": now, "updated_at": now}
        return self._save(Draft.model_validate({"schema": "exeat-draft/1", "id": secrets.token_hex(8), **fields}))

    def add_files(self, person: Person, draft_id: str, uploads: Sequence[tuple[str, bytes]]) -> Draft:
        """Keep uploads under their digest; one of the same name is replaced, one that cannot be kept is noted.

        Nothing of a file is read here but its size; what it is, the open draft says.
        """
        draft = self._load(person, draft_id)
        check_can_change(person, draft)
        kept: dict[str, DraftFile] = {file.name: file for file in draft.files}
        refused: list[Refused] = []
        for raw_name, data in uploads:
            name = shown(raw_name) or "file"
            try:
                self._check_fits(kept, name, data)
            except BadInput as error:
                refused.append(Refused(name=name, sentence=error.headline, what_to_do=error.what_to_do))
                continue
            sha256 = "sha256:" + hashlib.sha256(data).hexdigest()
            self._store.put(person.person_id, draft.id, sha256, data)
            kept[name] = DraftFile(name=name, sha256=sha256, bytes=len(data))
        new = {name: file for name, file in kept.items() if file not in draft.files}
        after = self._edit(person, draft_id, lambda now: _with_files(now, new, refused))
        for old in draft.files:
            if after.file(old.sha256) is None:
                self._store.drop(person.person_id, draft.id, old.sha256)
        return after

    def _check_fits(self, kept: dict[str, DraftFile], name: str, data: bytes) -> None:
        if not data:
            raise BadInput("The file is empty.", "Export it again.")
        if len(data) > self.max_file_bytes:
            raise BadInput(
                f"The file has {len(data):,} bytes; up to {self.max_file_bytes:,} can be uploaded.",
                "Describe it where it lies (exeat describe) and upload the manifest: it names the file by its digest.",
            )
        others = [file for file in kept.values() if file.name != name]
        if len(others) >= MAX_FILES:
            raise BadInput(f"A draft holds {MAX_FILES} files.", "Remove files that do not belong to the release.")
        if sum(file.bytes for file in others) + len(data) > self.max_draft_bytes:
            raise BadInput(
                f"The files of a draft may have {self.max_draft_bytes:,} bytes together.", "Remove some first."
            )

    def remove_file(self, person: Person, draft_id: str, sha256: str) -> Draft:
        """Remove a file from the draft, with what was said about it."""

        def without(draft: Draft) -> Draft:
            files = [file for file in draft.files if file.sha256 != sha256]
            measured = {key: value for key, value in draft.measured.items() if key != sha256}
            return changed(draft, files=files, measured=measured)

        after = self._edit(person, draft_id, without)
        self._store.drop(person.person_id, draft_id, sha256)
        return after

    def forget_refused(self, person: Person, draft_id: str) -> Draft:
        """Clear the list of uploads that were not kept."""
        return self._edit(person, draft_id, lambda draft: changed(draft, refused=[]))

    def answer(self, person: Person, draft_id: str, answers: dict[str, Any]) -> Draft:
        """Keep what the person says of fields of the manifest, by path; None leaves a field out."""
        return self._edit(person, draft_id, lambda draft: with_answers(draft, answers))

    def take_back(self, person: Person, draft_id: str, path: str) -> Draft:
        """Forget the answer to a path and to everything below it: the files speak again."""
        return self._edit(person, draft_id, lambda draft: without_answers(draft, path))

    def propose(self, person: Person, draft_id: str, **changes: Any) -> Draft:
        """Keep fields of the proposal; None clears one."""
        return self._edit(person, draft_id, lambda draft: with_wish(draft, **changes))

    def choose_forms(self, person: Person, draft_id: str, forms: Mapping[str, Disposition]) -> Draft:
        """Keep in what form files are to leave, by component id; ``denied`` means that one stays inside."""
        return self._edit(person, draft_id, lambda draft: with_wish(draft, forms=_forms(draft) | _plain(forms)))

    def measure(self, person: Person, draft_id: str, sha256: str, **changes: Any) -> Draft:
        """Keep what the person says of one report; raise NotFound when the draft has no such file."""

        def said(draft: Draft) -> Draft:
            if draft.file(sha256) is None:
                raise NotFound("There is no such report in this draft.", "Reload the page.")
            return with_measured(draft, sha256, **changes)

        return self._edit(person, draft_id, said)

    def minimise(self, person: Person, draft_id: str, sha256: str) -> Draft:
        """Attach the weights of a file alone, with the record; they leave in its place, and the file stays inside.

        Raises Unsafe or BadInput when the file cannot be minimised.
        """
        draft = self._load(person, draft_id)
        check_can_change(person, draft)
        file = draft.file(sha256)
        if file is None:
            raise NotFound("There is no such file in this draft.", "Reload the page.")
        before = self._builder.components(draft)
        made = minimised(self._store, draft, file)
        self.add_files(person, draft_id, [(made.name, made.data), (made.record_name, made.record)])
        after = self._builder.components(self._load(person, draft_id))
        new = "sha256:" + hashlib.sha256(made.data).hexdigest()
        source, target = before.get(sha256), after.get(new)
        if source is None or target is None:
            return self._load(person, draft_id)
        form = draft.wish.forms.get(source)
        forms = {source: Disposition.DENIED} | ({target: form} if form else {})
        return self._edit(person, draft_id, lambda now: with_wish(now, forms=_forms(now) | _plain(forms)))

    def delete(self, person: Person, draft_id: str) -> None:
        """Delete a draft with its files; what was submitted stays on the record."""
        check_can_delete(person, self._load(person, draft_id))
        self._store.delete(person.person_id, draft_id)

    # Submitting

    def submit(self, person: Person, draft_id: str, *, seen: int) -> Done:
        """Put the draft on the record and submit the release; again for the same draft answers with the same entry.

        Raises Stale when the draft is not what the person saw, and what any rule or intake refuses.
        """
        draft = self._load(person, draft_id)
        if draft.sent is not None:
            return self._done(draft.sent)
        if draft.version != seen:
            raise Stale("This draft changed since you opened it.", "Look at it again, then submit.")
        view = self._builder.build(person, draft)
        check_can_submit(person, draft, view.missing)
        fixed = self._save(with_wish(draft, release_id=view.release_id))  # a second try names the same release
        bundle = bundle_of(self._builder.build(person, fixed), lambda file: self._bytes(fixed, file))
        result = self._evidence.submit_bundle(bundle.files, person)
        if result.rejected:
            first = result.rejected[0]
            raise BadInput(f"{first.name} was refused: {first.reason}", first.what_to_do, place=first.place)
        state = fold(self._ledger.case(CASE + view.release_id))
        key = f"draft-{draft.id}-{bundle.proposal_sha256.removeprefix('sha256:')[:32]}"
        done = self._review.submit(person, view.release_id, seen=state.version, key=key)
        sent = Sent(release_id=view.release_id, seq=done.entry.seq, at=self._clock())
        self._edit(person, draft_id, lambda now: changed(now, sent=sent))
        return self._done(sent)

    def _done(self, sent: Sent) -> Done:
        return Done(self._ledger.entry(sent.seq), f"Submitted for review as {sent.release_id}.")

    # Inner parts

    def _bytes(self, draft: Draft, file: DraftFile) -> bytes:
        return self._store.get(draft.owner, draft.id, file.sha256)

    def _found(self, person: Person, draft_id: str) -> Draft | None:
        """Return the draft, None when it is damaged: one bad record hides no other."""
        try:
            return self._load(person, draft_id)
        except ExeatError:
            return None

    def _load(self, person: Person, draft_id: str) -> Draft:
        check_can_prepare(person)
        stored = self._store.load(person.person_id, draft_id)
        if stored is None:
            raise no_such_draft()
        version, data = stored
        draft = parse_draft(data).model_copy(update={"version": version})
        check_is_own(person, draft)
        return draft

    def _edit(self, person: Person, draft_id: str, change: Change) -> Draft:
        """Change the draft as it is now: another tab or server may have written meanwhile, to other fields."""
        for _ in range(_TRIES):
            draft = self._load(person, draft_id)
            check_can_change(person, draft)
            try:
                return self._save(change(draft))
            except Stale:
                continue
        raise Stale("This draft is being changed elsewhere right now.", "Reload the page and try again.")

    def _save(self, draft: Draft) -> Draft:
        """Keep the next version; raise Stale when somebody else kept it first."""
        after = draft.model_copy(update={"version": draft.version + 1, "updated_at": self._clock()})
        if not self._store.save(after.owner, after.id, after.version, after.to_bytes()):
            raise Stale("This draft changed since you opened it.", "Reload the page and try again.")
        return after


def _forms(draft: Draft) -> dict[str, str]:
    return _plain(draft.wish.forms)


def _plain(forms: Mapping[str, Disposition]) -> dict[str, str]:
    return {name: form.value for name, form in forms.items()}


def _with_files(draft: Draft, new: dict[str, DraftFile], refused: Sequence[Refused]) -> Draft:
    """Return the draft with new files in place of those of the same name."""
    before = [file for file in draft.files if file.name not in new]
    noted = [*draft.refused, *refused][-MAX_REFUSED:]
    return changed(draft, files=[*before, *new.values()], refused=noted)
