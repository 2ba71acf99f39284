"""Build the view of a draft: read its files, merge, find what is missing, and preview the reviewers' assessment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from exeat.errors import BadInput, NotFound, Tampered
from exeat.evidence import statements
from exeat.prepare.binding import Tied, lacking_of, needs_binding, tie, uploaded_bindings, without
from exeat.prepare.contents import Looking, contents_of, kinds_of, read_records
from exeat.prepare.form import label_of, question_of
from exeat.prepare.preview import Rules, context_for, manifest_from, preview, reports_on_record
from exeat.prepare.proposal import answers_of, belongs_to_the_wish, default_id, forms_of, lacking, proposal_of
from exeat.prepare.reading import read_files
from exeat.prepare.remembered import Remembered
from exeat.prepare.rules import Missing, reason_change, reason_submit
from exeat.prepare.views import FILES, LEAVES, MANIFEST, REPORTS, Prepared
from exeat.review.lifecycle import State
from exeat.review.state import CASE, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from exeat.evidence.partial import Merged
    from exeat.ledger.statement import LedgerStore
    from exeat.model.draft import Draft, DraftFile
    from exeat.model.person import Person
    from exeat.model.release import Proposal
    from exeat.policy.assessment import BoundReport
    from exeat.policy.contents import Contents
    from exeat.prepare.contents import Record
    from exeat.prepare.ports import Drafts, Evidence
    from exeat.prepare.preview import Described, Preview
    from exeat.prepare.reading import FilesRead
    from exeat.review.queries import Gateway

    Records = tuple[dict[str, Record], tuple[tuple[DraftFile, BadInput], ...]]

REMEMBERED = 32
SUFFIXES = 100
CHANGEABLE = frozenset({State.DRAFT, State.RETURNED, State.SUBMITTED})
"""Submitted too: when the answer of a submission was lost, a second try finds it there."""
QUESTIONS = {
    "access": "What could the attacker see of the model?",
    "independent": "Was it measured by somebody independent of the model's authors?",
    "author": "Who measured it?",
}


class Builder:
    """Makes the view; the reading of files is remembered by their digests."""

    def __init__(
        self,
        store: Drafts,
        ledger: LedgerStore,
        evidence: Evidence,
        clock: Callable[[], datetime],
        gateway: Gateway | None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._evidence = evidence
        self._clock = clock
        self._gateway = gateway
        self._read: Remembered[FilesRead] = Remembered(REMEMBERED)
        self._tied: Remembered[Tied] = Remembered(REMEMBERED)
        self._looking = Looking(store)
        self._records: Remembered[Records] = Remembered(REMEMBERED)

    def build(self, person: Person, draft: Draft) -> Prepared:
        """Return the draft with all that follows from it."""
        today = self._clock().date()
        rules = Rules(*self._evidence.policy())
        found = self._reading(draft)
        merged = self.merged(draft)
        ties, _ = uploaded_bindings(found, lambda file: self._bytes(draft, file))
        contents, bad_records = self._contents(draft, found, merged)
        unbound = tuple(one.file for one in needs_binding(found, ties))
        missing = [*_files_missing(draft, merged), *self._manifest_missing(draft, merged)]
        described, wrong = _described(merged) if not missing else (None, ())
        missing += wrong
        release_id = self._release_id(draft, described)
        missing += [Missing(LEAVES, path, sentence) for path, sentence in lacking(draft, merged, today)]
        missing += self._release_missing(draft)
        missing += _reports_missing(draft, unbound)
        tied = without(self._tie(draft, found, described), bad_records)
        proposal, not_fitting = _proposal(draft, described, release_id, complete=not missing)
        missing += not_fitting
        return Prepared(
            draft=draft,
            today=today,
            policy=rules.policy,
            found=found,
            merged=merged,
            forms=forms_of(draft.wish, merged),
            unbound=unbound,
            bound_by_upload=ties,
            missing=tuple(missing),
            described=described,
            tied=tied,
            contents=contents,
            release_id=release_id,
            proposal=proposal,
            preview=self._preview(draft, described, tied, contents, rules, proposal, release_id, today),
            why_not_change=reason_change(person, draft),
            why_not_submit=reason_submit(person, draft, missing),
        )

    def _reading(self, draft: Draft) -> FilesRead:
        make = partial(read_files, self._store, draft)
        return self._read.get(_files_key(draft), make, lasting=lambda found: found.whole)

    def merged(self, draft: Draft) -> Merged:
        """Return what the files and the person say together."""
        found = self._reading(draft)
        return found.merged.with_answers({**answers_of(draft, found.merged), **draft.answers})

    def components(self, draft: Draft) -> dict[str, str]:
        """Return digest -> component id of the files that the draft describes."""
        parts = self.merged(draft).document().get("components", ())
        return {str(part["sha256"]): str(part["id"]) for part in parts if isinstance(part, dict) and "sha256" in part}

    def _bytes(self, draft: Draft, file: DraftFile) -> bytes:
        """Return the bytes of a file; raise BadInput when they are gone or damaged: the page must stay usable."""
        try:
            return self._store.get(draft.owner, draft.id, file.sha256)
        except (NotFound, Tampered) as error:
            raise BadInput(error.headline, error.what_to_do) from error

    def _contents(
        self, draft: Draft, found: FilesRead, merged: Merged
    ) -> tuple[Contents, tuple[tuple[DraftFile, BadInput], ...]]:
        """Return what the model files of the draft contain, and the records that its files do not bear out."""
        components = merged.document().get("components", ())
        looked = self._looking.look(draft, kinds_of(components))
        records, refused = self._records.get(
            _files_key(draft), lambda: read_records(draft, found, self._store), lasting=_holds
        )
        return contents_of(components, looked, records), refused

    def _manifest_missing(self, draft: Draft, merged: Merged) -> Iterator[Missing]:
        for found in merged.unsettled:
            yield Missing(MANIFEST, found.path, f"The files disagree about {label_of(found.path)}: which is right?")
        for gap in merged.gaps:
            if not belongs_to_the_wish(gap.path):
                yield Missing(MANIFEST, gap.path, question_of(gap.path, gap.sentence))
        checkpoint_id = merged.value("checkpoint_id")
        if isinstance(checkpoint_id, str) and self._is_of_another(draft.owner, checkpoint_id):
            text = f"The checkpoint id {checkpoint_id[:80]} belongs to somebody else. Choose another."
            yield Missing(MANIFEST, "checkpoint_id", text)

    def _is_of_another(self, owner: str, checkpoint_id: str) -> bool:
        entries = self._ledger.case(statements.checkpoint_case(checkpoint_id))
        first = [entry for entry in entries if entry.kind == statements.CHECKPOINT_REGISTERED][:1]
        return any(entry.actor != owner for entry in first)

    def _release_id(self, draft: Draft, described: Described | None) -> str:
        """Return the chosen release id, or one that is free."""
        if draft.wish.release_id or described is None:
            return draft.wish.release_id or ""
        base = default_id(draft, described.manifest)
        names = [base, *(f"{base[:76]}-{n}" for n in range(2, SUFFIXES))]
        return next((name for name in names if not self._ledger.case(CASE + name)), base)

    def _release_missing(self, draft: Draft) -> Iterator[Missing]:
        chosen = draft.wish.release_id
        entries = self._ledger.case(CASE + chosen) if chosen else []
        if not entries:
            return
        state = fold(entries)
        if state.submitter != draft.owner or state.state not in CHANGEABLE:
            yield Missing(LEAVES, "release_id", f"The release id {chosen} is taken. Choose another.")

    def _tie(self, draft: Draft, found: FilesRead, described: Described | None) -> Tied:
        if described is None:
            return Tied()
        key = (_files_key(draft), described.sha256, str(sorted(draft.measured.items())))
        return self._tied.get(key, lambda: tie(draft, found, described.manifest, lambda file: self._bytes(draft, file)))

    def _preview(
        self,
        draft: Draft,
        described: Described | None,
        tied: Tied,
        contents: Contents,
        rules: Rules,
        proposal: Proposal | None,
        release_id: str,
        today: date,
    ) -> Preview | None:
        if described is None or draft.wish.tier is None:
            return None
        on_record = self._ledger.case(statements.checkpoint_case(described.manifest.checkpoint_id))
        before = reports_on_record(self._evidence, on_record, described.manifest)
        reports: dict[str, BoundReport] = {bound.sha256: bound for bound in (*before, *tied.reports)}
        manifest = described.manifest
        context = context_for(
            manifest,
            release_id,
            today,
            on_record=on_record,
            uploaded=frozenset(file.sha256 for file in draft.files),
            gateway=self._gateway,
            inspections=self._evidence.contents_for(manifest.checkpoint_id, manifest).facts | contents.facts,
        )
        return preview(described, tuple(reports.values()), rules, draft.wish.tier, proposal, context)


def _holds(read: Records) -> bool:
    return not read[1]


def _files_key(draft: Draft) -> tuple[str, ...]:
    return (draft.owner, draft.id, *(f"{file.name}\0{file.sha256}" for file in draft.files))


def _files_missing(draft: Draft, merged: Merged) -> Iterator[Missing]:
    if not draft.files:
        yield Missing(FILES, "", "Upload the model file and whatever describes it.")
    elif not any(path.startswith("components[") for path in merged.paths):
        yield Missing(FILES, "components", "No model file is among the files. Upload it.")


def _described(merged: Merged) -> tuple[Described | None, tuple[Missing, ...]]:
    """Return the manifest when it is whole but for what is asked with what leaves."""
    try:
        return manifest_from(merged), ()
    except BadInput as error:
        path = error.place.removeprefix("$.")
        if belongs_to_the_wish(path):
            return None, ()
        return None, (Missing(MANIFEST, path, str(error)),)


def _reports_missing(draft: Draft, unbound: tuple[DraftFile, ...]) -> Iterator[Missing]:
    for file in unbound:
        for field in lacking_of(draft.measured.get(file.sha256)):
            yield Missing(REPORTS, f"{file.sha256}:{field}", f"{QUESTIONS[field]} ({file.name})")


def _proposal(
    draft: Draft, described: Described | None, release_id: str, *, complete: bool
) -> tuple[Proposal | None, tuple[Missing, ...]]:
    if described is None or not complete:
        return None, ()
    try:
        return proposal_of(draft, described.manifest, described.sha256, release_id), ()
    except BadInput as error:
        return None, (Missing(LEAVES, error.place, error.headline),)
