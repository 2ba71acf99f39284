"""Read untrusted bytes as one canonical document: size cap, duplicate keys, depth, located errors."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from exeat.errors import BadInput
from exeat.model.access_event import AccessEvent
from exeat.model.inspection import Inspection
from exeat.model.manifest import Manifest
from exeat.model.minimisation import Minimisation
from exeat.model.policy import Policy
from exeat.model.release import Proposal
from exeat.model.risk_report import RiskReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.model.base import Document

MAX_DOCUMENT_BYTES = 8 * 2**20
MAX_DEPTH = 40
MAX_KEYS = 5000
MAX_TOML_BYTES = 256 * 2**10
MAX_TOML_LINE = 1000
"""Long dotted keys cost the TOML parser the square of their length."""
SCHEMAS: Mapping[str, type[Document]] = {
    "exeat-access-event/1": AccessEvent,
    "exeat-inspection/1": Inspection,
    "exeat-manifest/1": Manifest,
    "exeat-minimisation/1": Minimisation,
    "exeat-policy/1": Policy,
    "exeat-release/1": Proposal,
    "exeat-risk-report/1": RiskReport,
}
D = TypeVar("D", bound="Document")
_NESTING = (dict, list)


class _DuplicateKey(ValueError):
    """A JSON object names one key twice."""


def _first_twice(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return key
        seen.add(key)
    return ""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _DuplicateKey(_first_twice(pairs)[:60])
    if len(pairs) > MAX_KEYS:
        msg = f"an object has {len(pairs):,} keys, more than {MAX_KEYS:,}"
        raise ValueError(msg)
    return result


def _refuse_constant(name: str) -> float:
    msg = f"{name} is not JSON; a value that was not measured is null with a reason"
    raise ValueError(msg)


def _null(_name: str) -> None:
    """Read a number that is none as missing."""


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
_LENIENT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_null)


def check_size(data: bytes, limit: int = MAX_DOCUMENT_BYTES) -> None:
    """Refuse bytes over the limit."""
    if len(data) > limit:
        raise BadInput(
            f"The document has {len(data):,} bytes; the limit is {limit:,}.",
            "Split it, or move arrays and per-record rows out of it.",
        )


def _depth(value: dict[str, Any] | list[Any], limit: int) -> None:
    level: list[Any] = [value]
    for _ in range(limit):
        level = [
            child
            for item in level
            for child in (item.values() if type(item) is dict else item)
            if type(child) in _NESTING
        ]
        if not level:
            return
    raise BadInput(f"The document is nested deeper than {limit} levels.", "Flatten it; no known format needs this.")


def parse_json(data: bytes, *, lenient_numbers: bool = False) -> Any:
    """Parse strict JSON: UTF-8, no duplicate keys, no NaN or Infinity, bounded size and depth.

    ``lenient_numbers`` reads NaN and Infinity, which some foreign formats write, as null.
    Raises BadInput with a sentence that says where.
    """
    check_size(data)
    try:
        value = (_LENIENT if lenient_numbers else _STRICT).decode(data.decode())
    except _DuplicateKey as exc:
        raise BadInput(f"The key {exc.args[0]!r} stands twice in one object.", "Keep one of the two.") from exc
    except RecursionError as exc:
        raise BadInput(f"The document is nested deeper than {MAX_DEPTH} levels.", "Flatten it.") from exc
    except UnicodeDecodeError as exc:
        raise BadInput(f"The file is not UTF-8 text (byte {exc.start}).", "Save it as UTF-8.") from exc
    except json.JSONDecodeError as exc:
        place = f"line {exc.lineno}, column {exc.colno}"
        raise BadInput(f"The file is not valid JSON: {exc.msg} at {place}.", "Export it again.", place=place) from exc
    except ValueError as exc:
        raise BadInput(f"The file is not valid JSON: {str(exc)[:200]}.", "Correct it and ingest again.") from exc
    if type(value) in _NESTING:
        _depth(value, MAX_DEPTH)
    return value


def json_path(loc: tuple[int | str, ...]) -> str:
    """Return a JSON path such as ``$.indicators[3].value``."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{str(part)[:60]}" for part in loc)


def validation_to_bad_input(exc: ValidationError, what: str) -> BadInput:
    """Turn pydantic's error into one located sentence."""
    errors = exc.errors(include_url=False, include_input=False)
    first = errors[0]
    place = json_path(first["loc"])
    message = first["msg"].removeprefix("Value error, ")[:300]
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return BadInput(
        f"{what} is not valid at {place}: {message}{more}.",
        f"Compare it with: exeat schema {what}",
        place=place,
    )


def parse_document(data: bytes, kind: type[D]) -> D:
    """Parse untrusted bytes (JSON; TOML for policies) as the document class, or raise BadInput."""
    name = next(name for name, cls in SCHEMAS.items() if cls is kind)
    try:
        if kind is Policy and not data.lstrip().startswith(b"{"):
            return kind.model_validate_json(_toml_as_json(data))
        parse_json(data)
        return kind.model_validate_json(data)
    except ValidationError as exc:
        raise validation_to_bad_input(exc, name) from exc


def _toml_as_json(data: bytes) -> bytes:
    check_size(data, MAX_TOML_BYTES)
    if any(len(line) > MAX_TOML_LINE for line in data.splitlines()):
        raise BadInput(f"A line of the policy is longer than {MAX_TOML_LINE} bytes.", "Break it into several lines.")
    try:
        return json.dumps(tomllib.loads(data.decode()), default=str).encode()
    except (ValueError, RecursionError) as exc:
        raise BadInput(f"The policy is not valid TOML: {str(exc)[:200]}.", "Correct the line named.") from exc
