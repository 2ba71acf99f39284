"""Paths into our manifest, ``dp.epsilon`` or ``metrics[test-roc-auc].n``: list parts and map entries by their key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exeat.errors import BadInput

LISTS: Mapping[str, str] = {
    "seeds": "name",
    "data_sources": "id",
    "components": "id",
    "safeguards": "id",
    "masked": "what",
    "metrics": "id",
    "reproducibility": "part",
    "leakage_channels": "channel",
}
"""Lists of the manifest whose parts are told apart by one field."""
MAPS = frozenset({"hyperparameters", "units", "parameters", "delete_components_at"})
"""Fields whose keys the author chooses; a path names them in brackets: ``hyperparameters[batch_size]``."""
MAX_PATH = 400
_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\[\]]+)\]")


def item(parent: str, key: str, field: str = "") -> str:
    """Return the path of one list part or map entry; brackets in the key become parentheses."""
    inside = " ".join(key.translate({ord("["): "(", ord("]"): ")"}).split())[:200] or "?"
    return f"{parent}[{inside}]" + (f".{field}" if field else "")


def steps(path: str) -> tuple[str, ...]:
    """Split a path: plain names as they are, keys as ``[key]``; raise BadInput when it is not a path."""
    found = list(_STEP.finditer(path[:MAX_PATH]))
    if not found or "".join(m[0] for m in found) != path or path.startswith((".", "[")):
        raise BadInput(f"{path[:80]!r} is not a path of a manifest.", "Write for example dp.epsilon or metrics[auc].n.")
    return tuple(m[1] if m[2] is None else f"[{m[2]}]" for m in found)


def flatten(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves below a path: parts of parts, list parts by their key, entries of maps; ``x_…`` is one leaf."""
    pending = [(path, value)]
    while pending:
        here, found = pending.pop()
        children = _children(here, found)
        if children is None:
            yield here, found
        else:
            pending += reversed(children)


def _children(path: str, value: Any) -> list[tuple[str, Any]] | None:
    name = path.rsplit(".", 1)[-1]
    if name.startswith("x_"):
        return None
    if isinstance(value, Mapping) and value:
        if name in MAPS:
            return [(item(path, str(key)), child) for key, child in value.items()]
        return [(f"{path}.{key}" if path else str(key), child) for key, child in value.items()]
    key_field = LISTS.get(path)
    if key_field and isinstance(value, Sequence) and not isinstance(value, str) and value:
        return list(zip(part_paths(path, value), value, strict=True))
    return None


def part_paths(path: str, parts: Sequence[Any]) -> Iterator[str]:
    """Yield the path of each part; the second of one key is ``metrics[accuracy #2]``, its ``id`` stays as it is."""
    key_field = LISTS[path]
    seen: dict[str, int] = {}
    for i, part in enumerate(parts):
        named = part.get(key_field) if isinstance(part, Mapping) else None
        key = str(named or i)
        seen[key] = seen.get(key, 0) + 1
        yield item(path, key if seen[key] == 1 else f"{key} #{seen[key]}")


def nest(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Build the nested document from leaves by path; list parts keep the order in which they were first named."""
    root: dict[str, Any] = {}
    for path, value in leaves.items():
        _put(root, steps(path), value)
    return {name: _as_list(name, part) for name, part in root.items()}


def _put(node: dict[str, Any], way: tuple[str, ...], value: Any) -> None:
    for step in way[:-1]:
        below = node.setdefault(step.strip("[]"), {})
        if not isinstance(below, dict):
            return
        node = below
    node.setdefault(way[-1].strip("[]"), value)


def _as_list(name: str, part: Any) -> Any:
    key_field = LISTS.get(name)
    if key_field is None or not isinstance(part, dict):
        return part
    return [{key_field: key, **fields} if isinstance(fields, dict) else fields for key, fields in part.items()]
