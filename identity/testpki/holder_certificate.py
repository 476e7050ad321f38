"""Certificates of people, to the profile of the real PKI, or deliberately wrong in one point.

A signing certificate carries name, sex, date of birth and address; an authentication certificate nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from election.person import Sex
from identity.jpki.profile import PersonalData
from identity.testpki.authority import Purpose, hash_for, issued_by, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from election.person import DateOfBirth, Person
    from identity.testpki.authority import Authority

_STATEMENT_URL: Final = "http://www.jpki.go.jp/cps.html"
_SEX: Final = {Sex.MALE: "1", Sex.FEMALE: "2", Sex.UNKNOWN: "9"}
_ERAS: Final = (  # from when on, and its digit
    (date(2019, 5, 1), "5"),
    (date(1989, 1, 8), "4"),
    (date(1926, 12, 25), "3"),
    (date(1912, 7, 30), "2"),
    (date(1868, 1, 25), "1"),
)
_UNKNOWN_ERA: Final = "0"


@dataclass(frozen=True)
class Shape:
    """What a certificate claims to be, apart from whose it is."""

    policy: x509.ObjectIdentifier
    usage: x509.KeyUsage
    is_authority: bool = False


SHAPES: Final = {purpose: Shape(purpose.policy.oid, purpose.policy.key_usage) for purpose in Purpose}


def holder_certificate(
    authority: Authority,
    public_key: CertificatePublicKeyTypes,
    person: Person,
    *,
    shape: Shape,
    validity: tuple[int, int],
    url: str,
) -> x509.Certificate:
    """Issue one certificate; `validity` in seconds since 1970, `url` where the responder is."""
    builder = x509.CertificateBuilder(
        authority.certificate.subject, _subject(), public_key, x509.random_serial_number()
    )
    builder = builder.not_valid_before(moment(validity[0])).not_valid_after(moment(validity[1]))
    for extension, is_critical in _extensions(authority, public_key, person, shape, url):
        builder = builder.add_extension(extension, is_critical)
    return builder.sign(authority.key, hash_for(authority.key))


def _subject() -> x509.Name:
    number = f"{secrets.randbelow(10**25):025d}A"  # the real ones say nothing about the person either
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, number)]
    )


def _extensions(
    authority: Authority, public_key: CertificatePublicKeyTypes, person: Person, shape: Shape, url: str
) -> Iterator[tuple[x509.ExtensionType, bool]]:
    policy = x509.PolicyInformation(shape.policy, [_STATEMENT_URL])
    yield shape.usage, True
    yield x509.CertificatePolicies([policy]), True
    if shape.is_authority:
        yield x509.BasicConstraints(ca=True, path_length=None), True
    if authority.purpose is Purpose.SIGNING:
        yield _personal_data(person), False
    yield x509.CRLDistributionPoints([_location(f"{url}/crl/{authority.name}.crl")]), False
    responder = x509.UniformResourceIdentifier(f"{url}/ocsp")
    yield (
        x509.AuthorityInformationAccess(
            [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, responder)]
        ),
        False,
    )
    yield issued_by(authority.certificate), False
    yield x509.SubjectKeyIdentifier.from_public_key(public_key), False


def _location(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def _personal_data(person: Person) -> x509.SubjectAlternativeName:
    """Return the six fields, in the order that real cards have."""
    fields = {
        PersonalData.NAME: person.name,
        PersonalData.DATE_OF_BIRTH: era_date(person.date_of_birth),
        PersonalData.SEX: _SEX[person.sex],
        PersonalData.ADDRESS: person.address,
        PersonalData.NAME_SUBSTITUTIONS: person.name_substitutions or "0" * len(person.name),
        PersonalData.ADDRESS_SUBSTITUTIONS: person.address_substitutions or "0" * len(person.address),
    }
    return x509.SubjectAlternativeName(
        x509.OtherName(field.value, asn1.encode_der(text)) for field, text in fields.items()
    )


def era_date(birth: DateOfBirth) -> str:
    """Return a date as EYYYYMMDD: the era's digit, then the year of the common era; zeros for unknown."""
    digits = f"{birth.year or 0:04d}{birth.month or 0:02d}{birth.day or 0:02d}"
    if birth.year is None:
        return _UNKNOWN_ERA + digits
    day = date(birth.year, birth.month or 1, birth.day or 1)
    return next((era for begins, era in _ERAS if day >= begins), _UNKNOWN_ERA) + digits
