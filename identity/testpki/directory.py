"""A test PKI in a folder: never trusted in production.

    README.txt, testpki.json      what this is, and where its responder answers
    roots.pem                     the six self-signed certificates that a registrar in test mode trusts
    authorities/                  keys (readable by their owner only) and certificates
    issued.sqlite                 what was issued and taken back
    cards/NAME/                   one folder a card (`card_file`); NAME is the voter id
    replaced/NAME/N/              cards that were renewed

Opened by the command that makes it, by the responder and by tests; several processes may do so at once.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import time
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from identity.testpki.authority import (
    DAY,
    YEAR,
    Authority,
    Generation,
    Purpose,
    authority_names,
    new_authority,
    new_key,
)
from identity.testpki.card_file import AUTHENTICATION_FILE, SIGNING_FILE, CardSecrets, write_key
from identity.testpki.errors import (
    CardNameTakenError,
    NoSuchCardError,
    TestPkiDamagedError,
    TestPkiFolderTakenError,
)
from identity.testpki.holder_certificate import SHAPES, Shape, holder_certificate
from identity.testpki.register import Register
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from election.person import Person
    from identity.testpki.authority import PrivateKey
    from identity.testpki.register import IssuedCard

FORMAT: Final = "tohyo-testpki/1"
WARNING: Final = "test PKI: never trusted in production"
DEFAULT_URL: Final = "http://127.0.0.1:8460"
CARD_LIFETIME: Final = 5 * YEAR
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_README: Final = f"""tohyo {WARNING}

Made by `tohyo testpki new`. The authorities here are called JPKI-TEST and imitate the Japanese Public Key
Infrastructure. Their keys lie in this folder, so anybody who has it can make any card. A registrar in
production mode refuses these roots. The cards' owners stand in issued.sqlite in the clear.

roots.pem       what a registrar in test mode is told to trust
cards/NAME/     signing.p12 (password) and authentication.p12 (PIN) of one card
authorities/    the authorities' keys
issued.sqlite   what was issued and revoked; `tohyo testpki serve` answers from it
"""


def _wall_clock() -> int:
    return int(time.time())


class TestPki:
    """The authorities of a folder, and the cards they issue."""

    __test__: ClassVar[bool] = False  # pytest collects nothing here

    def __init__(self, directory: Path, url: str, clock: Callable[[], int] = _wall_clock) -> None:
        self.directory = directory
        self.url = url
        self.clock = clock
        self.register = Register(directory / "issued.sqlite")
        self._authorities: dict[tuple[Purpose, Generation], Authority] = {}

    def close(self) -> None:
        """Let go of the register's file."""
        self.register.close()

    @staticmethod
    def create(directory: Path, url: str = DEFAULT_URL, clock: Callable[[], int] = _wall_clock) -> TestPki:
        """Make a test PKI without cards; the folder appears whole or not at all.

        Raises:
            TestPkiFolderTakenError: something is in the folder.

        """
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise TestPkiFolderTakenError(
                f"{directory} is not empty.", hint="Name a new folder, or one that holds a test PKI."
            )
        directory.parent.mkdir(parents=True, exist_ok=True)
        draft = directory.with_name(f".{directory.name}.{secrets.token_hex(8)}")
        draft.mkdir(mode=0o700)
        _write_files(draft, url, clock())
        draft.rename(directory)
        return TestPki(directory, url, clock)

    @staticmethod
    def load(directory: Path, clock: Callable[[], int] = _wall_clock) -> TestPki:
        """Open a test PKI.

        Raises:
            TestPkiDamagedError: the folder holds none.

        """
        try:
            document = json.loads((directory / "testpki.json").read_text(encoding="utf-8"))
            url = {FORMAT: document["url"]}[document["format"]]
        except (OSError, ValueError, KeyError, TypeError) as failure:
            raise TestPkiDamagedError(
                f"{directory} holds no test PKI.", hint="Make one with `tohyo testpki new`."
            ) from failure
        return TestPki(directory, str(url), clock)

    @property
    def roots_file(self) -> Path:
        """The PEM file with every authority's certificate."""
        return self.directory / "roots.pem"

    @cached_property
    def roots(self) -> list[x509.Certificate]:
        """Every authority's certificate."""
        return x509.load_pem_x509_certificates(self.roots_file.read_bytes())

    def authority(self, purpose: Purpose, generation: Generation) -> Authority:
        """Return one authority with its keys."""
        if (purpose, generation) not in self._authorities:
            self._authorities[purpose, generation] = _load_authority(self.directory, purpose, generation)
        return self._authorities[purpose, generation]

    def card_path(self, name: str) -> Path:
        """Return the folder of a card, whether there is one or not."""
        return self.directory / "cards" / _folder_name(name)

    def person(self, name: str) -> Person:
        """Return whose card it is. Raises NoSuchCardError."""
        return self._card(name).person

    def _card(self, name: str) -> IssuedCard:
        card = self.register.card(name)
        if card is None:
            raise NoSuchCardError(
                f"No card was issued to “{name}”.", hint="The names of cards are the roll's voter ids."
            )
        return card

    def issue_card(
        self,
        name: str,
        person: Person,
        *,
        generation: Generation = Generation.PRESENT,
        card_secrets: CardSecrets | None = None,
        validity: tuple[int, int] | None = None,
        shapes: Mapping[Purpose, Shape] = SHAPES,
        authorities: Mapping[Purpose, Authority] | None = None,
    ) -> Path:
        """Issue a card with two new keys and return its folder.

        `validity` in seconds since 1970; `shapes` and `authorities` make cards that are wrong on purpose.

        Raises:
            CardNameTakenError: there is one of that name.

        """
        path = self.card_path(name)
        if path.exists():
            raise _taken(name)
        issuers = authorities or {purpose: self.authority(purpose, generation) for purpose in Purpose}
        certified = {
            purpose: self._certify(issuers[purpose], person, shapes[purpose], validity) for purpose in Purpose
        }
        draft = self._write_card(certified, card_secrets or CardSecrets())
        numbers = [(issuers[purpose].name, certified[purpose][1].serial_number) for purpose in Purpose]
        self.register.add(name, generation, person, numbers)
        try:
            return draft.rename(path)
        except OSError as failure:  # another process was quicker
            shutil.rmtree(draft, ignore_errors=True)
            raise _taken(name) from failure

    def renew(
        self,
        name: str,
        *,
        person: Person | None = None,
        generation: Generation | None = None,
        card_secrets: CardSecrets | None = None,
    ) -> Path:
        """Issue a new card in place of the old one, which is revoked and set aside.

        `person` is who they are now, after a marriage or a move. Raises NoSuchCardError.
        """
        previous = self._card(name)
        generation = generation or Generation(previous.generation)
        self.revoke(name, reason=x509.ReasonFlags.superseded)
        path = self.card_path(name)
        if path.exists():
            path.rename(self._replaced(path.name) / str(len(self.replaced_cards(name)) + 1))
        return self.issue_card(
            name, person or previous.person, generation=generation, card_secrets=card_secrets
        )

    def replaced_cards(self, name: str) -> list[Path]:
        """Return the folders of the cards of that name that were renewed, oldest first."""
        folder = self._replaced(_folder_name(name))
        return [folder / str(number) for number in range(1, sum(1 for _ in folder.iterdir()) + 1)]

    def _replaced(self, folder_name: str) -> Path:
        folder = self.directory / "replaced" / folder_name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def revoke(self, name: str, reason: x509.ReasonFlags = x509.ReasonFlags.unspecified) -> int:
        """Take back the certificates of a card; return how many were not yet. Raises NoSuchCardError."""
        self._card(name)
        return self.register.revoke(name, self.clock(), reason.value)

    def _certify(
        self, authority: Authority, person: Person, shape: Shape, validity: tuple[int, int] | None
    ) -> tuple[PrivateKey, x509.Certificate]:
        key = new_key(authority.generation)
        now = self.clock()
        ends = int(authority.certificate.not_valid_after_utc.timestamp())
        wanted = validity or (now - DAY, min(now + CARD_LIFETIME, ends))
        certificate = holder_certificate(
            authority, key.public_key(), person, shape=shape, validity=wanted, url=self.url
        )
        return key, certificate

    def _write_card(
        self, certified: Mapping[Purpose, tuple[PrivateKey, x509.Certificate]], card_secrets: CardSecrets
    ) -> Path:
        """Write both files to a folder that no card has yet; an interruption leaves no half card."""
        draft = self.directory / "cards" / f".{secrets.token_hex(16)}"
        draft.mkdir(mode=0o700)
        write_key(draft / SIGNING_FILE, *certified[Purpose.SIGNING], card_secrets.password)
        write_key(draft / AUTHENTICATION_FILE, *certified[Purpose.AUTHENTICATION], card_secrets.pin)
        return draft


