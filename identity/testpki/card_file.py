"""A card as files: a folder with one password-protected PKCS#12 file for each of its two certificates.

    signing.p12          opens with the password, 6 to 16 capital letters and digits
    authentication.p12   opens with the PIN, 4 digits

What a chip does with wrong tries the reader of these files does (`voter.card`). A file cannot defend itself
as a chip can, and a lost test card harms nobody, so the key derivation is a quick one.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from identity.testpki.errors import CardSecretMalformedError

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from identity.testpki.authority import PrivateKey

SIGNING_FILE: Final = "signing.p12"
AUTHENTICATION_FILE: Final = "authentication.p12"
DEFAULT_PASSWORD: Final = "TESTCARD1"  # noqa: S105 - of test cards, published with every test PKI
DEFAULT_PIN: Final = "1234"
PASSWORD_FORM: Final = re.compile(r"[A-Za-z0-9]{6,16}")
PIN_FORM: Final = re.compile(r"[0-9]{4}")
_KEY_DERIVATION_ROUNDS: Final = 2_000


@dataclass(frozen=True, repr=False)
class CardSecrets:
    """What the owner of a card types."""

    password: str = DEFAULT_PASSWORD
    pin: str = DEFAULT_PIN

    def __post_init__(self) -> None:
        """Refuse what no real card has, without saying the value."""
        if not PASSWORD_FORM.fullmatch(self.password):
            raise CardSecretMalformedError("The signing password must be 6 to 16 letters and digits.")
        if not PIN_FORM.fullmatch(self.pin):
            raise CardSecretMalformedError("The authentication PIN must be 4 digits.")


def write_key(path: Path, key: PrivateKey, certificate: x509.Certificate, secret: str) -> None:
    """Write one PKCS#12 file that only its owner can read."""
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(_KEY_DERIVATION_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(secret.encode())
    )
    data = pkcs12.serialize_key_and_certificates(b"tohyo test card", key, certificate, None, protection)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
