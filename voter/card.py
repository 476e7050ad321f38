"""A test card in a folder, used as a real one is: it signs for whoever knows the password, and locks itself.

Two keys: `sign` needs the signing password (5 tries), `authenticate` the authentication PIN (3 tries). A try
is taken from the counter before it is made and given back when it succeeds, so that neither a crash nor two
programs at once give away more tries. The counter lies beside the keys: whoever can copy the folder can try
as often as they like, which is why this is for test cards only. Nothing here shows a password or a person.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from identity.testpki.card_file import AUTHENTICATION_FILE, PASSWORD_FORM, PIN_FORM, SIGNING_FILE
from voter.errors import VoterError
from zk.whole_file import write_whole

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from pathlib import Path

_COUNTER_FILE: Final = "tries.json"


class CardError(VoterError):
    """The card does not sign."""


class NoCardError(CardError):
    """The folder holds no card, or a part of it is damaged."""


class CardSecretRefusedError(CardError):
    """The password or PIN is not the card's."""


class CardSecretImpossibleError(CardError):
    """No card has such a password or PIN; no try was used."""


class CardLockedError(CardError):
    """Too many wrong tries."""


class CardKey(StrEnum):
    """The two keys of a card."""

    SIGNING = "signing"
    AUTHENTICATION = "authentication"


@dataclass(frozen=True)
class _Lock:
    """What protects one key."""

    file: str
    secret: str
    form: re.Pattern[str]
    described: str
    tries: int


_LOCKS: Final = {
    CardKey.SIGNING: _Lock(SIGNING_FILE, "signing password", PASSWORD_FORM, "6 to 16 letters and digits", 5),
    CardKey.AUTHENTICATION: _Lock(AUTHENTICATION_FILE, "authentication PIN", PIN_FORM, "4 digits", 3),
}


@dataclass(frozen=True)
class SignedByCard:
    """One signature, and the certificate (DER) of the key that made it."""

    certificate: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def to_credential(self) -> dict[str, str]:
        """Return the `credential` of a registration request."""
        return {
            "kind": "jpki",
            "certificate": base64.b64encode(self.certificate).decode(),
            "signature": base64.b64encode(self.signature).decode(),
        }


class Card:
    """A card; `Card.load(folder)`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return "Card()"  # the folder's name is the owner's voter id

    @staticmethod
    def load(path: Path) -> Card:
        """Open a card's folder; no password is needed yet.

        Raises:
            NoCardError: there is no card.

        """
        missing = [lock.file for lock in _LOCKS.values() if not (path / lock.file).is_file()]
        if missing:
            raise NoCardError(
                f"{path} holds no card: {missing[0]} is missing.",
                hint="Name the folder of one card; `tohyo testpki new` makes them in DIRECTORY/cards.",
            )
        return Card(path)

    def sign(self, message: bytes, password: str) -> SignedByCard:
        """Sign with the signing key.

        Raises:
            CardSecretRefusedError: the password is wrong; says how many tries are left.
            CardSecretImpossibleError: no password looks like that; no try was used.
            CardLockedError: five wrong tries.
            NoCardError: the card is damaged.

        """
        return self._use(CardKey.SIGNING, message, password)

    def authenticate(self, message: bytes, pin: str) -> SignedByCard:
        """Sign with the authentication key; raises what `sign` raises, after three wrong tries."""
        return self._use(CardKey.AUTHENTICATION, message, pin)

    def tries_left(self, key: CardKey) -> int:
        """Return how many wrong tries a key still forgives."""
        with self._held():
            return self._counters()[key]

    def _use(self, key: CardKey, message: bytes, secret: str) -> SignedByCard:
        lock = _LOCKS[key]
        if not lock.form.fullmatch(secret):
            raise CardSecretImpossibleError(f"The {lock.secret} is {lock.described}; no try was used.")
        with self._held():
            left = self._take_try(key)
            try:
                opened = pkcs12.load_pkcs12((self.path / lock.file).read_bytes(), secret.encode())
            except ValueError as failure:
                raise _refused(lock, left) from failure
            self._count(key, lock.tries)
        return _signed(opened, message)

    def _take_try(self, key: CardKey) -> int:
        left = self._counters()[key]
        if left == 0:
            raise _locked(_LOCKS[key])
        self._count(key, left - 1)
        return left - 1

    def _counters(self) -> dict[CardKey, int]:
        try:
            counted = json.loads((self.path / _COUNTER_FILE).read_text(encoding="utf-8"))
            counters = {key: counted[key] for key in CardKey}
        except FileNotFoundError:
            return {key: lock.tries for key, lock in _LOCKS.items()}
        except (ValueError, KeyError, TypeError) as failure:
            raise NoCardError("The card's counter of tries is damaged.", hint=_OFFICE) from failure
        if not all(
            isinstance(left, int) and 0 <= left <= _LOCKS[key].tries for key, left in counters.items()
        ):
            raise NoCardError("The card's counter of tries is damaged.", hint=_OFFICE)
        return counters

    def _count(self, key: CardKey, left: int) -> None:
        write_whole(self.path / _COUNTER_FILE, json.dumps(self._counters() | {key: left}), private=True)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Let one program at a time use the card, as a reader does."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


_OFFICE: Final = (
    "Take the card to your municipal office, which sets a new one. For a test card: `tohyo testpki renew`."
)


def _refused(lock: _Lock, left: int) -> CardError:
    if left == 0:
        return _locked(lock)
    return CardSecretRefusedError(
        f"The {lock.secret} is wrong; {left} of {lock.tries} tries left.",
        hint="With no try left the card locks, and only the municipal office can unlock it.",
    )


def _locked(lock: _Lock) -> CardLockedError:
    return CardLockedError(
        f"The card is locked: the {lock.secret} was wrong {lock.tries} times.", hint=_OFFICE
    )


def _signed(opened: pkcs12.PKCS12KeyAndCertificates, message: bytes) -> SignedByCard:
    if opened.cert is None:
        raise NoCardError("The card holds no certificate.")
    certificate = opened.cert.certificate.public_bytes(Encoding.DER)
    if isinstance(opened.key, rsa.RSAPrivateKey):
        return SignedByCard(certificate, opened.key.sign(message, padding.PKCS1v15(), hashes.SHA256()))
    if isinstance(opened.key, ec.EllipticCurvePrivateKey):
        return SignedByCard(certificate, opened.key.sign(message, ec.ECDSA(hashes.SHA384())))
    raise NoCardError("The card's key is of an unknown kind.")
