"""A test PKI's authorities, and what stands in the certificates that they issue."""

import stat

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, SignatureAlgorithmOID

from election.person import DateOfBirth, Person, Sex
from identity.credential import Mode
from identity.errors import TestRootInProductionError as RootInProductionError  # not a test
from identity.jpki.certificate import require_profile
from identity.jpki.personal_data import read_person
from identity.jpki.trust import TrustStore
from identity.testpki.authority import Generation, Purpose
from identity.testpki.card_file import CardSecrets
from identity.testpki.directory import WARNING, TestPki
from identity.testpki.errors import (
    CardNameTakenError,
    CardSecretMalformedError,
    NoSuchCardError,
)
from identity.testpki.errors import TestPkiDamagedError as DamagedError  # not a test
from identity.testpki.errors import TestPkiFolderTakenError as FolderTakenError  # not a test
from identity.testpki.holder_certificate import era_date
from tests.support.people import people
from voter.card import Card

BOTH = list(Purpose)


@pytest.fixture(scope="module")
def person():
    return people(1)[0][1]


@pytest.fixture(scope="module")
def cards(pki, person):
    """One card of each generation."""
    return {
        generation: pki.issue_card(f"directory-{generation}", person, generation=generation)
        for generation in Generation
    }


@pytest.mark.parametrize("purpose", BOTH)
def test_three_generations_have_one_name_and_three_keys(pki, purpose):
    authorities = [pki.authority(purpose, generation) for generation in Generation]
    assert len({authority.certificate.subject.public_bytes() for authority in authorities}) == 1
    assert len({key_of(authority.certificate) for authority in authorities}) == 3
    assert authorities[0].certificate.subject.rfc4514_string().endswith("O=JPKI-TEST,C=JP")
    for authority in authorities:
        authority.certificate.verify_directly_issued_by(authority.certificate)


def test_signing_and_authentication_have_different_authorities(pki):
    keys = {key_of(root) for root in pki.roots}
    assert (len(pki.roots), len(keys), len({root.subject for root in pki.roots})) == (6, 6, 2)


def test_the_old_generation_ends_soon_and_the_next_one_has_another_kind_of_key(pki):
    old, present, following = (
        pki.authority(Purpose.SIGNING, generation).certificate for generation in Generation
    )
    assert old.not_valid_after_utc.timestamp() < pki.clock() + 90 * 86_400
    assert old.not_valid_after_utc < present.not_valid_after_utc < following.not_valid_after_utc
    assert [cert.public_key().key_size for cert in (old, present, following)] == [2048, 2048, 384]


def test_a_registrar_trusts_the_roots_in_test_mode_only(pki):
    assert len(TrustStore.load([pki.roots_file], Mode.TEST).roots) == 6
    with pytest.raises(RootInProductionError):
        TrustStore.load([pki.roots_file], Mode.PRODUCTION)


@pytest.mark.parametrize("purpose", BOTH)
@pytest.mark.parametrize("generation", list(Generation))
def test_every_card_keeps_the_profile(pki, cards, certificate_on, generation, purpose):
    certificate = certificate_on(cards[generation], purpose)
    assert require_profile(certificate) is purpose.policy
    issuer = TrustStore.load([pki.roots_file], Mode.TEST).find_issuer(certificate)
    assert issuer.certificate == pki.authority(purpose, generation).certificate
    for other in set(Generation) - {generation}:
        with pytest.raises((InvalidSignature, TypeError, ValueError)):
            certificate.verify_directly_issued_by(pki.authority(purpose, other).certificate)


@pytest.mark.parametrize(
    ("generation", "bits", "algorithm"),
    [
        (Generation.PRESENT, 2048, SignatureAlgorithmOID.RSA_WITH_SHA256),
        (Generation.NEXT, 384, SignatureAlgorithmOID.ECDSA_WITH_SHA384),
    ],
)
def test_a_generation_has_its_algorithm(cards, certificate_on, generation, bits, algorithm):
    certificate = certificate_on(cards[generation])
    assert certificate.public_key().key_size == bits
    assert certificate.signature_algorithm_oid == algorithm


def test_a_signing_certificate_is_laid_out_as_real_ones_are(cards, certificate_on):
    extensions = certificate_on(cards[Generation.PRESENT]).extensions
    critical = {type(extension.value) for extension in extensions if extension.critical}
    assert critical == {x509.KeyUsage, x509.CertificatePolicies}
    (policy,) = extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert policy.policy_identifier.dotted_string == "1.2.392.200149.8.5.1.1.20"
    assert policy.policy_qualifiers == ["http://www.jpki.go.jp/cps.html"]
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.type_id.dotted_string[-1] for name in names] == ["1", "4", "3", "5", "2", "6"]


def test_a_signing_certificate_names_the_person_and_an_authentication_certificate_nobody(
    cards, certificate_on, person
):
    assert read_person(certificate_on(cards[Generation.PRESENT])) == person
    silent = certificate_on(cards[Generation.PRESENT], Purpose.AUTHENTICATION)
    with pytest.raises(x509.ExtensionNotFound):
        silent.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert person.name.encode() not in silent.public_bytes(Encoding.DER)


def test_certificates_say_where_the_responder_is(cards, certificate_on):
    for purpose in BOTH:
        extensions = certificate_on(cards[Generation.NEXT], purpose).extensions
        (access,) = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        assert access.access_method == AuthorityInformationAccessOID.OCSP
        assert access.access_location.value == "http://127.0.0.1:8460/ocsp"
        (point,) = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert point.full_name[0].value == f"http://127.0.0.1:8460/crl/{purpose}-next.crl"


