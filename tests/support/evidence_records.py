"""Records of an archive of evidence whose form is right and whose content means nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from eth_account import Account

from election.person import DateOfBirth, Person, Sex
from election.receipt import Promise, sign_receipt
from identity.credential import CredentialKind
from identity.evidence import (
    ChangeListEvidence,
    EarlierPerson,
    EvidenceHeader,
    LogRecord,
    OfficeCredentialRecord,
    OfficerRecord,
    RegistrationEvidence,
    ReviewDecision,
    RollEvidence,
)
from identity.registrar_log import LogEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from identity.evidence import EvidenceRecord

CHAIN_ID, CONTRACT = 31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3"
REGISTRAR = Account.from_key("0x" + 32 * "01")
AYA = Person("水野　彩", DateOfBirth.parse("1984-07-09"), Sex.FEMALE, "青森県八戸市大字浜一丁目２番３号")
MARRIED = Person("岡　彩", AYA.date_of_birth, AYA.sex, "岩手県久慈市港町四番地", "10", "")


def hexadecimal(number: int, digits: int = 32) -> str:
    return f"{number:0{digits}x}"


def registration(number: int = 1, **changes: Any) -> RegistrationEvidence:
    receipt = sign_receipt(
        REGISTRAR,
        CHAIN_ID,
        CONTRACT,
        registration_id=hexadecimal(number),
        election_id=77,
        commitment=1000 + number,
        roll_entry=hexadecimal(number + 100),
        promise=Promise.DEPOSIT,
        issued_at=5_000,
        deposit_by=6_000,
    )
    members: dict[str, Any] = {
        "id": receipt.registration_id,
        "roll_entry": receipt.roll_entry,
        "commitment": receipt.commitment,
        "kind": CredentialKind.JPKI,
        "status": "deposited",
        "challenge": "text\nof a challenge\n",
        "evidence": {"certificate": "AAAA", "verified_at": 4_990},
        "receipt": receipt,
        "leaf_index": number,
    }
    return RegistrationEvidence(**members | changes)


def one_of_each() -> list[EvidenceRecord]:
    decision = ReviewDecision(
        officer="hana",
        decision="accept",
        roll_entry=hexadecimal(101),
        decided_at=5_500,
        signature=hexadecimal(9, 128),
    )
    return [
        OfficerRecord(id="hana", public_key=hexadecimal(3, 64)),
        ChangeListEvidence(
            id=hexadecimal(6),
            kind="import",
            count=1,
            document='{"entries":[]}',
            proposed_by="hana",
            proposal_signature=hexadecimal(1, 128),
            decided_by="jun",
            decided_at=3_000,
            decision_signature=hexadecimal(2, 128),
        ),
        RollEvidence(
            pseudonym=hexadecimal(101),
            voter_id="十二-3",
            person=MARRIED,
            removed_at=None,
            earlier=(EarlierPerson(until=4_000, person=AYA),),
        ),
        OfficeCredentialRecord(
            id=hexadecimal(8),
            roll_entry=hexadecimal(101),
            reason="guardianship",
            issued_by="hana",
            issued_at=1,
            issue_signature=hexadecimal(1, 128),
            expires_at=9_000,
        ),
        registration(1, decisions=(decision,)),
        LogRecord.of(LogEntry(1, 5_000, "service", "registered", hexadecimal(1), {"n": 2**60, "a": [None]})),
    ]


def header(records: Sequence[EvidenceRecord], **changes: Any) -> EvidenceHeader:
    counts: dict[Any, int] = dict(Counter(record.type for record in records))
    members = {"chain_id": CHAIN_ID, "contract": CONTRACT, "created_at": 7_000, "counts": counts}
    return EvidenceHeader(**members | changes)
