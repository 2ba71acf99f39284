"""Move the dates of the sample documents, so that the sample is as fresh as on the day it was made.

Every date moves by the same number of days; digests of model files, figures and words stay. The documents that the
demo ingests therefore differ from the committed ones when it is loaded on another day, and say so in ``x_moved_days``.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from exeat.model.base import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MADE_ON = date(2026, 11, 24)
"""The day from which the committed documents tell their dates."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})")
_SACRO_TIME = re.compile(r"\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}")
_MANIFEST = "manifest_sha256"


def moved_text(text: str, days: int) -> str:
    """Return the text moved by some days when all of it is a date or a point in time; else as it is."""
    if _DAY.fullmatch(text):
        return (date.fromisoformat(text) + timedelta(days=days)).isoformat()
    if _MOMENT.fullmatch(text):
        return (datetime.fromisoformat(text) + timedelta(days=days)).isoformat()
    if _SACRO_TIME.fullmatch(text):
        pattern = "%d/%m/%Y %H:%M:%S"
        return (datetime.strptime(text, pattern) + timedelta(days=days)).strftime(pattern)  # noqa: DTZ007 no zone there
    return text


def moved(value: Any, days: int) -> Any:
    """Return a JSON value with every date in it moved."""
    if isinstance(value, dict):
        return {key: moved(item, days) for key, item in value.items()}
    if isinstance(value, list):
        return [moved(item, days) for item in value]
    return moved_text(value, days) if isinstance(value, str) else value


def stage(source: Path, target: Path, days: int) -> None:
    """Copy the sample folder, dates moved by ``days``, so that references by digest still hold."""
    names: dict[str, str] = {}
    for path in _in_order(source):
        data = path.read_bytes()
        new = _moved_document(data, days, names) if days and _is_document(path, source) else data
        names[digest_of(data)] = digest_of(new)
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(new)


def _in_order(source: Path) -> Iterator[Path]:
    """Yield what is referred to before what refers to it: files, manifests and reports, then bindings, proposals."""
    found = [p for folder in ("checkpoints", "reports", "releases") for p in sorted((source / folder).rglob("*"))]
    found = [path for path in found if path.is_file()]
    yield from (path for path in found if path.name != "binding.json")
    yield from (path for path in found if path.name == "binding.json")


def _is_document(path: Path, source: Path) -> bool:
    """Return whether the file is a document; components of a checkpoint stay byte for byte."""
    return path.name == "manifest.json" or path.relative_to(source).parts[0] != "checkpoints"


def _moved_document(data: bytes, days: int, names: dict[str, str]) -> bytes:
    value = moved(json.loads(data), days)
    if "schema" not in value:
        return json.dumps(value, indent=1).encode()
    if value["schema"] == "exeat-binding/1":
        value["files"] = {name: names.get(sha256, sha256) for name, sha256 in value["files"].items()}
        return json.dumps(value, indent=1).encode()
    if _MANIFEST in value:
        value[_MANIFEST] = names.get(value[_MANIFEST], value[_MANIFEST])
    return json.dumps(value | {"x_moved_days": days}, indent=1).encode()