def test_every_key_of_every_card_is_another(pki, person, certificate_on):
    paths = [pki.issue_card(f"distinct-{number}", person, generation=Generation.NEXT) for number in range(5)]
    keys = {key_of(certificate_on(path, purpose)) for path in paths for purpose in BOTH}
    assert len(keys) == 10


@pytest.mark.parametrize(
    ("birth", "code"),
    [
        (DateOfBirth(1868, 1, 25), "118680125"),
        (DateOfBirth(1912, 7, 29), "119120729"),
        (DateOfBirth(1912, 7, 30), "219120730"),
        (DateOfBirth(1926, 12, 25), "319261225"),
        (DateOfBirth(1989, 1, 7), "319890107"),
        (DateOfBirth(1989, 1, 8), "419890108"),
        (DateOfBirth(2019, 4, 30), "420190430"),
        (DateOfBirth(2019, 5, 1), "520190501"),
        (DateOfBirth(1950, 3, None), "319500300"),
        (DateOfBirth(1950, None, None), "319500000"),
        (DateOfBirth(None, None, None), "000000000"),
    ],
)
def test_dates_of_birth_have_the_eras_digit_and_zeros_for_what_is_unknown(birth, code):
    assert era_date(birth) == code


@pytest.mark.parametrize("sex", list(Sex))
@pytest.mark.parametrize("birth", [(None, None, None), (1989, None, None), (2019, 5, None), (1930, 2, 28)])
def test_what_a_card_says_is_read_as_it_was_written(pki, certificate_on, sex, birth):
    person = Person("𠮷田　花子", DateOfBirth(*birth), sex, "茨城県つくば市天王台一丁目１番１号", "10000", "")
    name = f"odd-{sex}-{birth}"
    assert read_person(certificate_on(pki.issue_card(name, person, generation=Generation.NEXT))) == person


def test_nobody_but_the_owner_can_read_what_is_private(pki, cards):
    private = [*(pki.directory / "authorities").glob("*.key"), *cards[Generation.NEXT].glob("*.p12")]
    assert len(private) == 14
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert stat.S_IMODE(pki.directory.stat().st_mode) == 0o700


def test_the_folder_says_what_it_is(pki):
    for file in ("README.txt", "testpki.json"):
        assert WARNING in (pki.directory / file).read_text(encoding="utf-8")


def test_a_card_is_never_replaced_by_issuing_another(pki, cards, person):
    with pytest.raises(CardNameTakenError):
        pki.issue_card("directory-present", person)


@pytest.mark.parametrize("name", ["../escaped", "/etc", ".hidden", "a/b", "市民一号", "x" * 300, ""])
def test_no_name_leads_out_of_the_folder(pki, person, name):
    path = pki.issue_card(name, person, generation=Generation.NEXT)
    assert path.parent == pki.directory / "cards"
    assert path.resolve() == path
    assert pki.person(name) == person
    Card.load(path)


def test_a_renewed_card_has_new_keys_and_the_old_one_is_revoked_and_kept(pki, person, certificate_on):
    before = certificate_on(pki.issue_card("renewed", person, generation=Generation.NEXT))
    after = certificate_on(pki.renew("renewed"))
    third = certificate_on(pki.renew("renewed", generation=Generation.PRESENT))
    assert len({cert.serial_number for cert in (before, after, third)}) == 3
    assert [certificate_on(path) for path in pki.replaced_cards("renewed")] == [before, after]
    assert third.public_key().key_size == 2048
    register = pki.register
    assert register.revocation("signing-next", before.serial_number).reason == "superseded"
    assert register.revocation("signing-next", after.serial_number) is not None
    assert register.revocation("signing-present", third.serial_number) is None


def test_only_cards_that_exist_can_be_revoked_or_renewed(pki):
    for work in (pki.revoke, pki.renew, pki.person):
        with pytest.raises(NoSuchCardError):
            work("nobody")


@pytest.mark.parametrize(
    "secrets",
    [
        {"password": "short"},
        {"password": "x" * 17},
        {"password": "pass word"},
        {"pin": "123"},
        {"pin": "12345"},
    ],
)
def test_cards_have_secrets_of_the_real_form(secrets):
    with pytest.raises(CardSecretMalformedError):
        CardSecrets(**secrets)


def test_a_folder_in_use_is_refused_and_an_empty_one_taken(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(FolderTakenError):
        TestPki.create(tmp_path / "full")
    (tmp_path / "empty").mkdir()
    TestPki.create(tmp_path / "empty").close()
    TestPki.load(tmp_path / "empty").close()


@pytest.mark.parametrize(
    "document", ["", "{", "[]", "{}", '{"format": "tohyo-testpki/9", "url": "http://x"}']
)
def test_what_is_no_test_pki_is_not_opened(tmp_path, document):
    (tmp_path / "testpki.json").write_text(document, encoding="utf-8")
    with pytest.raises(DamagedError):
        TestPki.load(tmp_path)


def test_a_missing_authority_is_a_sentence(tmp_path):
    made = TestPki.create(tmp_path / "pki")
    made.close()
    (made.directory / "authorities" / "signing-next.key").unlink()
    with pytest.raises(DamagedError, match="signing-next"):
        TestPki.load(made.directory).authority(Purpose.SIGNING, Generation.NEXT)


def key_of(certificate):
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
