"""More than 300 inputs that are not what they should be, generated; nothing large or hostile lies in the repository."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from exeat.policy.adoption import load_default
from tests.unit.evidence.factories_evidence import as_bytes, binding, event, indicator, manifest, proposal, report, sha

if TYPE_CHECKING:
    from collections.abc import Iterator

SACROML = (Path(__file__).parents[2] / "data" / "evidence" / "sacroml_lira" / "report.json").read_bytes()
GOOD_MANIFEST = as_bytes(manifest())
GOOD_REPORT = as_bytes(report())
HUGE = 100 * 10**6


class Malformed(NamedTuple):
    """One input and words that its rejection must hold."""

    name: str
    data: bytes
    words: str = ""


def canonical() -> dict[str, dict[str, Any]]:
    return {
        "manifest": manifest(checkpoint_id="bad-v1"),
        "report": report(report_id="bad-1"),
        "proposal": proposal(release_id="bad-release", manifest_sha256=sha(GOOD_MANIFEST)),
        "binding": binding(files={"x.json": sha("x")}),
        "event": event(source_event_id="bad"),
    }


def corpus() -> list[Malformed]:
    """Return all of them, every name once."""
    parts = (truncated, wrong_types, missing, hidden_paths, broken_json, encodings, binaries, wrong_meaning, foreign)
    return [one for part in parts for one in part()]


def truncated() -> Iterator[Malformed]:
    whole = {name: as_bytes(document) for name, document in canonical().items()}
    for name, data in whole.items():
        for i in range(1, 13):
            yield Malformed(f"truncated-{name}-{i}", data[: len(data) * i // 13])
    policy = load_default()
    for i in range(1, 9):
        yield Malformed(f"truncated-policy-{i}", policy[: len(policy) * i // 9 - 1])


def wrong_types() -> Iterator[Malformed]:
    """Put a value of no field's type in every field."""
    for name, document in canonical().items():
        for field in document:
            for i, value in enumerate(({"a": {}}, 1.5, [[None]])):
                yield Malformed(f"type-{name}-{field}-{i}", as_bytes(document | {field: value}))
    for field in indicator():
        changed = report(report_id="bad-1", indicators=[indicator(**{field: {"a": []}})])
        yield Malformed(f"type-indicator-{field}", as_bytes(changed), f"indicators[0].{field}")


OPTIONAL = {"no_safeguards_reason", "bytes", "tier"}


def missing() -> Iterator[Malformed]:
    for name, document in canonical().items():
        for field in sorted(document.keys() - OPTIONAL):
            rest = {key: value for key, value in document.items() if key != field}
            yield Malformed(f"missing-{name}-{field}", as_bytes(rest))


def hidden_paths() -> Iterator[Malformed]:
    """Component paths that would lead out of the folder."""
    paths = [
        "../../etc/passwd",
        "/etc/passwd",
        "a/../../b",
        "..",
        "C:\\x",
        "..\\x",
        "file:///etc/passwd",
        "a\u0000b",
        "",
        "a\nb",
    ]
    for i, path in enumerate(paths):
        document = manifest(checkpoint_id="bad-v1")
        document["components"][0]["path"] = path
        yield Malformed(f"path-{i}", as_bytes(document), "components[0].path")
        yield Malformed(f"binding-path-{i}", as_bytes(binding(files={path: sha("x")})), "files")


