"""Write docs/schemas.md from the pydantic models; tests/unit/test_docs.py fails when the file lags."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from exeat.cli.schema import NAMES  # noqa: E402 the checkout first

INTRO = """# Canonical documents

Written by `python tools/make_schema_docs.py` from `exeat/model/`; do not edit by hand.
`exeat schema NAME` prints the JSON Schema.

Units are fixed: **rates are fractions in [0, 1]**, exposure is in bits, epsilon is dimensionless and stands with its
delta, sizes are in bytes, durations in days, moments in UTC with zone. **Decimals are written as text** (`"0.048"`),
because a JSON number is not exact. Unknown fields are refused; your own start with `x_`. A document has at most 8 MiB
and 40 levels; a key may stand once in an object.
"""


def _shown(type_: dict[str, Any]) -> str:  # noqa: PLR0911 one line per JSON Schema keyword
    if "$ref" in type_:
        name = type_["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in type_:
        return f"`{type_['const']}`"
    if "enum" in type_:
        return " or ".join(f"`{value}`" for value in type_["enum"])
    if "anyOf" in type_:
        parts = [_shown(part) for part in type_["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(parts))
    if type_.get("type") == "array":
        return f"list of {_shown(type_.get('items', {}))}"
    if type_.get("type") == "object":
        return f"map to {_shown(type_.get('additionalProperties') or {})}"
    if type_.get("format"):
        return str(type_["format"])
    return {"string": "text", "integer": "whole number"}.get(str(type_.get("type")), str(type_.get("type", "any")))


def _bounds(type_: dict[str, Any]) -> str:
    inner = next((part for part in type_.get("anyOf", ()) if part.get("type") != "null"), type_)
    low, high = inner.get("minimum"), inner.get("maximum")
    if low is not None and high is not None:
        return f", {low:,} to {high:,}"
    limits = {"minLength": "at least {} characters", "maxLength": "at most {} characters", "minimum": "at least {}"}
    return "".join(", " + text.format(inner[key]) for key, text in limits.items() if key in inner)


def _rows(schema: dict[str, Any]) -> list[str]:
    required = set(schema.get("required", ()))
    rows = ["| Field | Type | |", "|---|---|---|"]
    for name, type_ in schema.get("properties", {}).items():
        need = "required" if name in required else ""
        rows.append(f"| `{name}` | {_shown(type_)}{_bounds(type_)} | {need} |")
    return rows


def _section(title: str, schema: dict[str, Any], level: str) -> str:
    body = [", ".join(f"`{value}`" for value in schema["enum"])] if "enum" in schema else _rows(schema)
    words = " ".join(str(schema.get("description", "")).split()).replace("``", "`")
    return "\n".join([f"{level} {title}", "", words, "", *body, ""])


def markdown() -> str:
    """Return the whole page."""
    parts: dict[str, dict[str, Any]] = {}
    sections = [INTRO]
    for name, model in sorted(NAMES.items()):
        schema = model.model_json_schema(by_alias=True)
        parts |= schema.pop("$defs", {})
        sections.append(_section(name, schema, "##"))
    sections.append("# Parts\n")
    sections += [_section(name, part, "##") for name, part in sorted(parts.items())]
    return "\n".join(sections)


if __name__ == "__main__":
    (ROOT / "docs" / "schemas.md").write_text(markdown(), encoding="utf-8")