def _taken(name: str) -> CardNameTakenError:
    return CardNameTakenError(f"“{name}” has a card already.", hint="Renew it, or name another one.")


def _folder_name(name: str) -> str:
    """Return the folder for a card's name; one that a path could not hold safely is hashed."""
    if _SAFE_NAME.fullmatch(name):
        return name
    return f"_{hashlib.sha256(name.encode()).hexdigest()}"


def _write_files(directory: Path, url: str, now: int) -> None:
    (directory / "cards").mkdir()
    (directory / "authorities").mkdir()
    (directory / "README.txt").write_text(_README, encoding="utf-8")
    roots = []
    for purpose, generation, name in authority_names():
        authority = new_authority(purpose, generation, now)
        _write_pair(directory / "authorities" / name, authority.certificate, authority.key)
        _write_pair(directory / "authorities" / f"{name}-ocsp", authority.responder, authority.responder_key)
        roots.append(_pem(authority.certificate))
    (directory / "roots.pem").write_text("".join(roots), encoding="ascii")
    register = Register(directory / "issued.sqlite")
    register.create()
    register.close()
    document = {"format": FORMAT, "warning": WARNING, "url": url}
    write_whole(directory / "testpki.json", json.dumps(document, indent=2) + "\n")


def _write_pair(path: Path, certificate: x509.Certificate, key: PrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_whole(path.with_name(f"{path.name}.key"), pem.decode(), private=True)
    write_whole(path.with_name(f"{path.name}.pem"), _pem(certificate))


def _load_authority(directory: Path, purpose: Purpose, generation: Generation) -> Authority:
    try:
        path = directory / "authorities" / f"{purpose}-{generation}"
        responder = path.with_name(f"{path.name}-ocsp")
        return Authority(purpose, generation, *_load_pair(path), *_load_pair(responder))
    except (OSError, ValueError) as failure:
        raise TestPkiDamagedError(
            f"The keys of {purpose}-{generation} cannot be read.", hint="Make a new test PKI."
        ) from failure


def _load_pair(path: Path) -> tuple[x509.Certificate, PrivateKey]:
    pem = path.with_name(f"{path.name}.pem").read_bytes()
    key = serialization.load_pem_private_key(path.with_name(f"{path.name}.key").read_bytes(), None)
    return x509.load_pem_x509_certificate(pem), key  # type: ignore[return-value]  # the kinds written above


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
