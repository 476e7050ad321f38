"""One-time credentials from the office: two officers, one secret, one registration."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from api.database.tables import VotingStatus, office_credential, registration, roll_entry
from api.errors import OfficerSignatureInvalidError
from api.office.credentials import MAX_WRONG_SECRETS, OfficeCredentialVerifier, mark_used
from api.sealed import SealedRegistration
from identity.challenge import signed_message
from identity.credential import CredentialKind
from identity.errors import OfficeCredentialRefusedError
from identity.office import recheck_office_credential
from identity.officer import OfficerKey

if TYPE_CHECKING:
    from tests.support.election_office import ElectionOffice

ISSUE = "/v1/office/credentials"
DAY = 86_400


@pytest.fixture
def hanako(office: ElectionOffice) -> str:
    return office.people["000001"]


def row_of(office: ElectionOffice) -> Any:
    with office.database.read() as connection:
        return connection.execute(select(office_credential)).one()


def test_two_officers_give_a_person_a_credential_that_registers_once(
    office: ElectionOffice, hanako: str
) -> None:
    credential = office.credential(hanako)
    answer = office.present(credential)
    assert answer.status_code == 201, answer.text
    assert answer.json()["receipt"]["roll_entry"] == hanako
    assert office.status(hanako) is VotingStatus.INTERNET_REGISTERED
    assert row_of(office).registration_id == answer.json()["receipt"]["registration_id"]
    again = office.present(credential)
    assert (again.status_code, again.json()["code"]) == (403, "office_credential_refused")


def test_the_secret_is_said_once_and_kept_nowhere(office: ElectionOffice, hanako: str) -> None:
    issued = office.issue("roll-1", hanako)
    office.post("roll-1", ISSUE, issued)
    secret = office.approve("approver-1", issued).json()["secret"]
    row = row_of(office)
    plain = secret.replace("-", "")
    assert len(plain) == 32
    for kept in (repr(tuple(row)), repr(office.log()), row.secret_hash.hex()):
        assert plain not in kept
        assert secret not in kept
    again = office.approve("approver-1", issued)
    assert (again.status_code, again.json()["code"]) == (409, "office_credential_decided")


def test_nobody_can_use_what_one_officer_issued(office: ElectionOffice, hanako: str) -> None:
    issued = office.issue("roll-1", hanako)
    office.post("roll-1", ISSUE, issued)
    for secret in ("", "-", "A" * 32):
        answer = office.present({"kind": "office", "id": issued["credential_id"], "secret": secret or "A"})
        assert answer.json()["code"] == "office_credential_refused"


def test_one_officer_cannot_be_both(office: ElectionOffice, hanako: str) -> None:
    """roll-2 has both roles."""
    issued = office.issue("roll-2", hanako)
    assert office.post("roll-2", ISSUE, issued).status_code == 200
    answer = office.approve("roll-2", issued, "roll-2")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_officer_needed")
    assert row_of(office).approved_by is None


def test_of_many_approvals_at_once_one_gets_a_secret(office: ElectionOffice, hanako: str) -> None:
    issued = office.issue("roll-1", hanako)
    office.post("roll-1", ISSUE, issued)
    officers = ["approver-1", "roll-2"] * 4
    with ThreadPoolExecutor(len(officers)) as threads:
        answers = list(threads.map(lambda officer: office.approve(officer, issued), officers))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    (secret,) = [answer.json()["secret"] for answer in answers if answer.status_code == 200]
    credential = {"kind": "office", "id": issued["credential_id"], "secret": secret}
    assert office.present(credential).status_code == 201


def test_issuing_the_same_again_changes_nothing(office: ElectionOffice, hanako: str) -> None:
    issued = office.issue("roll-1", hanako)
    first, second = (office.post("roll-1", ISSUE, issued) for _ in range(2))
    assert (first.status_code, first.json()) == (200, second.json())
    assert office.actions() == ["credential_issued"]


def test_another_credential_cannot_have_the_same_id(office: ElectionOffice, hanako: str) -> None:
    issued = office.issue("roll-1", hanako)
    office.post("roll-1", ISSUE, issued)
    other = office.issue("roll-1", office.people["000002"], credential_id=issued["credential_id"])
    answer = office.post("roll-1", ISSUE, other)
    assert (answer.status_code, answer.json()["code"]) == (409, "office_credential_exists")


@pytest.mark.parametrize(
    "change", [{"expires_at": 1_800_090_000}, {"reason": "no_card"}, {"roll_entry": "0" * 32}]
)
def test_what_the_officer_did_not_sign_is_not_issued(
    office: ElectionOffice, hanako: str, change: dict[str, Any]
) -> None:
    answer = office.post("roll-1", ISSUE, office.issue("roll-1", hanako) | change)
    assert answer.json()["code"] == OfficerSignatureInvalidError.code
    assert office.log() == []


def test_an_approval_of_something_else_does_not_hold(office: ElectionOffice, hanako: str) -> None:
    issued = office.issue("roll-1", hanako)
    office.post("roll-1", ISSUE, issued)
    answer = office.approve("approver-1", issued | {"expires_at": issued["expires_at"] + 1})
    assert answer.json()["code"] == OfficerSignatureInvalidError.code


@pytest.mark.parametrize("seconds", [0, -1, 367 * DAY])
def test_a_credential_cannot_end_in_the_past_or_in_years(
    office: ElectionOffice, hanako: str, seconds: int
) -> None:
    issued = office.issue("roll-1", hanako, expires_at=office.clock() + seconds)
    answer = office.post("roll-1", ISSUE, issued)
    assert (answer.status_code, answer.json()["code"]) == (422, "officer_statement_stale")


def test_a_credential_needs_somebody_on_the_roll(office: ElectionOffice) -> None:
    answer = office.post("roll-1", ISSUE, office.issue("roll-1", secrets.token_hex(16)))
    assert (answer.status_code, answer.json()["code"]) == (404, "roll_entry_unknown")


def test_the_second_officer_sees_the_list_without_names_and_one_with(
    office: ElectionOffice, hanako: str
) -> None:
    issued = office.issue("roll-1", hanako)
    office.post("roll-1", ISSUE, issued)
    listed = office.get("approver-1", ISSUE)
    assert [item["id"] for item in listed.json()["items"]] == [issued["credential_id"]]
    assert "青木" not in listed.text
    shown = office.get("approver-1", f"{ISSUE}/{issued['credential_id']}").json()
    assert shown["person"]["name"] == "青木　花子"
    assert shown["reason"] == "guardianship"
    office.approve("approver-1", issued)
    assert office.get("approver-1", ISSUE).json() == {"items": []}


def test_an_expired_credential_registers_nobody(office: ElectionOffice, hanako: str) -> None:
    credential = office.credential(hanako)
    office.clock.now += DAY
    assert office.present(credential).json()["code"] == "office_credential_refused"
    assert office.status(hanako) is VotingStatus.ELIGIBLE


def test_an_expired_credential_cannot_be_approved(office: ElectionOffice, hanako: str) -> None:
    issued = office.issue("roll-1", hanako)
    office.post("roll-1", ISSUE, issued)
    office.clock.now += DAY
    assert office.approve("approver-1", issued).json()["code"] == "office_credential_decided"


@pytest.mark.parametrize("write", [str.lower, lambda text: text.replace("-", " "), lambda text: f" {text} "])
def test_a_secret_may_be_typed_in_small_letters_and_with_spaces(
    office: ElectionOffice, hanako: str, write: Any
) -> None:
    credential = office.credential(hanako)
    assert office.present(credential | {"secret": write(credential["secret"])}).status_code == 201


def test_an_unknown_id_and_a_wrong_secret_get_the_same_answer(office: ElectionOffice, hanako: str) -> None:
    credential = office.credential(hanako)
    wrong = office.present(credential | {"secret": "A" * 32}).json()
    unknown = office.present(credential | {"id": "0" * 32}).json()
    assert wrong.pop("refusal") != unknown.pop("refusal")
    assert wrong == unknown


def test_guessing_ends_a_credential(office: ElectionOffice, hanako: str) -> None:
    credential = office.credential(hanako)
    with ThreadPoolExecutor(8) as threads:
        guesses = [credential | {"secret": secrets.token_hex(16)} for _ in range(MAX_WRONG_SECRETS)]
        assert {answer.status_code for answer in threads.map(office.present, guesses)} == {403}
    assert row_of(office).wrong_secrets == MAX_WRONG_SECRETS
    assert office.present(credential).json()["code"] == "office_credential_refused"
    assert office.present(office.credential(hanako)).status_code == 201


def test_a_few_typing_errors_do_no_harm(office: ElectionOffice, hanako: str) -> None:
    credential = office.credential(hanako)
    for _ in range(MAX_WRONG_SECRETS - 1):
        office.present(credential | {"secret": "TYPO"})
    assert office.present(credential).status_code == 201


def test_a_credential_used_on_twenty_threads_registers_one_commitment(
    office: ElectionOffice, hanako: str
) -> None:
    credential = office.credential(hanako)
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: office.present(credential), range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [403] * 19
    with office.database.read() as connection:
        (kept,) = connection.execute(select(registration)).all()
    (receipt,) = [answer.json()["receipt"] for answer in answers if answer.status_code == 201]
    assert (kept.id, kept.commitment) == (receipt["registration_id"], receipt["commitment"])


def test_of_twenty_transactions_one_uses_a_credential_up(office: ElectionOffice, hanako: str) -> None:
    credential = office.credential(hanako)

    def use(number: int) -> bool:
        try:
            with office.database.begin() as connection:
                mark_used(connection, credential["id"], f"{number:032x}")
        except OfficeCredentialRefusedError:
            return False
        return True

    with ThreadPoolExecutor(20) as threads:
        assert sorted(threads.map(use, range(20))) == [False] * 19 + [True]


def test_a_registration_that_fails_leaves_the_credential_unused(office: ElectionOffice, hanako: str) -> None:
    credential = office.credential(hanako)
    office.set_status(hanako, VotingStatus.PAPER_BALLOT_ISSUED)
    assert office.present(credential).json()["code"] == "votes_by_another_channel"
    office.set_status(hanako, VotingStatus.ELIGIBLE)
    assert office.present(credential).status_code == 201


def test_a_person_taken_off_the_roll_cannot_register(office: ElectionOffice, hanako: str) -> None:
    credential = office.credential(hanako)
    with office.database.begin() as connection:
        connection.execute(
            update(roll_entry).where(roll_entry.c.pseudonym == hanako).values(removed_at=office.clock())
        )
    assert office.present(credential).status_code == 403


@pytest.mark.parametrize(
    "forgery",
    [
        {"roll_entry": "taro"},
        {"expires_at": 2**40},
        {"approved_by": "roll-2"},
        {"approved_by": "roll-1"},
        {"approval_signature": bytes(64)},
        {"issued_by": "auditor-1"},
        {"reason": "no_card"},
    ],
)
def test_whoever_writes_into_the_database_cannot_make_a_credential(
    office: ElectionOffice, hanako: str, forgery: dict[str, Any]
) -> None:
    credential = office.credential(hanako)
    if "roll_entry" in forgery:
        forgery = {"roll_entry": office.people["000002"]}
    with office.database.begin() as connection:
        connection.execute(update(office_credential).values(forgery))
    assert office.present(credential).json()["code"] == "office_credential_refused"


@pytest.fixture
def used(office: ElectionOffice, hanako: str) -> tuple[dict[str, Any], bytes]:
    """A used credential's evidence and the message that it is bound to."""
    registered = office.present(office.credential(hanako)).json()["receipt"]["registration_id"]
    kept = SealedRegistration.open(office.services.vault, registered, office.registration(registered).sealed)
    return kept.evidence, signed_message(kept.challenge, kept.commitment)


