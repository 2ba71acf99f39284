"""Files that are not documents: components of a checkpoint, arrays of attack scores, and what nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.evidence import statements, walk
from exeat.evidence.canonical import components_of
from exeat.evidence.intake import Item
from exeat.evidence.recognise import CHECKPOINT_FILE, RECORD_ARRAYS, recognise
from exeat.model.manifest import Manifest

if TYPE_CHECKING:
    from exeat.evidence.intake import Source
    from exeat.evidence.run import Run
    from exeat.model.manifest import Component


class _Listed(NamedTuple):
    """Where a manifest lists a file."""

    component: Component
    manifest: str
    checkpoint_id: str


def is_component(run: Run, source: Source) -> bool:
    """Return whether a registered manifest lists the file."""
    return _listed(run, source.sha256) is not None


def take_checkpoint_file(run: Run, source: Source) -> None:
    """Keep a model file that a registered manifest lists by digest; its content is never opened."""
    listed = _listed(run, source.sha256)
    if listed is None:
        raise BadInput(
            "This looks like a checkpoint file; Exeat never opens one at intake, and no registered manifest lists it.",
            f"List it as a component with sha256 {source.sha256} in the checkpoint's manifest and ingest both. "
            "Looking inside without executing it will come with: exeat inspect",
        )
    _keep(run, source, listed)


def take_unknown(run: Run, source: Source) -> None:
    """Keep a file of any format that a registered manifest lists as a component; refuse every other."""
    listed = _listed(run, source.sha256)
    if listed is None:
        recognise(source.head or walk.again(source), source.size)
        raise BadInput("This is not a format Exeat reads.", "See docs/formats.md.")
    _keep(run, source, listed)


def take_arrays(run: Run, source: Source) -> None:
    """Leave NumPy arrays outside unless a manifest lists them: per-record attack scores tell who was a member."""
    listed = _listed(run, source.sha256)
    if listed is not None:
        _keep(run, source, listed)
        return
    error = BadInput(
        "These are NumPy arrays, as attack tools write per-record scores; such scores are membership data themselves "
        "and stay outside. Nothing of the file was kept.",
        "Keep it where the training data is kept. A report names it by digest when a binding lists it.",
    )
    run.reject(source, error, kind=RECORD_ARRAYS, keep=False)


def _keep(run: Run, source: Source, listed: _Listed) -> None:
    if source.size > run.keep_bytes:
        raise BadInput(
            f"The file has {source.size:,} bytes; intake keeps checkpoint files up to {run.keep_bytes:,}.",
            "Leave it where it is: the manifest names it by digest. Raise max_checkpoint_bytes to keep it here.",
        )
    note = f"component {listed.component.id}"
    if run.register.subject_of(source.sha256) is not None:
        run.know(source, CHECKPOINT_FILE, listed.checkpoint_id, note)
        return
    data = source.data if source.data is not None else walk.again(source, run.keep_bytes)
    run.stores.objects.put(data, source.sha256)
    item = Item(source.name, CHECKPOINT_FILE, source.sha256, listed.checkpoint_id, note)
    run.accept(source, item, statements.received(run.by, listed.component, listed.checkpoint_id, listed.manifest))


def _listed(run: Run, sha256: str) -> _Listed | None:
    """Look in the manifests of this ingest first, then once in all that are registered."""
    if sha256 not in run.listing.manifest_of and not run.listing.complete:
        run.listing.complete = True
        for fact in run.register.all_registered():
            components_of(run, fact.subject["manifest"])
    manifest_sha256 = run.listing.manifest_of.get(sha256)
    if manifest_sha256 is None:
        return None
    manifest = run.stores.library.document(manifest_sha256, Manifest)
    component = next(c for c in manifest.components if c.sha256 == sha256)
    return _Listed(component, manifest_sha256, manifest.checkpoint_id)
