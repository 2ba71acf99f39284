"""What the files of a draft say: each recognised by content, described and merged; one bad file harms no other."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput, NotFound, Tampered
from exeat.evidence.describe import Described, Unread, describe
from exeat.evidence.partial import merge
from exeat.evidence.readers.reports import BY_NAME
from exeat.evidence.readers.shape import Given
from exeat.evidence.recognise import BINDING, RECORD_ARRAYS, SACROML, recognise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.evidence.partial import Merged
    from exeat.model.draft import Draft, DraftFile
    from exeat.prepare.ports import Drafts

log = logging.getLogger("exeat.prepare")
OWN_REPORT = "exeat-risk-report/1"
MINIMISATION = "exeat-minimisation/1"
HEAD = 1000
"""Where the schema of a document of ours stands, in bytes from its start."""
TITLES = {
    OWN_REPORT: "a risk report",
    BINDING: "a binding of reports",
    RECORD_ARRAYS: "per-record scores",
    MINIMISATION: "the record of a minimised file",
    **dict.fromkeys(SACROML, "a SACRO-ML report"),
    **{name: reader.title for name, reader in BY_NAME.items()},
}


class Seen(NamedTuple):
    """One file of the draft: what it was recognised as, or why nothing was taken from it."""

    file: DraftFile
    title: str = ""
    sentence: str = ""
    what_to_do: str = ""


class ReportFile(NamedTuple):
    """A report or binding among the files, and its kind."""

    file: DraftFile
    kind: str


class FilesRead(NamedTuple):
    """What the files say together; ``merged`` is without the answers of the person."""

    merged: Merged
    seen: tuple[Seen, ...]
    reports: tuple[ReportFile, ...]
    checkpoints: tuple[DraftFile, ...]
    whole: bool = True
    """Whether the bytes of every file were there."""


def read_files(store: Drafts, draft: Draft) -> FilesRead:
    """Read every file of the draft."""
    with ExitStack() as stack:
        given, gone = [], []
        for file in draft.files:
            try:
                path = stack.enter_context(store.path(draft.owner, draft.id, file.sha256))
            except NotFound as error:
                gone.append(Unread(file.name, error.headline, error.what_to_do))
            else:
                given.append(Given(file.name, path=str(path), measured=(file.bytes, file.sha256)))
        found = _described(given)
    by_name = {file.name: file for file in draft.files}
    records = _records(store, draft, found.unread)
    unread = {one.name: one for one in (*gone, *found.unread) if one.name not in records}
    titles = {name: title for name, title in found.read if name not in unread}
    reports = [(by_name[file.name], kind) for file, kind in found.reports]
    reports += [(by_name[name], MINIMISATION) for name in records]
    titles |= {file.name: TITLES.get(kind, kind) for file, kind in reports}
    return FilesRead(
        found.merged,
        tuple(_seen(file, titles, unread.get(file.name)) for file in draft.files),
        tuple(ReportFile(file, kind) for file, kind in reports),
        tuple(by_name[file.name] for file in found.checkpoints),
        whole=not gone,
    )


def _records(store: Drafts, draft: Draft, unread: Sequence[Unread]) -> list[str]:
    """Return the names of records of minimised files: they describe no checkpoint and belong to the release."""
    left = {one.name for one in unread}
    return [file.name for file in draft.files if file.name in left and _is_record(store, draft, file)]


def _is_record(store: Drafts, draft: Draft, file: DraftFile) -> bool:
    try:
        data = store.get(draft.owner, draft.id, file.sha256)
        return MINIMISATION.encode() in data[:HEAD] and recognise(data, file.bytes) == MINIMISATION
    except (BadInput, NotFound, Tampered):
        return False


def _seen(file: DraftFile, titles: dict[str, str], unread: Unread | None) -> Seen:
    if unread is not None:
        return Seen(file, "", unread.sentence, unread.what_to_do)
    return Seen(file, titles.get(file.name, "a file of the checkpoint"))


def _described(files: Sequence[Given]) -> Described:
    """Describe all files together; what brings that down is found, left out and said so."""
    try:
        return describe(files)
    except BadInput as error:
        return _nothing([Unread(file.name, error.headline, error.what_to_do) for file in files])
    except Exception:
        log.exception("describing a draft failed; looking for the file at fault")
    bad = [fault for file in files if (fault := _fault(file)) is not None]
    names = {one.name for one in bad}
    try:
        found = describe([file for file in files if file.name not in names])
    except Exception:
        log.exception("describing the rest of a draft failed")
        return _nothing([_our_fault(file) for file in files])
    return found._replace(unread=(*bad, *found.unread))


def _fault(file: Given) -> Unread | None:
    try:
        describe([file])
    except BadInput as error:
        return Unread(file.name, error.headline, error.what_to_do)
    except Exception:
        log.exception("reading one file of a draft failed")
        return _our_fault(file)
    return None


def _our_fault(file: Given) -> Unread:
    return Unread(
        file.name, "Exeat could not read this file; that is a fault of Exeat.", "Tell the people who run Exeat."
    )


def _nothing(unread: list[Unread]) -> Described:
    return Described(merge([]), (), (), (), tuple(unread))