def broken_json() -> Iterator[Malformed]:
    head = b'{"schema": "exeat-manifest/1", '
    deep = GOOD_MANIFEST[:-1] + b', "x_deep": '
    yield Malformed("nan", GOOD_MANIFEST.replace(b'"epoch": 20', b'"epoch": NaN'), "NaN")
    yield Malformed("infinity", GOOD_MANIFEST.replace(b'"epoch": 20', b'"epoch": -Infinity'), "Infinity")
    yield Malformed("nan-text", GOOD_REPORT.replace(b'"0.58"', b'"NaN"'), "value")
    yield Malformed("infinite-float", GOOD_MANIFEST.replace(b'"epoch": 20', b'"epoch": 1e999'), "epoch")
    yield Malformed("huge-int", GOOD_MANIFEST.replace(b'"epoch": 20', b'"epoch": ' + b"9" * 5000), "not valid")
    yield Malformed("large-int", GOOD_MANIFEST.replace(b'"epoch": 20', b'"epoch": 9007199254740993'), "epoch")
    yield Malformed("negative", GOOD_MANIFEST.replace(b'"epoch": 20', b'"epoch": -1'), "epoch")
    yield Malformed(
        "duplicate-key", GOOD_MANIFEST.replace(b'"epoch": 20', b'"epoch": 20, "epoch": 21'), "'epoch' stands twice"
    )
    yield Malformed("duplicate-schema", head + GOOD_MANIFEST[1:], "'schema' stands twice")
    yield Malformed(
        "nested-duplicate", GOOD_MANIFEST.replace(b'"family": "mlp"', b'"family": "x", "family": "mlp"'), "twice"
    )
    yield Malformed("deep-60", deep + b"[" * 60 + b"]" * 60 + b"}", "nested deeper")
    yield Malformed("deep-100000", deep + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper")
    yield Malformed("deep-objects", b'{"a":' * 50_000, "nested deeper")
    yield Malformed("deep-lists", b"[" * 1_000_000, "not a format")
    yield Malformed("two-documents", GOOD_MANIFEST + b"\n" + GOOD_MANIFEST, "Extra data")
    yield Malformed("trailing-comma", GOOD_MANIFEST[:-1] + b",}", "not valid JSON")
    yield Malformed("single-quotes", GOOD_MANIFEST.replace(b'"', b"'"), "not valid JSON")
    yield Malformed("comment", b"// a comment\n" + GOOD_MANIFEST, "not a format")
    yield Malformed("unknown-field", GOOD_MANIFEST[:-1] + b', "surprise": 1}', "unknown field 'surprise'")
    yield Malformed("another-schema", b'{"schema": "other/1"}', "not one that Exeat reads")
    yield Malformed("future-schema", GOOD_MANIFEST.replace(b"manifest/1", b"manifest/2"), "not one that Exeat reads")
    yield Malformed(
        "schema-of-another", GOOD_MANIFEST.replace(b"exeat-manifest/1", b"exeat-release/1"), "exeat-release/1"
    )


def encodings() -> Iterator[Malformed]:
    text = GOOD_MANIFEST.decode()
    yield Malformed("bom", b"\xef\xbb\xbf" + GOOD_MANIFEST, "byte-order mark")
    for name in ("utf-16", "utf-16-le", "utf-32"):
        yield Malformed(name, text.encode(name))
    yield Malformed("latin-1", text.replace("Tumour", "Tumeur d\u00e9").encode("latin-1"), "not UTF-8")
    yield Malformed("lone-surrogate", GOOD_MANIFEST.replace(b"Tumour", b"\\ud800"), "not valid")
    yield Malformed("surrogate-bytes", GOOD_MANIFEST.replace(b"Tumour", b"\xed\xa0\x80"), "not UTF-8")
    yield Malformed("overlong", GOOD_MANIFEST.replace(b"Tumour", b"\xc0\xaf"), "not UTF-8")
    for code in (0, 7, 10, 13, 27, 127):
        changed = GOOD_MANIFEST.replace(b"Tumour", b"\\u%04x" % code)
        yield Malformed(f"control-{code}", changed, "title")
    yield Malformed("raw-control", GOOD_MANIFEST.replace(b"Tumour", b"\x01"), "not valid JSON")
    yield Malformed("raw-nul", GOOD_MANIFEST.replace(b"Tumour", b"\x00"), "not valid JSON")


def binaries() -> Iterator[Malformed]:
    yield Malformed("empty", b"", "is empty")
    yield Malformed("blank", b" \n \n", "is empty")
    yield Malformed("zeros", b"\0" * 5000, "not a format")
    yield Malformed("csv", b"name,age\nx,3\n", "not a format")
    yield Malformed("csv-formula", b"=cmd|'/C calc'!A0,1\n", "not a format")
    yield Malformed("html", b"<script>alert(1)</script>", "not a format")
    yield Malformed("yaml-tag", b"!!python/object/apply:os.system ['id']", "not a format")
    yield Malformed("xml-bomb", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "not a format")
    for protocol in range(2, 6):
        yield Malformed(f"pickle-{protocol}", pickle.dumps({"weights": [protocol]}, protocol), "checkpoint file")
    yield Malformed("pickle-code", b"\x80\x04cposix\nsystem\n(S'touch /tmp/exeat-was-here'\ntR.", "checkpoint file")
    yield Malformed("pickle-0", b"cposix\nsystem\n(S'touch /tmp/exeat-was-here'\ntR.", "not a format")
    yield Malformed("torch-zip", zipped("archive/data.pkl", b"\x80\x02."), "checkpoint file")
    yield Malformed("zip-bomb", zipped("archive/data.pkl", b"\0" * 20_000_000), "checkpoint file")
    yield Malformed("zip-slip", zipped("../../../../tmp/exeat-was-here", b"x"), "checkpoint file")
    yield Malformed("gzip-bomb", gzip.compress(b"\0" * 20_000_000), "checkpoint file")
    yield Malformed("npz", zipped("individual.member.npy", b"\x93NUMPY"), "membership data")
    yield Malformed("safetensors", b"\x10" + b"\0" * 7 + b'{"w":{}}        ', "checkpoint file")
    yield Malformed("safetensors-long-header", b"\xff" * 7 + b"\x00" + b'{"w":{}}')
    yield from parquets()


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, data)
    return buffer.getvalue()


