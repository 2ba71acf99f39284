"""Files that are not documents: components of a checkpoint, arrays of attack scores, and what nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput, NotFound, Tampered
from exeat.evidence import statements, walk
from exeat.evidence.canonical import components_of
from exeat.evidence.intake import Item
from exeat.evidence.recognise import CHECKPOINT_FILE, RECORD_ARRAYS, WHAT_EXEAT_READS, recognise
from exeat.model.inspection import INSPECTOR, Inspection
from exeat.model.manifest import Manifest
from exeat.policy.contents import HOLD_TENSORS

if TYPE_CHECKING:
    from exeat.evidence.inspecting import Looked
    from exeat.evidence.intake import Source
    from exeat.evidence.run import Run
    from exeat.model.manifest import Component


class Listed(NamedTuple):
    """Where a manifest lists a file."""

    component: Component
    manifest: str
    checkpoint_id: str


def is_component(run: Run, source: Source) -> bool:
    """Return whether a registered manifest lists the file."""
    return bool(places_of(run, source.sha256))


def take_checkpoint_file(run: Run, source: Source) -> None:
    """Keep a model file that a registered manifest lists by digest, and look inside without executing it."""
    listed = places_of(run, source.sha256)
    if not listed:
        raise BadInput(
            "This looks like a checkpoint file, and no registered manifest lists it.",
            f"List it as a component with sha256 {source.sha256} in the checkpoint's manifest and ingest both. "
            "To look inside without executing it: exeat inspect",
        )
    _keep(run, source, listed, inspected=True)


def take_unknown(run: Run, source: Source) -> None:
    """Keep a file of any format that a registered manifest lists as a component; refuse every other."""
    listed = places_of(run, source.sha256)
    if not listed:
        recognise(source.head or walk.again(source), source.size)
        raise BadInput("This is not a format Exeat reads.", WHAT_EXEAT_READS)
    _keep(run, source, listed)


def take_arrays(run: Run, source: Source) -> None:
    """Leave NumPy arrays outside unless a manifest lists them: per-record attack scores tell who was a member."""
    listed = places_of(run, source.sha256)
    if listed:
        _keep(run, source, listed)
        return
    error = BadInput(
        "These are NumPy arrays, as attack tools write per-record scores; such scores are membership data themselves "
        "and stay outside. Nothing of the file was kept.",
        "Keep it where the training data is kept. A report names it by digest when a binding lists it.",
    )
    run.reject(source, error, kind=RECORD_ARRAYS, keep=False)


def _keep(run: Run, source: Source, listed: list[Listed], *, inspected: bool = False) -> None:
    if source.size > run.keep_bytes:
        raise BadInput(
            f"The file has {source.size:,} bytes; intake keeps checkpoint files up to {run.keep_bytes:,}.",
            "Leave it where it is: the manifest names it by digest. Raise max_checkpoint_bytes to keep it here.",
        )
    new = [place for place in listed if not _said(run, place, statements.COMPONENT_RECEIVED)]
    inspected = inspected or any(place.component.kind in HOLD_TENSORS for place in listed)
    unseen = [place for place in listed if inspected and not _is_inspected(run, place)]
    note = f"component {listed[0].component.id}"
    if not new and not unseen:
        run.know(source, CHECKPOINT_FILE, listed[0].checkpoint_id, note)
        return
    data = source.data if source.data is not None else walk.again(source, run.keep_bytes)
    drafts = [statements.received(run.by, one.component, one.checkpoint_id, one.manifest) for one in new]
    if unseen:
        looked = _look(run, source, data)
        drafts += [statements.inspected(run.by, one.component, one.checkpoint_id, looked) for one in unseen]
        note = f"{note}; {looked.note}"
    run.stores.objects.put(data, source.sha256)
    item = Item(source.name, CHECKPOINT_FILE, source.sha256, (new or unseen)[0].checkpoint_id, note)
    run.accept(source, item, *drafts)


def _look(run: Run, source: Source, data: bytes) -> Looked:
    """Inspect a file and keep the inspection."""
    looked = run.inspector.look(source.name, data)
    run.stores.objects.put(looked.data, looked.sha256)
    return looked


def _is_inspected(run: Run, place: Listed) -> bool:
    """Return whether the newest inspection of the file is by the inspector of today: an older one judged otherwise."""
    facts = run.register.checkpoint(place.checkpoint_id, statements.COMPONENT_INSPECTED)
    digests = [f.subject["inspection"] for f in facts if f.subject["component"] == place.component.sha256]
    if not digests:
        return False
    try:
        return run.stores.library.document(digests[-1], Inspection).inspector >= INSPECTOR
    except (NotFound, Tampered):
        return False


def _said(run: Run, place: Listed, kind: str) -> bool:
    facts = run.register.checkpoint(place.checkpoint_id, kind)
    return any(fact.subject["component"] == place.component.sha256 for fact in facts)


def places_of(run: Run, sha256: str) -> list[Listed]:
    """Look in every registered manifest, read once per ingest; several checkpoints may share a file.

    Those of which the author of this ingest may not speak are left out.
    """
    if not run.listing.complete:
        run.listing.complete = True
        for fact in run.register.all_registered():
            components_of(run, fact.subject["manifest"])
    ids = sorted(run.listing.checkpoints_of.get(sha256, ()))
    if run.rule is not None:
        ids = [checkpoint_id for checkpoint_id in ids if run.rule.speaks_of(run.register, checkpoint_id)]
    return [_place(run, checkpoint_id, sha256) for checkpoint_id in ids]


def _place(run: Run, checkpoint_id: str, sha256: str) -> Listed:
    """Return the newest manifest of the checkpoint that lists the file."""
    facts = run.register.checkpoint(checkpoint_id, statements.CHECKPOINT_REGISTERED)
    manifests = [fact.subject["manifest"] for fact in facts]
    newest = next(m for m in reversed(manifests) if sha256 in components_of(run, m))
    manifest = run.stores.library.document(newest, Manifest)
    component = next(c for c in manifest.components if c.sha256 == sha256)
    return Listed(component, newest, checkpoint_id)
