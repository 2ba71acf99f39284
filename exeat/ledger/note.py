"""Signed tree heads as text: C2SP signed-note and tlog-checkpoint, Ed25519 (signature type 0x01).

https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from exeat.errors import BadInput, Tampered
from exeat.ledger.statement import TreeHead

_TYPE = b"\x01"
_PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+]{1,200}")
_HEAD = re.compile(r"([^\s+]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")
_DASH = "\u2014 "
MAX_NOTE = 100_000


@dataclass(frozen=True, slots=True)
class LogKey:
    """The Ed25519 key that signs the tree heads of the log called ``name``."""

    name: str
    private: Ed25519PrivateKey

    @property
    def vkey(self) -> str:
        """Return the verifier key to hand out: ``name+id+base64``."""
        public = self.private.public_key().public_bytes_raw()
        return f"{self.name}+{_key_id(self.name, public).hex()}+{_b64(_TYPE + public)}"

    @property
    def skey(self) -> str:
        """Return the signing key to keep secret: ``PRIVATE+KEY+name+id+base64``."""
        key_id = _key_id(self.name, self.private.public_key().public_bytes_raw()).hex()
        return f"{_PRIVATE}{self.name}+{key_id}+{_b64(_TYPE + self.private.private_bytes_raw())}"

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that name this key beside a signature."""
        return _key_id(self.name, self.private.public_key().public_bytes_raw())


def make_key(name: str) -> LogKey:
    """Return a new signing key for the log ``name``."""
    return LogKey(_checked(name), Ed25519PrivateKey.generate())


def parse_skey(text: str) -> LogKey:
    """Return the signing key that the text holds; raise BadInput (never quoting it)."""
    name, key_id, raw = _parts(text.strip().removeprefix(_PRIVATE), "signing key")
    key = LogKey(name, Ed25519PrivateKey.from_private_bytes(raw))
    if key.key_id != key_id:
        raise BadInput("The signing key does not match its own key id.", "Restore the key file from a backup.")
    return key


def sign_head(origin: str, size: int, root: bytes, key: LogKey) -> str:
    """Return the tlog-checkpoint text of a tree of ``size`` leaves with this root, signed."""
    return HeadSigner(key, origin).sign(size, root)


class HeadSigner:
    """Signs many heads with one key (the key id is computed once)."""

    def __init__(self, key: LogKey, origin: str) -> None:
        self._private, self._key_id, self._origin = key.private, key.key_id, _checked(origin)
        self._line = f"\n{_DASH}{key.name} "

    def sign(self, size: int, root: bytes) -> str:
        """Return the signed note."""
        text = f"{self._origin}\n{size}\n{_b64(root)}\n"
        return f"{text}{self._line}{_b64(self._key_id + self._private.sign(text.encode()))}\n"


class HeadReader:
    """Opens notes that the key of ``vkey`` signed; the log's origin is the name of its key."""

    def __init__(self, vkey: str) -> None:
        self.name, self._key_id, raw = _parts(vkey.strip(), "verifier key")
        if _key_id(self.name, raw) != self._key_id:
            raise BadInput("The verifier key does not match its own key id.", "Copy the whole key again.")
        self._public = Ed25519PublicKey.from_public_bytes(raw)

    def open(self, note: str) -> TreeHead:
        """Return the head of a signed note; raise Tampered unless this key signed exactly this text.

        Lines of other signers (witnesses) are ignored, as the specification asks.
        """
        text, _, lines = note.rpartition("\n\n")
        match = _HEAD.fullmatch(text + "\n") if len(note) <= MAX_NOTE else None
        if match is None or match[1] != self.name:
            raise Tampered("This is not a tree head of this log.", f"Expected a checkpoint of {self.name}.")
        self._check_signature(text + "\n", lines)
        return TreeHead(int(match[2]), _unb64(match[3], "tree head"), note)

    def _check_signature(self, text: str, lines: str) -> None:
        if not lines.endswith("\n"):
            raise Tampered("The tree head is cut off.", "Get the whole text again.")
        ours = [s for line in lines[:-1].split("\n") if (s := self._ours(line)) is not None]
        if not ours:
            raise Tampered("The tree head is not signed by this log.", "Compare the key with the one handed out.")
        for signature in ours:
            try:
                self._public.verify(signature, text.encode())
            except InvalidSignature as exc:
                raise Tampered("The signature of the tree head is wrong.", "Do not trust this log or copy.") from exc

    def _ours(self, line: str) -> bytes | None:
        if not line.startswith(_DASH) or line.count(" ") != 2:  # noqa: PLR2004 dash, name, signature
            raise Tampered("A signature line of the tree head cannot be read.", "Get the whole text again.")
        _, name, encoded = line.split(" ")
        signature = _unb64(encoded, "signature")
        return signature[4:] if (name, signature[:4]) == (self.name, self._key_id) else None


def open_head(note: str, vkey: str) -> TreeHead:
    """Return the tree head of a note that the key signed; raise Tampered otherwise."""
    return HeadReader(vkey).open(note)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name[:60]!r} cannot name a log.", "Use a name such as hospital.example/log.")
    return name


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _TYPE + public).digest()[:4]


def _parts(text: str, what: str) -> tuple[str, bytes, bytes]:
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
        found = _checked(name), bytes.fromhex(key_id), raw[1:]
    except (ValueError, BadInput) as exc:
        raise BadInput(f"This is not a {what} in C2SP note format.", "Expected name+8 hex digits+base64.") from exc
    if raw[:1] != _TYPE or len(raw) != 33 or len(found[1]) != 4:  # noqa: PLR2004 type byte and 32 bytes; key id
        raise BadInput(f"This {what} is not an Ed25519 key.", "Expected signature type 1 and 32 bytes.")
    return found


def _b64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _unb64(text: str, what: str) -> bytes:
    """Decode strictly: text that would not encode back to itself hides a changed bit."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as exc:
        raise Tampered(f"The {what} is not base64.", "Get the whole text again.") from exc
    if _b64(data) != text:
        raise Tampered(f"The {what} is not base64.", "Get the whole text again.")
    return data
