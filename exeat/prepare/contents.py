"""Look inside the model files of a draft, as intake will when it is submitted; and attach a minimised one."""

from __future__ import annotations

import logging
import tempfile
from functools import partial
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput, NotFound, Tampered
from exeat.evidence.inspecting import Inspector
from exeat.evidence.minimised import check_record
from exeat.evidence.recognise import CHECKPOINT_FILE, recognise
from exeat.model.documents import parse_document
from exeat.model.minimisation import Minimisation
from exeat.policy.contents import HOLD_TENSORS, Contents
from exeat.prepare.reading import MINIMISATION
from exeat.prepare.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exeat.evidence.inspecting import Looked
    from exeat.model.draft import Draft, DraftFile
    from exeat.model.inspection import Inspection
    from exeat.prepare.ports import Drafts
    from exeat.prepare.reading import FilesRead

log = logging.getLogger("exeat.prepare")
REMEMBERED = 64
HEAD = 64 * 2**10
RECORD = "minimisation.json"


class Minimised(NamedTuple):
    """A minimised file and its record, named to lie beside the source."""

    name: str
    data: bytes
    record_name: str
    record: bytes


class Looking:
    """Inspects files of drafts; what was seen is remembered by owner, file name and digest.

    An inspection names its file, and a name that one person gave must not reach another who has the same bytes.
    """

    def __init__(self, store: Drafts) -> None:
        self._store = store
        self._seen: Remembered[Looked | None] = Remembered(REMEMBERED)

    def look(self, draft: Draft, kinds: Mapping[str, str]) -> dict[str, Looked]:
        """Return digest -> inspection of every file that intake would inspect; ``kinds`` maps digest to component kind.

        One process serves all files of a call.
        """
        found: dict[str, Looked] = {}
        with Inspector() as inspector:
            for file in draft.files:
                if file.sha256 not in kinds or file.sha256 in found:
                    continue
                looked = self._remembered(inspector, draft, file, kinds)
                if looked is not None:
                    found[file.sha256] = looked
        return found

    def _remembered(
        self, inspector: Inspector, draft: Draft, file: DraftFile, kinds: Mapping[str, str]
    ) -> Looked | None:
        """Return the inspection; one that failed is not remembered, so that the next look can succeed."""
        key = (draft.owner, file.name, file.sha256, kinds[file.sha256] in HOLD_TENSORS)
        try:
            return self._seen.get(key, partial(self._one, inspector, draft, file, kinds))
        except (BadInput, NotFound, Tampered):
            return None
        except Exception:
            log.exception("inspecting a file of a draft failed")
            return None

    def _one(self, inspector: Inspector, draft: Draft, file: DraftFile, kinds: Mapping[str, str]) -> Looked | None:
        data = self._store.get(draft.owner, draft.id, file.sha256)
        wanted = kinds[file.sha256] in HOLD_TENSORS or _is_checkpoint(data)
        return inspector.look(file.name, data) if wanted else None


def _is_checkpoint(data: bytes) -> bool:
    try:
        return recognise(data[:HEAD], len(data)) == CHECKPOINT_FILE
    except BadInput:
        return False


def kinds_of(components: Iterable[object]) -> dict[str, str]:
    """Return digest -> kind of every component of an unfinished manifest."""
    parts = [part for part in components if isinstance(part, dict) and part.get("sha256")]
    return {str(part["sha256"]): str(part.get("kind", "")) for part in parts}


class OfADraft(NamedTuple):
    """The files of a draft, as a record is compared with them."""

    store: Drafts
    draft: Draft

    def has(self, digest: str) -> bool:
        """Return whether the draft has the file."""
        return self.draft.file(digest) is not None

    def get(self, digest: str) -> bytes:
        """Return the bytes; raise NotFound or Tampered."""
        return self.store.get(self.draft.owner, self.draft.id, digest)


class Record(NamedTuple):
    """A record that holds, and with which files of the draft it was compared."""

    minimisation: Minimisation
    checked: str


def read_records(
    draft: Draft, found: FilesRead, store: Drafts
) -> tuple[dict[str, Record], tuple[tuple[DraftFile, BadInput], ...]]:
    """Return digest of the minimised file -> its record where the files bear it out, and the others with why not."""
    records: dict[str, Record] = {}
    refused = []
    for one in found.reports:
        if one.kind != MINIMISATION:
            continue
        try:
            record = parse_document(store.get(draft.owner, draft.id, one.file.sha256), Minimisation)
            records[record.output_sha256] = Record(record, check_record(OfADraft(store, draft), record))
        except BadInput as error:
            refused.append((one.file, error))
        except (NotFound, Tampered) as error:
            refused.append((one.file, BadInput(error.headline, error.what_to_do)))
    return records, tuple(refused)


def contents_of(components: Iterable[object], looked: Mapping[str, Looked], records: Mapping[str, Record]) -> Contents:
    """Return what the files contain, by component id, as reviewers will see it."""
    ids = {str(part["sha256"]): str(part["id"]) for part in components if isinstance(part, dict) and part.get("sha256")}
    seen = {name: looked[sha256] for sha256, name in ids.items() if sha256 in looked}
    made = {name: records[sha256] for sha256, name in ids.items() if sha256 in records}
    source = {name: one.minimisation.source_sha256 for name, one in made.items()}
    return Contents(
        inspections={name: one.inspection for name, one in seen.items()},
        digests={name: one.sha256 for name, one in seen.items()},
        minimisations={name: one.minimisation for name, one in made.items()},
        sources={name: looked[sha256].inspection for name, sha256 in source.items() if sha256 in looked},
        checked={name: one.checked for name, one in made.items()},
    )


def reason_not_minimised(inspection: Inspection) -> str | None:
    """Return why a file may not be minimised, in one sentence with the next step; None when it may.

    A class that nobody vouches for is no reason: nothing of the file is loaded. The same rule refuses it again.
    """
    from exeat.evidence.minimise import HARMLESS_UNEXECUTED  # noqa: PLC0415 it needs numpy, and most pages do without

    against = next((one for one in inspection.findings if one.code not in HARMLESS_UNEXECUTED), None)
    return f"{against.sentence} {against.what_to_do}" if against else None


def free_name(draft: Draft, name: str, sha256: str) -> str:
    """Return a name beside the file ``name`` that no other file of the draft has; ``sha256`` is of what gets it."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", ".", "..")]
    stem = PurePosixPath(*(parts or ["file"]))
    there = {file.name: file.sha256 for file in draft.files}
    suffixes = chain(("", ".min"), (f".min-{n}" for n in count(2)))
    names = (str(stem.with_suffix(f"{suffix}.safetensors")) for suffix in suffixes)
    return next(one for one in names if there.get(one) == sha256 or not {one, f"{one}.{RECORD}"} & set(there))


def minimised(store: Drafts, draft: Draft, file: DraftFile) -> Minimised:
    """Return the weights of a file alone with the record of what that changed; raise Unsafe or BadInput."""
    from exeat.evidence.minimise import minimise  # noqa: PLC0415 it needs numpy, and most pages do without

    with store.path(draft.owner, draft.id, file.sha256) as path, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.safetensors"
        record = minimise(path, out)
        data = out.read_bytes()
    name = free_name(draft, file.name, record.output_sha256)
    named = record.model_copy(update={"source": file.name, "output": name})
    return Minimised(name, data, f"{name}.{RECORD}", named.to_bytes())
