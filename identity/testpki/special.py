"""Cards that are not the ordinary one: of other generations, out of time, taken back, or wrong on purpose.

The wrong ones are what a registrar is attacked with: each breaks one rule and keeps all others.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cryptography.x509.oid import ObjectIdentifier

from election.person import DateOfBirth
from identity.jpki.profile import key_usage
from identity.testpki.authority import DAY, YEAR, Generation, Purpose, new_authority
from identity.testpki.holder_certificate import SHAPES, Shape

if TYPE_CHECKING:
    from pathlib import Path

    from election.person import Person
    from identity.testpki.authority import Authority
    from identity.testpki.card_file import CardSecrets
    from identity.testpki.directory import TestPki


class SpecialCard(StrEnum):
    """The kinds of cards."""

    ORDINARY = "ordinary"  # RSA-2048, of the present generation
    NEXT_GENERATION = "next-generation"  # P-384
    OLD_GENERATION = "old-generation"  # ends soon, with its authority
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    REVOKED = "revoked"
    OVERSEAS = "overseas"  # the address says that the holder left Japan
    SUBSTITUTE_CHARACTERS = "substitute-characters"  # in name and address
    UNKNOWN_BIRTH_DATE = "unknown-birth-date"  # only the year is known
    WRONG_POLICY = "wrong-policy"
    WRONG_USAGE = "wrong-usage"
    AUTHORITY = "authority"  # it could sign certificates itself
    IMPOSTOR = "impostor"  # signed by somebody with the authority's name and key identifier


OVERSEAS_ADDRESS: Final = "国外転出　令和８年４月１日"
SUBSTITUTE: Final = "代"

_GENERATIONS: Final = {
    SpecialCard.NEXT_GENERATION: Generation.NEXT,
    SpecialCard.OLD_GENERATION: Generation.OLD,
}
_VALIDITY: Final = {  # relative to now
    SpecialCard.EXPIRED: (-3 * YEAR, -DAY),
    SpecialCard.NOT_YET_VALID: (30 * DAY, 5 * YEAR),
}
_OTHER_POLICY: Final = ObjectIdentifier("1.2.392.200149.8.5.1.1.99")  # nobody issues under it
_SHAPES: Final[dict[SpecialCard, dict[Purpose, Shape]]] = {
    SpecialCard.WRONG_POLICY: {
        purpose: replace(shape, policy=_OTHER_POLICY) for purpose, shape in SHAPES.items()
    },
    SpecialCard.WRONG_USAGE: {  # each has the other's
        Purpose.SIGNING: replace(SHAPES[Purpose.SIGNING], usage=SHAPES[Purpose.AUTHENTICATION].usage),
        Purpose.AUTHENTICATION: replace(SHAPES[Purpose.AUTHENTICATION], usage=SHAPES[Purpose.SIGNING].usage),
    },
    SpecialCard.AUTHORITY: {
        purpose: replace(shape, usage=key_usage(digital_signature=True, ca=True), is_authority=True)
        for purpose, shape in SHAPES.items()
    },
}


def person_on_card(kind: SpecialCard, person: Person) -> Person:
    """Return the person as a card of that kind describes them; a roll may have to say the same."""
    if kind is SpecialCard.OVERSEAS:
        return replace(person, address=OVERSEAS_ADDRESS, address_substitutions="")
    if kind is SpecialCard.UNKNOWN_BIRTH_DATE:
        return replace(person, date_of_birth=DateOfBirth(person.date_of_birth.year, None, None))
    if kind is SpecialCard.SUBSTITUTE_CHARACTERS:
        town = person.address.find("市") + 1
        return replace(
            person,
            name=_substituted(person.name, 0),
            name_substitutions=_flag(person.name, 0),
            address=_substituted(person.address, town),
            address_substitutions=_flag(person.address, town),
        )
    return person


def issue_special_card(
    pki: TestPki, name: str, person: Person, kind: SpecialCard, card_secrets: CardSecrets | None = None
) -> Path:
    """Issue a card of some kind and return its folder. Raises CardNameTakenError."""
    now, offsets = pki.clock(), _VALIDITY.get(kind)
    path = pki.issue_card(
        name,
        person_on_card(kind, person),
        generation=_GENERATIONS.get(kind, Generation.PRESENT),
        card_secrets=card_secrets,
        validity=None if offsets is None else (now + offsets[0], now + offsets[1]),
        shapes=_SHAPES.get(kind, SHAPES),
        authorities=_impostors(pki) if kind is SpecialCard.IMPOSTOR else None,
    )
    if kind is SpecialCard.REVOKED:
        pki.revoke(name)
    return path


def _impostors(pki: TestPki) -> dict[Purpose, Authority]:
    """Return authorities with the true certificates, so of one name and key identifier, but other keys."""
    impostors = {}
    for purpose in Purpose:
        true = pki.authority(purpose, Generation.PRESENT)
        impostors[purpose] = replace(true, key=new_authority(purpose, true.generation, pki.clock()).key)
    return impostors


def _substituted(text: str, position: int) -> str:
    return text[:position] + SUBSTITUTE + text[position + 1 :]


def _flag(text: str, position: int) -> str:
    return "".join("1" if i == position else "0" for i in range(len(text)))
