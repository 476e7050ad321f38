"""Three generations of an authority with one name, one for authentication, and a verifier that trusts all."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from identity.challenge import Challenge, signed_message
from identity.credential import Mode
from identity.jpki.profile import CertificatePolicy
from identity.jpki.trust import TrustStore
from identity.jpki.verifier import JpkiVerifier
from tests.support.certificates import AT, DAY, Authority, SignedLists, ec_key, make_authority, rsa_key

CHALLENGE = Challenge("つくば市長選挙", "0x" + "ab" * 20, 31337, AT - 60, AT + 540, "0f" * 32)
COMMITMENT = 12345


@dataclass(frozen=True)
class Pki:
    """Authorities, and the verifier that trusts them all."""

    generations: tuple[Authority, ...]
    authentication: Authority
    trust: TrustStore
    lists: SignedLists

    @property
    def signing(self) -> Authority:
        """The generation that issues today."""
        return self.generations[1]

    @property
    def next_generation(self) -> Authority:
        """The one with a key on P-384."""
        return self.generations[2]

    @property
    def verifier(self) -> JpkiVerifier:
        return JpkiVerifier(self.trust, self.lists)


@pytest.fixture(scope="session")
def _authorities() -> tuple[Authority, ...]:
    return (
        make_authority(key=rsa_key("first"), number=1, begins=AT - 4000 * DAY, ends=AT - 400 * DAY),
        make_authority(key=rsa_key("second"), number=0x0132C4AB),
        make_authority(key=ec_key("third"), number=0x067C6A21),
        make_authority(key=rsa_key("authentication"), policy=CertificatePolicy.AUTHENTICATION),
    )


@pytest.fixture
def pki(_authorities: tuple[Authority, ...], tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("trusted")
    for number, authority in enumerate(_authorities):
        (folder / f"{number}.cer").write_bytes(authority.pem)
    trust = TrustStore.load([folder], Mode.TEST)
    return Pki(_authorities[:3], _authorities[3], trust, SignedLists(_authorities))


@pytest.fixture
def message() -> bytes:
    return signed_message(CHALLENGE.text, COMMITMENT)


@pytest.fixture
def other_message() -> bytes:
    """The same challenge with another commitment."""
    return signed_message(CHALLENGE.text, COMMITMENT + 1)
