"""Take in the record of a minimised file, and compare it with the files as far as they are in the store."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from exeat.errors import BadInput
from exeat.evidence import statements
from exeat.evidence.files import places_of
from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.recognisers import masked
from exeat.evidence.intake import Item
from exeat.evidence.keeping import MAX_NAME
from exeat.model.documents import parse_document
from exeat.model.minimisation import Minimisation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.intake import Source
    from exeat.evidence.run import Run

SCHEMA = "exeat-minimisation/1"
AGAIN = "Minimise the file again, and ingest the record together with the file that it made."
Checked = Literal["both", "output", "no file"]
"""Which of the two files were here to compare the record with."""
WORDS: dict[Checked, str] = {"both": "both files", "output": "the minimised file", "no file": "no file: none is here"}


def take_minimisation(run: Run, source: Source) -> None:
    """Keep the record when a registered manifest lists the minimised file and nothing on hand contradicts it."""
    record = parse_document(run.bytes_of(source), Minimisation)
    places = places_of(run, record.output_sha256)
    if not places:
        raise BadInput(
            f"No registered manifest lists the minimised file {record.output}.",
            f"List it as a component with sha256 {record.output_sha256} and ingest the manifest with it.",
            place="$.output_sha256",
        )
    if run.register.subject_of(source.sha256) is not None:
        run.know(source, SCHEMA, places[0].checkpoint_id)
        return
    checked = check_record(run.stores.objects, record)
    run.stores.objects.put(run.bytes_of(source), source.sha256)
    note = f"of component {places[0].component.id}; compared with {WORDS[checked]}"
    item = Item(source.name, SCHEMA, source.sha256, places[0].checkpoint_id, note)
    drafts = [
        statements.minimised(run.by, place.component, place.checkpoint_id, record, source.sha256, checked)
        for place in places
    ]
    run.accept(source, item, *drafts)


class Files(Protocol):
    """The files on hand, by their digest."""

    def has(self, digest: str) -> bool:
        """Return whether the bytes are here."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes; raise NotFound or Tampered."""
        ...


def check_record(objects: Files, record: Minimisation) -> Checked:
    """Compare the record with the files that are on hand; raise BadInput where they say otherwise."""
    from exeat.evidence.written import of_all  # noqa: PLC0415 most ingests hold no such record

    if not objects.has(record.output_sha256):
        return "no file"
    output = _digests(objects.get(record.output_sha256))
    if len(output) != record.kept_count or of_all(output.items()) != record.kept_sha256:
        raise BadInput("The record is about other tensors than the minimised file holds.", AGAIN, place="$.kept")
    held = _by_shown_name(output, {one.name for one in record.kept})
    if any(one.sha256 not in held[one.name] for one in record.kept):
        raise BadInput("The record lists other tensors than the minimised file holds.", AGAIN, place="$.kept")
    if not objects.has(record.source_sha256):
        return "output"
    names = {one.source or one.name for one in record.kept}
    held = _by_shown_name(_digests(objects.get(record.source_sha256)), names)
    for i, one in enumerate(record.kept):
        if (one.was.sha256 if one.was else one.sha256) not in held[one.source or one.name]:
            raise BadInput(f"The tensor {one.name} is not that of the source.", AGAIN, place=f"$.kept[{i}]")
    return "both"


def _by_shown_name(digests: Mapping[str, str], listed: set[str]) -> defaultdict[str, set[str]]:
    """Return the digests by the names as a record shows them: cut, and with identifiers masked."""
    shown: defaultdict[str, set[str]] = defaultdict(set)
    for name, sha256 in digests.items():
        shown[name if name in listed else masked(name)[:MAX_NAME]].add(sha256)
    return shown


def _digests(data: bytes) -> dict[str, str]:
    """Return the digest of each tensor of a file by its name; nothing of the file is executed."""
    from exeat.evidence.written import digest_of_tensor  # noqa: PLC0415 the same

    with tempfile.TemporaryDirectory(prefix="exeat-") as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        with open_checkpoint(path) as opened:
            return {ref.name: digest_of_tensor(opened, ref) for ref in opened.tensors}
