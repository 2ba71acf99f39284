"""OpenSSF model-signing bundle: an in-toto list of files with digests in a DSSE envelope, verified with a given key."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.joining import ITSELF
from exeat.evidence.readers import dsse, parts, values
from exeat.evidence.readers.saying import Saying
from exeat.evidence.readers.shape import Reader
from exeat.model.documents import parse_json

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "model-signing"
PREDICATE = "https://model_signing/signature/"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_RESOURCES = 20_000


def recognises(peek: Peek) -> bool:
    """Return whether the JSON is a Sigstore bundle with an in-toto statement, or that statement without signature."""
    if PREDICATE.encode() not in peek.data and b'"dsseEnvelope"' not in peek.data:
        return False
    found = values.table(peek.json)
    if str(found.get("predicateType", "")).startswith(PREDICATE):
        return True
    return values.table(found.get("dsseEnvelope")).get("payloadType") == PAYLOAD_TYPE


def read(bundle: Bundle) -> Partial:
    """Read the signed list; raise BadInput when it is none, or does not verify with any of the given keys."""
    saying = Saying(NAME, bundle)
    statement = _statement(saying, bundle)
    predicate = values.table(statement.get("predicate"))
    if not str(statement.get("predicateType", "")).startswith(PREDICATE):
        raise BadInput("The envelope is signed, but is not a list of model files.", "Sign with model_signing 1.x.")
    if values.table(predicate.get("serialization")).get("method", "files") != "files":
        saying.note("The list signs shards of files; digests of whole files cannot be compared with it.")
        return saying.partial()
    resources = values.entries(predicate.get("resources"))[:MAX_RESOURCES]
    _check_subject(saying, statement, resources)
    listed = [_resource(saying, bundle, entry, i) for i, entry in enumerate(resources)]
    _unlisted(saying, bundle, {name for name in listed if name})
    return saying.partial()


def _statement(saying: Saying, bundle: Bundle) -> dict[str, Any]:
    """Return the signed statement and note what its signature is worth."""
    found = values.table(parse_json(bundle.data()))
    if "dsseEnvelope" not in found:
        saying.note("The list carries no signature; anyone could have written it.")
        return found
    envelope = values.table(found["dsseEnvelope"])
    payload = _payload(envelope)
    saying.note(dsse.verdict(envelope, payload, bundle.keys))
    return values.table(parse_json(payload))


def _payload(envelope: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(envelope.get("payload", "")), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BadInput(
            "The payload of the envelope is not Base64.", "Sign again.", place="$.dsseEnvelope.payload"
        ) from exc


def _resource(saying: Saying, bundle: Bundle, entry: Any, i: int) -> str | None:
    """Take one signed file; when it lies beside the list, its own digest is taken too, so that a change shows."""
    place = f"predicate.resources[{i}]"
    sha256 = values.sha256(values.table(entry).get("digest"))
    if sha256 is None or values.table(entry).get("algorithm") != "sha256":
        saying.note(f"{place} has no SHA-256.")
        return None
    where = parts.tell_listed(saying, str(values.table(entry).get("name", "")), sha256, place)
    member = bundle.members.get(where or "")
    if member is not None:
        path = parts.component(parts.placed(saying, where or ""), "sha256")
        saying.says(path, member.digest()[1], ITSELF, file=member.name)
    elif where and bundle.members:
        saying.note(f"{where} is in the signed list and not in the folder.")
    return where


def _unlisted(saying: Saying, bundle: Bundle, listed: set[str]) -> None:
    others = [name for name in bundle.members if name not in listed and bundle.members[name] is not bundle.file]
    if listed and others:
        saying.note(f"{len(others):,} files lie beside the list and are not signed: {', '.join(sorted(others)[:8])}.")


def _check_subject(saying: Saying, statement: dict[str, Any], resources: list[Any]) -> None:
    """Compare the digest of the model with that of its files: SHA-256 over their digests, in order of name."""
    subject = values.table((values.entries(statement.get("subject")) or [None])[0])
    said = values.sha256(values.table(subject.get("digest")).get("sha256"))
    digests = [values.sha256(values.table(entry).get("digest")) for entry in resources]
    if said is None or None in digests:
        return
    joined = b"".join(bytes.fromhex((digest or "").removeprefix("sha256:")) for digest in digests)
    if hashlib.sha256(joined).hexdigest() != said.removeprefix("sha256:"):
        saying.note("The digest of the model in the list is not that of its files; the list contradicts itself.")


READER = Reader(NAME, "an OpenSSF model-signing bundle", recognises, read)
