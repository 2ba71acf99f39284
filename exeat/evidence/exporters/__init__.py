"""Write a manifest in the words of other projects, so that our own readers give the same manifest back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.exporters import cyclonedx, hugging_face
from exeat.evidence.exporters.fitted import Format, fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.model.manifest import Manifest

FORMATS: Mapping[str, Format] = {"hugging-face": hugging_face.FORMAT, "cyclonedx": cyclonedx.FORMAT}
"""By the name that ``exeat export --as`` takes."""


def export(manifest: Manifest, form: str) -> bytes:
    """Return the manifest in that format; raise BadInput when reading it back would not give the same manifest."""
    return fitted(manifest, FORMATS[form])


__all__ = ["FORMATS", "Format", "export"]
