"""What submitting hands to intake: the manifest, the reports with their bindings, the model files, the proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import Incomplete
from exeat.model.base import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.model.draft import DraftFile
    from exeat.prepare.views import Prepared


class Bundle(NamedTuple):
    """Named bytes for intake, and the digest of the proposal among them."""

    files: tuple[tuple[str, bytes], ...]
    proposal_sha256: str


def bundle_of(view: Prepared, data: Callable[[DraftFile], bytes]) -> Bundle:
    """Return the files of a complete draft; raise Incomplete when it is none."""
    if view.described is None or view.proposal is None:
        raise Incomplete("Something is missing in this draft.", "Fill it in first.")
    listed = {part.sha256 for part in view.described.manifest.components}
    parts = [file for file in view.draft.files if file.sha256 in listed]
    used = [file for file in view.tied.used if file not in parts]
    proposal = view.proposal.to_bytes()
    written = [(f"binding-{i}.json", binding.to_bytes()) for i, binding in enumerate(view.tied.bindings, 1)]
    files = [
        ("manifest.json", view.described.data),
        *written,
        *((file.name, data(file)) for file in (*used, *parts)),
        ("proposal.json", proposal),
    ]
    return Bundle(tuple(files), digest_of(proposal))