def officers_of(office: ElectionOffice) -> dict[str, str]:
    return {name: key.public_key_hex for name, key in office.keys.items()}


def test_the_evidence_is_checked_again_with_the_officers_public_keys_alone(
    office: ElectionOffice, hanako: str, used: tuple[dict[str, Any], bytes]
) -> None:
    evidence, message = used
    found = recheck_office_credential(evidence, message, officers_of(office))
    assert (found.kind, found.roll_entry, found.person) == (CredentialKind.OFFICE, hanako, None)
    assert OfficeCredentialVerifier(office.database, officers_of(office)).recheck(evidence, message) == found


@pytest.mark.parametrize(
    "change",
    [
        {"roll_entry": "0" * 32},
        {"expires_at": 2**40},
        {"credential_id": "0" * 32},
        {"reason": "no_card"},
        {"issued_by": "reviewer-1"},
        {"approved_by": "reviewer-1"},
        {"approved_by": "roll-1"},
        {"approved_at": 1_800_000_001},
        {"issued_at": 1_700_000_000},
        {"verified_at": 2**41},
        {"verified_at": 0},
        {"message_sha256": "0" * 64},
        {"issue_signature": "zz"},
        {"issue_signature": "00" * 64},
        {"approval_signature": ""},
        {"expires_at": "1800086400"},
        {"more": 1},
    ],
)
def test_changed_evidence_does_not_hold(
    office: ElectionOffice, used: tuple[dict[str, Any], bytes], change: dict[str, Any]
) -> None:
    evidence, message = used
    with pytest.raises(OfficeCredentialRefusedError):
        recheck_office_credential(evidence | change, message, officers_of(office))


def test_evidence_does_not_hold_for_another_commitment_or_other_officers(
    office: ElectionOffice, used: tuple[dict[str, Any], bytes]
) -> None:
    evidence, message = used
    strangers = dict.fromkeys(office.keys, OfficerKey.create().public_key_hex)
    for bound, officers in (
        (message.replace(b"Commitment: ", b"Commitment: 1"), officers_of(office)),
        (b"", officers_of(office)),
        (message, strangers),
        (message, {}),
    ):
        with pytest.raises(OfficeCredentialRefusedError):
            recheck_office_credential(evidence, bound, officers)
