"""Verify a DSSE envelope (Dead Simple Signing Envelope) with public keys that a person gives."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from exeat.errors import BadInput
from exeat.evidence.readers import values
from exeat.model.base import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

MAX_SIGNATURES = 20
_HASH: Mapping[int, Callable[[], hashes.HashAlgorithm]] = {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}
"""Hash by the size of the curve, as model-signing pairs them."""


def signed_bytes(payload_type: str, payload: bytes) -> bytes:
    """Return what a DSSE signature covers (pre-authentication encoding)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def verdict(envelope: dict[str, Any], payload: bytes, keys: Sequence[bytes]) -> str:
    """Return one sentence; raise BadInput when keys were given and none of them verifies a signature."""
    if not keys:
        return "The signature is not verified: no public key was given."
    covered = signed_bytes(str(envelope.get("payloadType", "")), payload)
    signatures = [_decoded(entry) for entry in values.entries(envelope.get("signatures"))[:MAX_SIGNATURES]]
    for pem in keys:
        key = load_key(pem)
        if any(_verifies(key, signature, covered) for signature in signatures):
            return f"The signature is verified with the public key {digest_of(der(key))}."
    raise BadInput(
        "The signature does not verify with the public key that was given.",
        "The list was changed after signing, or another key signed it; do not use it before you know which.",
        place="$.dsseEnvelope.signatures",
    )


def load_key(pem: bytes) -> PublicKeyTypes:
    """Return a public key; raise BadInput when it is none."""
    try:
        return serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise BadInput("The public key is not a PEM public key.", "Give the .pub or .pem of the signer.") from exc


def der(key: PublicKeyTypes) -> bytes:
    """Return the key as DER, over which its fingerprint is taken."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _decoded(entry: Any) -> bytes:
    try:
        return base64.b64decode(str(values.table(entry).get("sig", "")), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _verifies(key: PublicKeyTypes, signature: bytes, covered: bytes) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, covered, ec.ECDSA(_HASH[key.curve.key_size]()))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, covered)
        else:
            return False
    except (InvalidSignature, KeyError):
        return False
    return True
