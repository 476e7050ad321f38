"""What a verifier accepts, and an attack of every kind, each refused with its own code."""

from __future__ import annotations

import base64
import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from election.person import DateOfBirth, Sex
from identity.credential import CredentialKind
from identity.errors import (
    CertificateExpiredError,
    CertificateIsAuthorityError,
    CertificateMalformedError,
    CertificateNamesNoPersonError,
    CertificateNotYetValidError,
    CertificateRevokedError,
    CredentialRefusedError,
    IssuerUnknownError,
    NotExactlyOneSignatureError,
    PersonalDataMalformedError,
    RevocationUnavailableError,
    RevocationUnknownError,
    SignatureInvalidError,
    UnknownCriticalExtensionError,
    UnsupportedKeyError,
    WrongCertificatePolicyError,
    WrongKeyUsageError,
)
from identity.jpki.profile import CertificatePolicy, PersonalData, key_usage
from identity.jpki.verifier import JpkiVerifier
from identity.revocation.status import RevocationProof, RevocationSource, RevocationStatus
from tests.support.certificates import (
    AT,
    DATA,
    DAY,
    IssuedCard,
    Key,
    ec_key,
    make_authority,
    presented,
    rsa_key,
    sign,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Pki

P384_ORDER = (
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
)


def test_a_card_of_today_names_its_person(pki: Pki, message: bytes) -> None:
    verified = pki.verifier.verify(pki.signing.issue().presented(message), message, AT)
    assert verified.kind is CredentialKind.JPKI
    assert verified.person is not None
    assert verified.roll_entry is None
    assert verified.person.name == "髙橋　花子"
    assert verified.person.sex is Sex.FEMALE
    assert verified.person.date_of_birth == DateOfBirth(1980, 2, 17)
    assert verified.person.address == "茨城県つくば市吾妻一丁目２番地３"


@pytest.mark.parametrize("card_key", [rsa_key, ec_key])
def test_every_generation_that_is_valid_issues_cards_with_either_key(
    pki: Pki, message: bytes, card_key: Callable[[], Key]
) -> None:
    for generation in (pki.signing, pki.next_generation):
        card = generation.issue(key=card_key())
        assert pki.verifier.verify(card.presented(message), message, AT).person is not None


def test_an_issuer_is_found_by_its_signature_if_nothing_points_to_it(pki: Pki, message: bytes) -> None:
    for generation in (pki.signing, pki.next_generation):
        card = generation.issue(pointer=None)
        checked = pki.verifier.check(card.presented(message), message, AT)
        assert checked.root.certificate == generation.certificate


def test_a_certificate_counts_on_its_first_and_its_last_second(pki: Pki, message: bytes) -> None:
    card = pki.signing.issue(begins=AT, ends=AT)
    assert pki.verifier.verify(card.presented(message), message, AT).person is not None


def test_a_user_authentication_certificate_is_verified_but_names_nobody(pki: Pki, message: bytes) -> None:
    card = pki.authentication.issue()
    checked = pki.verifier.check(card.presented(message), message, AT)
    assert checked.policy is CertificatePolicy.AUTHENTICATION
    with pytest.raises(CertificateNamesNoPersonError):
        pki.verifier.verify(card.presented(message), message, AT)


def _impostor(pki: Pki, **flaws: Any) -> IssuedCard:
    """A card by an authority of the right name, with a key that nobody trusts."""
    identifier = pki.signing.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return make_authority(key=rsa_key("impostor"), identifier=identifier).issue(**flaws)


CERTIFICATE_ATTACKS: dict[str, tuple[type[CredentialRefusedError], Callable[[Pki], IssuedCard]]] = {
    "expired": (CertificateExpiredError, lambda pki: pki.signing.issue(ends=AT - 1)),
    "not yet valid": (CertificateNotYetValidError, lambda pki: pki.signing.issue(begins=AT + 1)),
    "by a same-name impostor": (IssuerUnknownError, lambda pki: _impostor(pki, pointer=None)),
    "by an impostor who copied the key identifier": (
        IssuerUnknownError,
        lambda pki: _impostor(pki, pointer=pki.signing.pointer()),
    ),
    "by an impostor who points to itself": (
        IssuerUnknownError,
        lambda _: make_authority(key=rsa_key("impostor")).issue(),
    ),
    "pointing to another generation than the one that signed": (
        IssuerUnknownError,
        lambda pki: pki.signing.issue(pointer=pki.next_generation.pointer()),
    ),
    "by a generation whose time is over": (IssuerUnknownError, lambda pki: pki.generations[0].issue()),
    "by the authority of the other policy": (
        IssuerUnknownError,
        lambda pki: pki.authentication.issue(policy=CertificatePolicy.SIGNING),
    ),
    "with the name of another issuer": (
        IssuerUnknownError,
        lambda pki: pki.signing.issue(issuer=x509.Name([])),
    ),
    "for another use": (
        WrongKeyUsageError,
        lambda pki: pki.signing.issue(usage=CertificatePolicy.AUTHENTICATION.key_usage),
    ),
    "for nonRepudiation alone": (
        WrongKeyUsageError,
        lambda pki: pki.signing.issue(usage=key_usage(content_commitment=True)),
    ),
    "for no use": (WrongKeyUsageError, lambda pki: pki.signing.issue(usage=None)),
    "of another policy": (
        WrongCertificatePolicyError,
        lambda pki: pki.signing.issue(policies=[x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.10")]),
    ),
    "of two policies": (
        WrongCertificatePolicyError,
        lambda pki: pki.signing.issue(policies=[policy.oid for policy in CertificatePolicy]),
    ),
    "of no policy": (WrongCertificatePolicyError, lambda pki: pki.signing.issue(policies=[])),
    "that is an authority": (
        CertificateIsAuthorityError,
        lambda pki: pki.signing.issue(constraints=x509.BasicConstraints(ca=True, path_length=0)),
    ),
    "that may sign certificates": (
        CertificateIsAuthorityError,
        lambda pki: pki.signing.issue(usage=key_usage(digital_signature=True, ca=True)),
    ),
    "with an unknown critical extension": (
        UnknownCriticalExtensionError,
        lambda pki: pki.signing.issue(
            extra=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]
        ),
    ),
    "of 1024 bits": (UnsupportedKeyError, lambda pki: pki.signing.issue(key=rsa_key("short", 1024))),
    "of 4096 bits": (UnsupportedKeyError, lambda pki: pki.signing.issue(key=rsa_key("long", 4096))),
    "with exponent 3": (UnsupportedKeyError, lambda pki: pki.signing.issue(key=rsa_key("three", 2048, 3))),
    "on P-256": (UnsupportedKeyError, lambda pki: pki.signing.issue(key=ec_key("p256", ec.SECP256R1))),
    "on brainpool's 384 bits": (
        UnsupportedKeyError,
        lambda pki: pki.signing.issue(key=ec_key("brainpool", ec.BrainpoolP384R1)),
    ),
    "signed with SHA-512": (UnsupportedKeyError, lambda pki: pki.signing.issue(digest=hashes.SHA512())),
    "without personal data": (PersonalDataMalformedError, lambda pki: pki.signing.issue(data={})),
    "without a date of birth": (
        PersonalDataMalformedError,
        lambda pki: pki.signing.issue(
            data={field: text for field, text in DATA.items() if field is not PersonalData.DATE_OF_BIRTH}
        ),
    ),
}


@pytest.mark.parametrize("attack", CERTIFICATE_ATTACKS)
def test_a_certificate_is_refused_if_it_is(attack: str, pki: Pki, message: bytes) -> None:
    error, issue = CERTIFICATE_ATTACKS[attack]
    card = issue(pki)
    with pytest.raises(CredentialRefusedError) as refused:
        pki.verifier.verify(card.presented(message), message, AT)
    assert type(refused.value) is error
    assert pki.lists.asked == 0  # the authority is asked about nothing that is refused anyway


def _sha1_certificate(pki: Pki) -> bytes:
    """A certificate that the authority signed with SHA-1, which the library refuses to make."""
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    der = pki.signing.issue().der.replace(sha256, sha1)
    body = x509.load_der_x509_certificate(der).tbs_certificate_bytes
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303 - the attack
    digest.update(body)
    block = bytes.fromhex("3021300906052b0e03021a05000414") + digest.finalize()
    padded = b"\x00\x01" + b"\xff" * (253 - len(block)) + b"\x00" + block
    numbers = pki.signing.key.private_numbers()  # type: ignore[union-attr]
    signature = pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n)  # type: ignore[union-attr]
    return der[:-256] + signature.to_bytes(256)


def test_a_certificate_signed_with_sha_1_is_refused(pki: Pki, message: bytes) -> None:
    with pytest.raises(UnsupportedKeyError):
        pki.verifier.verify(presented(_sha1_certificate(pki), sign(rsa_key(), message)), message, AT)


def test_a_certificate_whose_two_algorithms_differ_is_refused(pki: Pki, message: bytes) -> None:
    inner = bytes.fromhex("2a864886f70d01010b")
    der = pki.signing.issue().der
    at = der.index(inner) + len(inner) - 1
    changed = der[:at] + b"\x0c" + der[at + 1 :]
    with pytest.raises(IssuerUnknownError):
        pki.verifier.verify(presented(changed, sign(rsa_key(), message)), message, AT)


def test_a_signature_over_another_commitment_is_refused(
    pki: Pki, message: bytes, other_message: bytes
) -> None:
    for key in (rsa_key(), ec_key()):
        card = pki.signing.issue(key=key)
        with pytest.raises(SignatureInvalidError):
            pki.verifier.verify(card.presented(other_message), message, AT)


def test_a_signature_by_another_card_is_refused(pki: Pki, message: bytes) -> None:
    signature = sign(rsa_key("another card"), message)
    with pytest.raises(SignatureInvalidError):
        pki.verifier.verify(presented(pki.signing.issue().der, signature), message, AT)


def _rsa_signatures(message: bytes) -> dict[str, tuple[type[CredentialRefusedError], bytes]]:
    key = rsa_key()
    good, modulus = sign(key, message), key.public_key().public_numbers().n
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return {
        "two": (NotExactlyOneSignatureError, good + good),
        "a leading zero": (NotExactlyOneSignatureError, b"\x00" + good),
        "a trailing byte": (NotExactlyOneSignatureError, good + b"\x00"),
        "the modulus added": (
            NotExactlyOneSignatureError,
            (int.from_bytes(good) + modulus).to_bytes(257),
        ),
        "the high bit flipped": (SignatureInvalidError, bytes([good[0] ^ 0x80]) + good[1:]),
        "the modulus itself": (SignatureInvalidError, modulus.to_bytes(256)),
        "one byte less": (SignatureInvalidError, good[:-1]),
        "zero": (SignatureInvalidError, bytes(256)),
        "one": (SignatureInvalidError, (1).to_bytes(256)),
        "SHA-512": (SignatureInvalidError, key.sign(message, padding.PKCS1v15(), hashes.SHA512())),
        "PSS": (SignatureInvalidError, key.sign(message, salted, hashes.SHA256())),
    }


@pytest.mark.parametrize("attack", _rsa_signatures(b"any"))
def test_an_rsa_signature_is_refused_if_it_has(attack: str, pki: Pki, message: bytes) -> None:
    error, signature = _rsa_signatures(message)[attack]
    with pytest.raises(CredentialRefusedError) as refused:
        pki.verifier.verify(presented(pki.signing.issue().der, signature), message, AT)
    assert type(refused.value) is error


def _ecdsa_signatures(message: bytes) -> dict[str, tuple[type[CredentialRefusedError], bytes]]:
    key = ec_key()
    good = sign(key, message)
    r, s = decode_dss_signature(good)
    long_form = b"\x30\x81" + good[1:]
    return {
        "two": (NotExactlyOneSignatureError, good + good),
        "a trailing byte": (NotExactlyOneSignatureError, good + b"\x00"),
        "a hundred more": (NotExactlyOneSignatureError, good * 100),
        "the bare numbers": (SignatureInvalidError, r.to_bytes(48) + s.to_bytes(48)),
        "a length that is longer than needed": (SignatureInvalidError, long_form),
        "the order added to s": (SignatureInvalidError, encode_dss_signature(r, s + P384_ORDER)),
        "the order added to r": (SignatureInvalidError, encode_dss_signature(r + P384_ORDER, s)),
        "s of zero": (SignatureInvalidError, encode_dss_signature(r, 0)),
        "a negative r": (SignatureInvalidError, b"\x30\x06\x02\x01\x81\x02\x01\x01"),
        "one byte less": (SignatureInvalidError, good[:-1]),
        "SHA-256": (SignatureInvalidError, key.sign(message, ec.ECDSA(hashes.SHA256()))),
        "another tag": (SignatureInvalidError, b"\x31" + good[1:]),
    }


@pytest.mark.parametrize("attack", _ecdsa_signatures(b"any"))
def test_an_ecdsa_signature_is_refused_if_it_has(attack: str, pki: Pki, message: bytes) -> None:
    error, signature = _ecdsa_signatures(message)[attack]
    with pytest.raises(CredentialRefusedError) as refused:
        pki.verifier.verify(presented(pki.signing.issue(key=ec_key()).der, signature), message, AT)
    assert type(refused.value) is error


def _present_as(key: str, change: Callable[[str], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda request: request | {key: change(request[key])}


FORM_ATTACKS: dict[str, tuple[type[CredentialRefusedError], Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "a list of signatures": (NotExactlyOneSignatureError, _present_as("signature", lambda one: [one, one])),
    "a list of one signature": (NotExactlyOneSignatureError, _present_as("signature", lambda one: [one])),
    "two signatures in one text": (
        NotExactlyOneSignatureError,
        _present_as("signature", lambda one: one + one),
    ),
    "an empty signature": (NotExactlyOneSignatureError, _present_as("signature", lambda _: "")),
    "no signature": (NotExactlyOneSignatureError, lambda request: {"certificate": request["certificate"]}),
    "a signature without padding": (
        NotExactlyOneSignatureError,
        _present_as("signature", lambda one: one.rstrip("=")),
    ),
    "a signature with bits set that are not used": (
        NotExactlyOneSignatureError,
        _present_as("signature", lambda one: one[:-3] + chr(ord(one[-3]) + 1) + "=="),
    ),
    "a signature with a line end": (
        NotExactlyOneSignatureError,
        _present_as("signature", lambda one: one + "\n"),
    ),
    "no certificate": (CertificateMalformedError, lambda request: {"signature": request["signature"]}),
    "a certificate that is no text": (
        CertificateMalformedError,
        _present_as("certificate", lambda one: [one]),
    ),
    "two certificates in one text": (
        CertificateMalformedError,
        _present_as("certificate", lambda one: one.rstrip("=") + one),
    ),
}


@pytest.mark.parametrize("attack", FORM_ATTACKS)
def test_a_request_is_refused_that_holds(attack: str, pki: Pki, message: bytes) -> None:
    error, change = FORM_ATTACKS[attack]
    with pytest.raises(CredentialRefusedError) as refused:
        pki.verifier.verify(change(pki.signing.issue().presented(message)), message, AT)
    assert type(refused.value) is error


def test_a_revoked_certificate_is_refused(pki: Pki, message: bytes) -> None:
    card = pki.signing.issue()
    pki.lists.revoked.add(card.certificate.serial_number)
    with pytest.raises(CertificateRevokedError):
        pki.verifier.verify(card.presented(message), message, AT)


class _Answering:
    def __init__(self, answer: RevocationStatus | RevocationUnavailableError) -> None:
        self._answer = answer

    def check(self, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> RevocationProof:
        del certificate, issuer
        if isinstance(self._answer, RevocationStatus):
            return RevocationProof(self._answer, RevocationSource.OCSP, b"", at)
        raise self._answer


def test_a_certificate_that_the_authority_does_not_know_is_refused(pki: Pki, message: bytes) -> None:
    verifier = JpkiVerifier(pki.trust, _Answering(RevocationStatus.UNKNOWN))
    with pytest.raises(RevocationUnknownError):
        verifier.verify(pki.signing.issue().presented(message), message, AT)


def test_silence_of_the_authority_decides_nothing(pki: Pki, message: bytes) -> None:
    verifier = JpkiVerifier(pki.trust, _Answering(RevocationUnavailableError("No answer.")))
    with pytest.raises(RevocationUnavailableError):
        verifier.verify(pki.signing.issue().presented(message), message, AT)


def test_no_error_says_anything_of_the_certificate(pki: Pki, message: bytes) -> None:
    said = set()
    for error, issue in CERTIFICATE_ATTACKS.values():
        with pytest.raises(error) as refused:
            pki.verifier.verify(issue(pki).presented(message), message, AT)
        said.add(f"{refused.value} {refused.value.hint}")
    text = "".join(said)
    assert all(secret not in text for secret in ("花子", "つくば", "1980", "TEST0"))
    assert len({error.code for error, _ in CERTIFICATE_ATTACKS.values()}) == 9


# The auditor's half.


def test_evidence_is_json_and_holds_again_without_a_network(pki: Pki, message: bytes) -> None:
    verified = pki.verifier.verify(pki.signing.issue().presented(message), message, AT)
    kept = json.loads(json.dumps(verified.evidence))
    offline = JpkiVerifier(pki.trust, _Answering(RevocationUnavailableError("There is no network.")))
    again = offline.recheck(kept, message)
    assert again.person == verified.person
    assert again.evidence == verified.evidence


def test_evidence_holds_after_the_certificate_ended(pki: Pki, message: bytes) -> None:
    card = pki.signing.issue(ends=AT + 1)
    evidence = pki.verifier.verify(card.presented(message), message, AT).evidence
    with pytest.raises(CertificateExpiredError):
        pki.verifier.verify(card.presented(message), message, AT + 2)
    assert pki.verifier.recheck(evidence, message).person is not None


def _moved(evidence: dict[str, Any], seconds: int) -> dict[str, Any]:
    return evidence | {"verified_at": evidence["verified_at"] + seconds}


FORGED: dict[str, tuple[type[Exception], Callable[[dict[str, Any], Pki], dict[str, Any]]]] = {
    "another time": (CertificateExpiredError, lambda kept, _: _moved(kept, 2000 * DAY)),
    "a time for which the list is too old": (
        RevocationUnavailableError,
        lambda kept, _: _moved(kept, 10 * DAY),
    ),
    "a time that is no number": (CertificateMalformedError, lambda kept, _: kept | {"verified_at": True}),
    "no time": (
        CertificateMalformedError,
        lambda kept, _: {name: value for name, value in kept.items() if name != "verified_at"},
    ),
    "another issuer": (
        IssuerUnknownError,
        lambda kept, pki: kept | {"issuer_fingerprint": pki.trust.roots[0].fingerprint},
    ),
    "no answer about revocation": (
        RevocationUnavailableError,
        lambda kept, _: kept | {"revocation": None},
    ),
    "a made-up answer": (
        RevocationUnavailableError,
        lambda kept, _: kept | {"revocation": kept["revocation"] | {"data": "AAAA"}},
    ),
    "an answer about the other source": (
        RevocationUnavailableError,
        lambda kept, _: kept | {"revocation": kept["revocation"] | {"source": "ocsp"}},
    ),
    "another card's certificate": (
        SignatureInvalidError,
        lambda kept, pki: (
            kept | {"certificate": base64.b64encode(pki.signing.issue(key=rsa_key("other")).der).decode()}
        ),
    ),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_evidence_is_refused_with(forgery: str, pki: Pki, message: bytes) -> None:
    error, forge = FORGED[forgery]
    evidence = pki.verifier.verify(pki.signing.issue().presented(message), message, AT).evidence
    untouched = copy.deepcopy(evidence)
    with pytest.raises(error):
        pki.verifier.recheck(forge(evidence, pki), message)
    assert pki.verifier.recheck(untouched, message).person is not None


def test_evidence_of_another_commitment_is_refused(pki: Pki, message: bytes, other_message: bytes) -> None:
    evidence = pki.verifier.verify(pki.signing.issue().presented(message), message, AT).evidence
    with pytest.raises(SignatureInvalidError):
        pki.verifier.recheck(evidence, other_message)


def test_evidence_of_a_revoked_certificate_cannot_be_called_good(pki: Pki, message: bytes) -> None:
    card = pki.signing.issue()
    evidence = pki.verifier.verify(card.presented(message), message, AT).evidence
    pki.lists.revoked.add(card.certificate.serial_number)
    answer = pki.lists.check(card.certificate, pki.signing.certificate, AT).to_json()
    with pytest.raises(CertificateRevokedError):
        pki.verifier.recheck(evidence | {"revocation": answer}, message)
    with pytest.raises(RevocationUnavailableError):
        pki.verifier.recheck(evidence | {"revocation": answer | {"status": "good"}}, message)
