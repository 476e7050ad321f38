"""Whom a signing certificate names: name, date of birth, sex and address, from its `subjectAltName`.

Read only after an authority's signature on the certificate was verified. How long its
values are and what they look like is checked here.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from cryptography import x509

from election.person import DateOfBirth, Person, Sex
from identity.errors import PersonalDataMalformedError
from identity.jpki.asn1 import utf8_string
from identity.jpki.profile import PersonalData

MAX_LENGTH: Final = 400  # characters; addresses have 200 at most
_SEXES: Final = {"1": Sex.MALE, "2": Sex.FEMALE, "3": Sex.UNKNOWN, "9": Sex.UNKNOWN, "0": Sex.UNKNOWN}
_BIRTH: Final = re.compile(r"([0-5])([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_FLAGS: Final = re.compile("[01]*")
# Meiji, Taisho, Showa, Heisei, Reiwa: first and last day. Two eras share 30 July 1912 and 25 December 1926,
# and registers use either. Meiji 1 reaches back to the lunar new year of 1868.
_ERAS: Final = {
    "1": (date(1868, 1, 25), date(1912, 7, 30)),
    "2": (date(1912, 7, 30), date(1926, 12, 25)),
    "3": (date(1926, 12, 25), date(1989, 1, 7)),
    "4": (date(1989, 1, 8), date(2019, 4, 30)),
    "5": (date(2019, 5, 1), date.max),
}


def read_person(certificate: x509.Certificate) -> Person:
    """Return the person whom a signing certificate names. Raises PersonalDataMalformedError."""
    fields = _fields(certificate)
    name, address = _text(fields, PersonalData.NAME), _text(fields, PersonalData.ADDRESS)
    return Person(
        name=name,
        date_of_birth=parse_birth(_required(fields, PersonalData.DATE_OF_BIRTH)),
        sex=_sex(fields),
        address=address,
        name_substitutions=_substitutions(fields, PersonalData.NAME_SUBSTITUTIONS, name),
        address_substitutions=_substitutions(fields, PersonalData.ADDRESS_SUBSTITUTIONS, address),
    )


def parse_birth(code: str) -> DateOfBirth:
    """Read `EYYYYMMDD`: the era's digit (0 if it is unknown), then a Gregorian date; zeros for unknown parts.

    Raises:
        PersonalDataMalformedError: it is no such code, or the date is not in the era.

    """
    found = _BIRTH.fullmatch(code)
    if not found:
        raise _malformed("date of birth")
    era, *digits = found.groups()
    year, month, day = (int(part) or None for part in digits)
    try:
        birth = DateOfBirth(year, month, day)
    except ValueError:
        raise _malformed("date of birth") from None
    if year is not None and era != "0" and not _is_in_era((year, month, day), *_ERAS[era]):
        raise _malformed("date of birth")
    return birth


def _is_in_era(birth: tuple[int | None, ...], first: date, last: date) -> bool:
    """Whether some day that the date may stand for is in the era."""
    known = tuple(part for part in birth if part is not None)
    return first.timetuple()[: len(known)] <= known <= last.timetuple()[: len(known)]


def _fields(certificate: x509.Certificate) -> dict[x509.ObjectIdentifier, str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as failure:
        raise PersonalDataMalformedError("The certificate names nobody.") from failure
    fields: dict[x509.ObjectIdentifier, str] = {}
    known = {field.value for field in PersonalData}
    for name in names:
        if not isinstance(name, x509.OtherName) or name.type_id not in known:
            continue
        if name.type_id in fields:  # two names would let us and an auditor read different ones
            raise PersonalDataMalformedError("The certificate gives something about its holder twice.")
        fields[name.type_id] = _string(name.value)
    return fields


def _string(der: bytes) -> str:
    try:
        text = utf8_string(der)
    except ValueError:
        raise PersonalDataMalformedError("The certificate's personal data cannot be read.") from None
    if len(text) > MAX_LENGTH:
        raise PersonalDataMalformedError("The certificate's personal data is too long.")
    return text


def _required(fields: dict[x509.ObjectIdentifier, str], field: PersonalData) -> str:
    value = fields.get(field.value)
    if value is None:
        raise PersonalDataMalformedError("The certificate leaves out something about its holder.")
    return value


def _text(fields: dict[x509.ObjectIdentifier, str], field: PersonalData) -> str:
    text = _required(fields, field)
    if not text.strip() or any(unicodedata.category(character) == "Cc" for character in text):
        raise _malformed("name or address")
    return text


def _sex(fields: dict[x509.ObjectIdentifier, str]) -> Sex:
    sex = _SEXES.get(_required(fields, PersonalData.SEX))
    if sex is None:
        raise _malformed("sex")
    return sex


def _substitutions(fields: dict[x509.ObjectIdentifier, str], field: PersonalData, text: str) -> str:
    """Return one flag per character of `text`; empty if nothing is substituted.

    Flags of another number are harmless as long as all are zero; else nobody knows what they are about.
    """
    flags = fields.get(field.value, "")
    if not _FLAGS.fullmatch(flags) or ("1" in flags and len(flags) != len(text)):
        raise _malformed("list of substitute characters")
    return flags if "1" in flags else ""


def _malformed(what: str) -> PersonalDataMalformedError:
    return PersonalDataMalformedError(f"The certificate's {what} cannot be read.")
