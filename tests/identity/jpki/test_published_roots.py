"""Certificates that look like the six which J-LIS publishes are read, and their own signatures verified.

The published files cannot be fetched here. What is known of them, and from where, is in
docs/identity-matching.md; the look-alikes have all of it but the keys.
"""

from __future__ import annotations

from calendar import timegm
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from identity.credential import Mode
from identity.jpki.certificate import parse_certificate
from identity.jpki.profile import CertificatePolicy
from identity.jpki.trust import TrustStore, describe_roots
from identity.jpki.verifier import JpkiVerifier
from tests.support.certificates import Authority, SignedLists, make_authority, rsa_key

if TYPE_CHECKING:
    from pathlib import Path

SIGNING, AUTHENTICATION = CertificatePolicy.SIGNING, CertificatePolicy.AUTHENTICATION
# File, policy, number, first and last day.
PUBLISHED = (
    ("signca01.cer", SIGNING, 0x01, (2015, 10, 20), (2025, 10, 19)),
    ("signca02.cer", SIGNING, 0x0132C4AB, (2019, 9, 14), (2029, 9, 14)),
    ("signca03.cer", SIGNING, 0x067C6A21, (2023, 7, 16), (2033, 7, 15)),
    ("authca01.cer", AUTHENTICATION, 0x01, (2015, 10, 20), (2025, 10, 19)),
    ("authca02.cer", AUTHENTICATION, 0x0133C349, (2019, 9, 14), (2029, 9, 14)),
    ("authca03.cer", AUTHENTICATION, 0x06D18006, (2023, 7, 16), (2033, 7, 15)),
)


def _noon(day: tuple[int, int, int]) -> int:
    return timegm((*day, 12, 0, 0))


@pytest.fixture(scope="module")
def look_alikes() -> dict[str, Authority]:
    return {
        file: make_authority(
            key=rsa_key(file),
            policy=policy,
            mode=Mode.PRODUCTION,
            number=number,
            begins=_noon(first),
            ends=_noon(last),
        )
        for file, policy, number, first, last in PUBLISHED
    }


def test_they_are_read_and_signed_by_themselves(look_alikes: dict[str, Authority]) -> None:
    for authority in look_alikes.values():
        found = parse_certificate(authority.certificate.public_bytes(Encoding.DER))
        found.verify_directly_issued_by(found)
        constraints = found.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value.path_length) == (True, None)
        assert found.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.11"


def test_three_generations_share_one_name(look_alikes: dict[str, Authority]) -> None:
    names = {authority.certificate.subject.rfc4514_string() for authority in look_alikes.values()}
    agency = "OU=Japan Agency for Local Authority Information Systems"
    assert names == {
        f"{agency},OU=JPKI for {use},O=JPKI,C=JP" for use in ("digital signature", "user authentication")
    }


def test_all_six_are_trusted_in_production_together(
    look_alikes: dict[str, Authority], tmp_path: Path
) -> None:
    for file, authority in look_alikes.items():
        (tmp_path / file).write_bytes(authority.certificate.public_bytes(Encoding.DER))
    trust = TrustStore.load([tmp_path], Mode.PRODUCTION)
    assert sorted((root.not_before[:10], root.not_after[:10]) for root in describe_roots(trust)) == sorted(
        2 * [("2015-10-20", "2025-10-19"), ("2019-09-14", "2029-09-14"), ("2023-07-16", "2033-07-15")]
    )
    at = _noon((2026, 11, 21))
    verifier = JpkiVerifier(trust, SignedLists(list(look_alikes.values())))
    for file in ("signca02.cer", "signca03.cer"):
        card = look_alikes[file].issue(begins=at - 1, ends=at + 1)
        assert verifier.verify(card.presented(b"message"), b"message", at).person is not None
