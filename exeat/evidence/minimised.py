"""Take in the record of a minimised file, and compare it with the files as far as they are in the store."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from exeat.errors import BadInput
from exeat.evidence import statements
from exeat.evidence.files import places_of
from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.recognisers import masked
from exeat.evidence.intake import Item
from exeat.evidence.keeping import MAX_NAME
from exeat.evidence.statements import slug
from exeat.model.documents import parse_document
from exeat.model.inspection import Verdict
from exeat.model.minimisation import LISTED, Minimisation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.files import Listed
    from exeat.evidence.intake import Source
    from exeat.evidence.run import Run
    from exeat.ledger.statement import Draft

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
    new = [place for place in places if not _is_said(run, place, source.sha256)]
    if not new:
        run.know(source, SCHEMA, places[0].checkpoint_id)
        return
    checked = check_record(run.stores.objects, record)
    run.stores.objects.put(run.bytes_of(source), source.sha256)
    note = f"of component {new[0].component.id}; compared with {WORDS[checked]}"
    item = Item(source.name, SCHEMA, source.sha256, new[0].checkpoint_id, note)
    run.accept(source, item, *(_statement(run, place, record, source.sha256, checked) for place in new))


def _is_said(run: Run, place: Listed, record_sha256: str) -> bool:
    facts = run.register.checkpoint(place.checkpoint_id, statements.COMPONENT_MINIMISED)
    return any(fact.subject["minimisation"] == record_sha256 for fact in facts)


def _statement(run: Run, place: Listed, record: Minimisation, sha256: str, checked: Checked) -> Draft:
    """Return the statement; it counts channels as our own inspections found them, and none where there is none."""
    before = _channels(run, place.checkpoint_id, record.source_sha256)
    after = _channels(run, place.checkpoint_id, record.output_sha256)
    counts = {} if after is None else {"channels_left": len(after)}
    if before is not None and after is not None:
        counts["channels_closed"] = len(before - after)
    return statements.minimised(run.by, place.component, place.checkpoint_id, record, sha256, slug(checked), counts)


def _channels(run: Run, checkpoint_id: str, component_sha256: str) -> frozenset[str] | None:
    """Return the sorts of channel that the newest inspection of a file found; None without one that could read it."""
    facts = run.register.checkpoint(checkpoint_id, statements.COMPONENT_INSPECTED)
    found = [fact.body for fact in facts if fact.subject["component"] == component_sha256]
    if not found or found[-1]["verdict"] == Verdict.UNREADABLE:
        return None
    channels = found[-1]["channels"]
    return frozenset(channels) if isinstance(channels, dict) else None


class Files(Protocol):
    """The files on hand, by their digest."""

    def has(self, digest: str) -> bool:
        """Return whether the bytes are here."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes; raise NotFound or Tampered."""
        ...


def check_record(objects: Files, record: Minimisation) -> Checked:
    """Compare the record with the files that are on hand; raise BadInput where they, or its own counts, say otherwise.

    What cannot be compared here stays the word of whoever made the record.
    """
    _check_counts(record)
    if not objects.has(record.output_sha256):
        return "no file"
    _check_output(_read(objects.get(record.output_sha256)), record)
    if not objects.has(record.source_sha256):
        return "output"
    _check_source(_read(objects.get(record.source_sha256)), record)
    return "both"


def _check_counts(record: Minimisation) -> None:
    """Refuse a record whose counts contradict each other."""
    proof, changed = record.proof, [one for one in record.kept if one.was]
    if proof.identical + proof.changed != record.kept_count or len(record.kept) != min(record.kept_count, LISTED):
        raise BadInput("The record counts other tensors than it keeps.", AGAIN, place="$.proof")
    whole = len(record.kept) == record.kept_count
    if (whole and len(changed) != proof.changed) or proof.changed != (record.change.tensors if record.change else 0):
        raise BadInput("The record counts other changes of type than it lists.", AGAIN, place="$.proof.changed")


def _check_output(output: _File, record: Minimisation) -> None:
    from exeat.evidence.written import of_all  # noqa: PLC0415 most ingests hold no such record

    digests = {name: tensor.sha256 for name, tensor in output.tensors.items()}
    if len(digests) != record.kept_count or of_all(digests.items()) != record.kept_sha256:
        raise BadInput("The record is about other tensors than the minimised file holds.", AGAIN, place="$.kept")
    held = _by_shown_name(output.tensors, {one.name for one in record.kept})
    if any(_Tensor(one.dtype, one.shape, one.sha256) not in held[one.name] for one in record.kept):
        raise BadInput("The record lists other tensors than the minimised file holds.", AGAIN, place="$.kept")
    if output.bytes != record.output_bytes:
        raise BadInput("The minimised file has another size than the record says.", AGAIN, place="$.output_bytes")


def _check_source(source: _File, record: Minimisation) -> None:
    if (source.bytes, source.format) != (record.source_bytes, record.source_format):
        raise BadInput("The source has another size or format than the record says.", AGAIN, place="$.source_bytes")
    held = _by_shown_name(source.tensors, {one.source or one.name for one in record.kept})
    for i, one in enumerate(record.kept):
        was = one.was or one
        if _Tensor(was.dtype, one.shape, was.sha256) not in held[one.source or one.name]:
            raise BadInput(f"The tensor {one.name} is not that of the source.", AGAIN, place=f"$.kept[{i}]")


class _Tensor(NamedTuple):
    """What a record says of a tensor, and what the file holds."""

    dtype: str
    shape: tuple[int, ...]
    sha256: str


class _File(NamedTuple):
    """A file as read here; nothing of it is executed."""

    bytes: int
    format: str
    tensors: dict[str, _Tensor]


def _by_shown_name(tensors: Mapping[str, _Tensor], listed: set[str]) -> defaultdict[str, set[_Tensor]]:
    """Return the tensors by the names as a record shows them: cut, and with identifiers masked."""
    shown: defaultdict[str, set[_Tensor]] = defaultdict(set)
    for name, tensor in tensors.items():
        shown[name if name in listed else masked(name)[:MAX_NAME]].add(tensor)
    return shown


def _read(data: bytes) -> _File:
    from exeat.evidence.written import digest_of_tensor  # noqa: PLC0415 the same

    with tempfile.TemporaryDirectory(prefix="exeat-") as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        with open_checkpoint(path) as opened:
            tensors = {ref.name: _Tensor(ref.dtype, ref.shape, digest_of_tensor(opened, ref)) for ref in opened.tensors}
            return _File(opened.bytes, opened.format, tensors)
