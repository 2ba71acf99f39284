"""OpenSSF model-signing bundles: verified with a given key, compared with the files that lie beside them."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from typer.testing import CliRunner

from exeat.cli import app
from exeat.evidence.describe import describe
from exeat.evidence.readers.dsse import signed_bytes
from tests.unit.evidence.readers.factories_readers import SIGNATURE, given, made, notes

KIND = "application/vnd.in-toto+json"
FILES = {"model.safetensors": b"weights", "sub/config.json": b"{}"}
CURVES = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
DIGEST = {"p256": hashes.SHA256(), "p384": hashes.SHA384(), "p521": hashes.SHA512()}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def statement(files=None, **predicate):
    listed = {name: sha(data) for name, data in (FILES if files is None else files).items()}
    resources = [{"name": name, "algorithm": "sha256", "digest": digest} for name, digest in sorted(listed.items())]
    model = sha(b"".join(bytes.fromhex(one["digest"]) for one in resources))
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": model}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {"resources": resources, "serialization": {"method": "files", "hash_type": "sha256"}} | predicate,
    }


def key_of(name):
    return ed25519.Ed25519PrivateKey.generate() if name == "ed25519" else ec.generate_private_key(CURVES[name])


def pem(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def bundle(key, name="p256", payload=None, kind=KIND):
    payload = json.dumps(statement()).encode() if payload is None else payload
    covered = signed_bytes(kind, payload)
    signature = key.sign(covered) if name == "ed25519" else key.sign(covered, ec.ECDSA(DIGEST[name]))
    envelope = {"payload": base64.b64encode(payload).decode(), "payloadType": kind}
    envelope["signatures"] = [{"sig": base64.b64encode(signature).decode()}]
    return {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope}


def folder(signed, **changed):
    return [made(signed, "model.sig"), *(made(changed.get(n.partition(".")[0], d), n) for n, d in FILES.items())]


@pytest.mark.parametrize("name", ["p256", "p384", "p521", "ed25519"])
def test_a_signature_is_verified_with_the_given_key(name):
    key = key_of(name)
    merged = describe(folder(bundle(key, name)), keys=(pem(key_of("p256")), pem(key))).merged
    assert "The signature is verified with the public key sha256:" in str(merged.notes)
    assert merged.contradictions == ()
    assert merged.value("components[sub-config.json].sha256") == f"sha256:{sha(b'{}')}"


def test_the_bytes_that_are_signed_are_those_of_the_specification():
    assert signed_bytes("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@pytest.mark.parametrize("other", ["p256", "p384", "ed25519"])
def test_another_key_is_refused(other):
    (unread,) = describe([made(bundle(key_of("p256")))], keys=(pem(key_of(other)),)).unread
    assert unread.sentence == "The signature does not verify with the public key that was given."


def test_a_list_changed_after_signing_is_refused():
    key = key_of("p256")
    signed = bundle(key)
    changed = json.dumps(statement({"model.safetensors": b"other"})).encode()
    signed["dsseEnvelope"]["payload"] = base64.b64encode(changed).decode()
    (unread,) = describe([made(signed)], keys=(pem(key),)).unread
    assert "does not verify" in unread.sentence


def test_a_key_of_another_kind_verifies_nothing_and_no_key_is_no_crash():
    weak = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signed = made(bundle(key_of("p256")))
    assert "does not verify" in describe([signed], keys=(pem(weak),)).unread[0].sentence
    assert "not a PEM public key" in describe([signed], keys=(b"ssh-rsa AAAA",)).unread[0].sentence


def test_without_a_key_the_note_says_so():
    assert "The signature is not verified: no public key was given." in notes(given(SIGNATURE))
    assert "carries no signature" in notes(made(statement()))


def test_a_file_changed_after_signing_is_a_contradiction():
    key = key_of("p256")
    merged = describe(folder(bundle(key), model=b"poisoned"), keys=(pem(key),)).merged
    assert [one.path for one in merged.contradictions] == ["components[model.safetensors].sha256"]


def test_unsigned_and_missing_files_are_named():
    key = key_of("p256")
    files = [made(bundle(key), "model.sig"), made(b"weights", "model.safetensors"), made(b"x", "extra.bin")]
    said = "\n".join(note for _, note in describe(files).merged.notes)
    assert "1 files lie beside the list and are not signed: extra.bin." in said
    assert "sub/config.json is in the signed list and not in the folder." in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (statement() | {"subject": [{"digest": {"sha256": "0" * 64}}]}, "the list contradicts itself"),
        (statement(serialization={"method": "shards"}), "signs shards of files"),
        (statement(resources=[{"name": "x", "algorithm": "blake2b", "digest": "00"}]), "has no SHA-256"),
    ],
)
def test_lists_that_say_less_are_noted(content, words):
    assert words in notes(made(content))


def test_a_signed_statement_of_another_kind_is_refused():
    key = key_of("p256")
    payload = json.dumps({"predicateType": "https://slsa.dev/provenance/v1"}).encode()
    (unread,) = describe([made(bundle(key, payload=payload))], keys=(pem(key),)).unread
    assert "not a list of model files" in unread.sentence


def test_the_command_takes_the_key(tmp_path):
    key = key_of("p256")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.sig").write_text(json.dumps(bundle(key)))
    (tmp_path / "k.pem").write_bytes(pem(key))
    result = CliRunner().invoke(app, ["describe", str(tmp_path / "m"), "--key", str(tmp_path / "k.pem")])
    assert "The signature is verified with the public key" in result.stdout
