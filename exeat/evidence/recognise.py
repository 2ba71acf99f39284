"""Tell what a file is by its content, never by its name; nothing is opened or executed on the way."""

from __future__ import annotations

import json
import re
from typing import Any

from exeat.errors import BadInput
from exeat.evidence.readers.reports import PICKLED, is_pickled, kind_of
from exeat.evidence.readers.shape import Peek
from exeat.model.documents import MAX_DOCUMENT_BYTES, parse_json

CHECKPOINT_FILE = "checkpoint-file"
RECORD_ARRAYS = "record-arrays"
ACCESS_EVENTS = "exeat-access-event/1"
ACCESS_PARQUET = "access-parquet"
BINDING = "exeat-binding/1"
SACROML = ("sacroml/1", "sacroml/2")
CANONICAL = (
    *(ACCESS_EVENTS, BINDING, "exeat-manifest/1", "exeat-minimisation/1", "exeat-policy/1", "exeat-release/1"),
    "exeat-risk-report/1",
)
WHAT_EXEAT_READS = (
    "Exeat reads manifests, risk reports, release proposals, policies, bindings and records of minimised files of its "
    "own schemas (exeat schema prints each), access events as JSON lines or Parquet, and reports of SACRO-ML, LeakPro, "
    "Privacy Meter, PrivacyGuard, dp-accounting, Opacus, modelscan, picklescan, modelaudit and fickling. "
    "List other files of a checkpoint as components in its manifest."
)
MAX_LINE_BYTES = 64 * 2**10
"""Longest line of an access log, in bytes."""

_FIRST_KEY = re.compile(rb'\s*\{\s*"schema"\s*:\s*"([a-z0-9/-]{1,60})"')
_SACROML = re.compile(rb'"sacroml_version"\s*:\s*"(\d{1,3})\.')
_SAFETENSORS = re.compile(rb'[\s\S]{8}\{\s*"')
_TOML_SCHEMA = re.compile(rb'^schema\s*=\s*"exeat-policy/1"', re.MULTILINE)
_RECORD_ROWS = re.compile(rb"record,is_member,[\w,]{1,2000}\r?\n")
_CHECKPOINT_MAGIC = (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x93NUMPY", b"GGUF", b"\x1f\x8b")


def recognise(data: bytes, size: int | None = None) -> str:
    """Return the kind of a document from its bytes (or its first bytes when ``size`` says there are more).

    Raises BadInput when it is nothing that Exeat reads, with the list of what it does read.
    """
    size = len(data) if size is None else size
    return _binary_kind(data, size) or _text_kind(data, size)


def is_checkpoint_file(data: bytes, size: int) -> bool:
    """Return whether the first bytes are those of a file that holds tensors."""
    return _binary_kind(data, size) == CHECKPOINT_FILE


def _binary_kind(data: bytes, size: int) -> str | None:
    if data.startswith(b"PAR1"):
        return ACCESS_PARQUET
    if data.startswith(b"PK\x03\x04") and re.match(rb"[\s\S]{30}[\w./-]{1,200}?\.npy", data):
        return kind_of(data, size) or RECORD_ARRAYS
    if _RECORD_ROWS.match(data):
        return RECORD_ARRAYS
    if is_pickled(data):
        return PICKLED
    if data.startswith(b"\x80") and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return CHECKPOINT_FILE
    return CHECKPOINT_FILE if data.startswith(_CHECKPOINT_MAGIC) or _is_safetensors(data) else None


def _is_safetensors(data: bytes) -> bool:
    return _SAFETENSORS.match(data) is not None and 2 <= int.from_bytes(data[:8], "little") <= 100 * 2**20  # noqa: PLR2004


def _text_kind(data: bytes, size: int) -> str:
    first = _FIRST_KEY.match(data)
    if first:
        return _canonical(first[1].decode())
    if _TOML_SCHEMA.search(data):
        return "exeat-policy/1"
    if _is_event_line(data.lstrip().split(b"\n", 1)[0]):
        return ACCESS_EVENTS
    check_document_size(size)
    return _json_kind(data)


def check_document_size(size: int) -> None:
    """Refuse a document over the limit."""
    if size > MAX_DOCUMENT_BYTES:
        raise BadInput(
            f"The file has {size:,} bytes; a document may have {MAX_DOCUMENT_BYTES:,}.",
            "Split it, or move arrays and per-record rows out of it.",
        )


def _canonical(schema: str) -> str:
    if schema not in CANONICAL:
        raise BadInput(
            f'The schema "{schema}" is not one that Exeat reads.', f"Known: {', '.join(CANONICAL)}.", place="$.schema"
        )
    return schema


def _json_kind(data: bytes) -> str:
    if not data.strip():
        raise BadInput("The file is empty.", "Export it again.")
    if data.lstrip()[:1] != b"{":
        if kind := kind_of(data):
            return kind
        raise _unknown(data)
    version = _SACROML.search(data)
    if version:
        return "sacroml/1" if version[1] in (b"0", b"1") else "sacroml/2"
    value = parse_json(data, lenient_numbers=True)
    if isinstance(value.get("schema"), str):
        return _canonical(value["schema"][:60])
    if kind := kind_of(data):
        return kind
    raise _unknown(data)


def _is_event_line(line: bytes) -> bool:
    if len(line) > MAX_LINE_BYTES or b"exeat-access-event/1" not in line:
        return False
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("schema") == ACCESS_EVENTS


def _unknown(data: bytes) -> BadInput:
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return BadInput("The file begins with a byte-order mark.", "Save it as plain UTF-8 without one.")
    return _foreign_manifest(data) or BadInput("This is not a format Exeat reads.", WHAT_EXEAT_READS)


def _foreign_manifest(data: bytes) -> BadInput | None:
    """Return the refusal of a format that describes a checkpoint in part, with the way to a manifest."""
    from exeat.evidence.readers.manifests import reader_of  # noqa: PLC0415 it asks this module what a checkpoint is

    reader = reader_of(Peek(data))
    if reader is None:
        return None
    title = reader.title[:1].upper() + reader.title[1:]
    return BadInput(
        f"This is {reader.title}: it describes a checkpoint in part, and intake takes whole manifests.",
        f"{title} becomes one with exeat describe, or on the page Prepare a release, which shows what is missing. To "
        "keep the file itself, list it as a component.",
    )