def parquets() -> Iterator[Malformed]:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"ts": ["now"], "source": [1]}), buffer)
    good = buffer.getvalue()
    yield Malformed("parquet-other", good, "lacks the columns")
    for i in range(1, 6):
        yield Malformed(f"parquet-truncated-{i}", good[: len(good) * i // 6], "cannot be read")
    for i in range(5):
        position = len(good) - 9 - i * 17
        yield Malformed(f"parquet-flipped-{i}", good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :])
    yield Malformed("parquet-magic", b"PAR1", "cannot be read")
    yield Malformed("parquet-length", b"PAR1" + b"\xff" * 8 + b"PAR1", "cannot be read")


def wrong_meaning() -> Iterator[Malformed]:
    """Well-formed documents that contradict themselves or what is registered."""
    good = sha(GOOD_MANIFEST)
    yield Malformed("other-weights", as_bytes(report(report_id="bad", weights="others")), "no manifest")
    yield Malformed("other-checkpoint", as_bytes(report(report_id="bad", checkpoint_id="x")), "not registered")
    yield Malformed("percent", as_bytes(report(report_id="bad", indicators=[indicator(value="58")])), "interval")
    yield Malformed("unexplained", as_bytes(report(report_id="bad", indicators=[indicator(status="failed")])), "null")
    yield Malformed("no-indicators", as_bytes(report(report_id="bad", indicators=[])), "indicators")
    yield Malformed("no-manifest", as_bytes(proposal(release_id="b", manifest_sha256=sha("x"))), "not registered")
    stranger = [{"component_id": "x", "disposition": "allowed"}]
    yield Malformed(
        "no-component", as_bytes(proposal(release_id="b", manifest_sha256=good, components=stranger)), "not in"
    )
    twice = [{"component_id": "weights", "disposition": "allowed"}] * 2
    yield Malformed("twice", as_bytes(proposal(release_id="b", manifest_sha256=good, components=twice)), "twice")
    yield Malformed("bad-id", as_bytes(manifest(checkpoint_id="../x")), "checkpoint_id")
    yield Malformed("long-title", as_bytes(manifest(checkpoint_id="b", title="x" * 301)), "title")
    yield Malformed("many-sources", as_bytes(manifest(checkpoint_id="b", data_sources=[])), "data_sources")
    yield Malformed("toml-policy", b'schema = "exeat-policy/1"\npolicy_id = [', "TOML")
    yield Malformed("toml-deep", b'schema = "exeat-policy/1"\nx = ' + b"[" * 5000, "policy")
    yield Malformed("toml-date", b'schema = "exeat-policy/1"\nvalid_from = 2026-13-45', "TOML")
    yield Malformed("toml-nan", load_default().replace(b"dp_tolerance", b"dp_tolerance = nan #", 1))


def foreign() -> Iterator[Malformed]:
    """SACRO-ML reports, unbound, truncated, contradictory; bindings.json of the test binds every one of them."""
    for i in range(1, 13):
        yield Malformed(f"sacroml-truncated-{i}", SACROML[: len(SACROML) * i // 13])
    document = json.loads(SACROML)
    entry = next(iter(document.values()))
    for field in entry:
        for i, value in enumerate((7, [], None)):
            yield Malformed(f"sacroml-{field}-{i}", json.dumps({"LiRA": entry | {field: value}}).encode())
    replaced = {
        "percent": (b'"2.0.1"', b'"1.4.3"'),
        "future": (b'"2.0.1"', b'"7.0.1"'),
        "rate": (b'"TPR@0.5%": 0.004454342984409799', b'"TPR@0.5%": 7'),
        "text": (b'"AUC": 0.58249949', b'"AUC": "0.58"'),
        "count": (b": 899,", b": 899.5,"),
        "nan-count": (b": 899,", b": NaN,"),
        "time": (b"23/11/2026", b"11/23/2026"),
        "duplicate": (b'"AUC": 0.58249949', b'"AUC": 0.5, "AUC": 0.58249949'),
        "name": (b'"LiRA Attack"', b'"<b>Attack</b>"'),
    }
    for name, (before, after) in replaced.items():
        assert before in SACROML
        yield Malformed(f"sacroml-{name}", SACROML.replace(before, after))


def huge() -> Iterator[Malformed]:
    """Return documents of 100 MB, made one at a time."""
    yield Malformed("huge-title", GOOD_MANIFEST.replace(b"Tumour classifier", b"x" * HUGE), "bytes")
    yield Malformed("huge-text", b"x" * HUGE, "bytes")
    yield Malformed("huge-json", b'{"a": "' + b"x" * HUGE + b'"}', "bytes")
    yield Malformed("huge-event", as_bytes(event()).replace(b"nginx-1", b"x" * HUGE), "longer than")
    yield Malformed("huge-pickle", b"\x80\x04" + b"x" * HUGE, "checkpoint file")
    yield Malformed("huge-policy", load_default() + b"#" * HUGE, "bytes")
