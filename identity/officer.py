"""Officers' keys: what a person at the election office signs their decisions with.

Ed25519 (RFC 8032). A signature is over a domain tag and the document's canonical JSON, so that it means one
thing only, here and offline. What a document says, and who may sign it, is decided elsewhere.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from identity.errors import OfficerKeyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DOMAIN_TAG: Final = b"tohyo.officer.document.v1\x00"
_MAX_EXACT = 2**53  # beyond it, other languages read another number


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """Return the one encoding of a document: members sorted by name, no spaces, UTF-8, whole numbers only.

    Raises:
        ValueError: a value has no one encoding: a fraction, a number above 2⁵³, a lone surrogate.

    """
    _require_plain(document)
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _require_plain(value: object) -> None:
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise ValueError("a member's name is no text")
        for item in value.values():
            _require_plain(item)
    elif isinstance(value, list):
        for item in value:
            _require_plain(item)
    elif isinstance(value, int):
        if abs(value) > _MAX_EXACT:
            raise ValueError("a number is too large; write it as text")
    elif not (value is None or isinstance(value, str)):
        raise ValueError(f"{type(value).__name__} has no canonical form")


@dataclass(frozen=True, repr=False)
class OfficerKey:
    """One officer's private key; never printed."""

    private: Ed25519PrivateKey

    @staticmethod
    def create() -> OfficerKey:
        """Make a new key."""
        return OfficerKey(Ed25519PrivateKey.generate())

    @staticmethod
    def load(path: Path, password: str | None = None) -> OfficerKey:
        """Read a key from a PEM file (PKCS#8).

        Raises:
            OfficerKeyError: no Ed25519 key, or the password is missing, wrong or not needed.
            OSError: the file cannot be read.

        """
        try:
            key = load_pem_private_key(path.read_bytes(), None if password is None else password.encode())
        except (ValueError, TypeError, UnsupportedAlgorithm) as failure:
            raise OfficerKeyError(
                f"{path} could not be opened.",
                hint="Check that it is a file made by `tohyo office key new`, and its password.",
            ) from failure
        if not isinstance(key, Ed25519PrivateKey):
            raise OfficerKeyError(
                f"{path} holds a key of another kind.", hint="Make one with `tohyo office key new FILE`."
            )
        return OfficerKey(key)

    def save(self, path: Path, password: str | None = None) -> None:
        """Write the key to a new PEM file that only its owner can read.

        Raises:
            FileExistsError: there is a file of this name; it may be the only copy of a key.

        """
        encryption = NoEncryption() if not password else BestAvailableEncryption(password.encode())
        pem = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())

    @property
    def public_key_hex(self) -> str:
        """The public key as the service's settings name it: 64 hexadecimal digits."""
        return self.private.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> bytes:
        """Sign bytes; documents are signed with `sign_document`."""
        return self.private.sign(message)


def sign_document(document: Mapping[str, Any], key: OfficerKey) -> bytes:
    """Sign a document. Raises ValueError if it has no canonical form."""
    return key.sign(DOMAIN_TAG + canonical_json(document))


def verify_document(document: Mapping[str, Any], signature: bytes, public_key_hex: str) -> bool:
    """Whether the key's owner signed exactly this document.

    Raises:
        OfficerKeyError: the public key is none.
        ValueError: the document has no canonical form.

    """
    try:
        load_public_key(public_key_hex).verify(signature, DOMAIN_TAG + canonical_json(document))
    except InvalidSignature:
        return False
    return True


def load_public_key(public_key_hex: str) -> Ed25519PublicKey:
    """Read a public key. Raises OfficerKeyError."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key_hex))
    except ValueError as failure:
        raise OfficerKeyError(
            "An officer's public key has 64 hexadecimal digits.",
            hint="`tohyo office key show FILE` prints it.",
        ) from failure
