"""Answers of a person on the command line, ``PATH=VALUE``, in the form that the manifest wants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.manifest_path import steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.evidence.partial import Merged


def with_typed(merged: Merged, typed: Sequence[str]) -> Merged:
    """Return the merged description with answers; JSON where that fits (``[]``, ``30``, ``null``), or else text.

    Raises BadInput when one of them is not PATH=VALUE.
    """
    for one in typed:
        path, sign, text = one.partition("=")
        if not sign:
            raise BadInput(f"{one[:80]!r} is not PATH=VALUE.", "Write for example --set epoch=30 or --set seeds=[].")
        steps(path)
        answered = merged.with_answers({path: _json(text)})
        does_not_fit = any(gap.path == path and "does not fit" in gap.sentence for gap in answered.gaps)
        merged = merged.with_answers({path: text}) if does_not_fit else answered
    return merged


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return text
