"""The archive for an auditor, from a real database to a decrypted file."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyrage
import pytest

from api.errors import OfficerRoleMissingError, RecordErasedError
from api.office.evidence import Export
from api.registry.change_lists import approve, propose
from api.registry.changes import ChangeKind, Changes
from api.registry.roll import find
from api.registry.signing import Signer
from election.roll import RollEntry
from identity.errors import EvidenceKeyError
from identity.evidence import read_evidence
from identity.office import Signing, export_document, recheck_office_credential, review_document
from identity.officer import verify_document
from identity.registrar_log import verify_chain
from tests.support.election_office import HANAKO, TARO, open_office

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from api.database.engine import Database
    from chain.election_client import ElectionClient
    from tests.support.election_office import ElectionOffice, Stage

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())
MARRIED = replace(HANAKO, name="田中　花子")


@pytest.fixture
def office(stage: Stage, database: Database, election: ElectionClient) -> Iterator[ElectionOffice]:
    """An office whose roll came through change lists: Hanako was corrected, Taro removed."""
    with open_office(stage, database, election) as opened:
        change(opened, Changes(ChangeKind.IMPORT, (RollEntry("１", HANAKO), RollEntry("2", TARO))))
        change(opened, Changes(ChangeKind.ADD, (RollEntry("3", replace(TARO, name="佐藤　次郎")),)))
        change(opened, Changes(ChangeKind.CORRECT, (RollEntry("1", MARRIED),)))
        change(opened, Changes(ChangeKind.REMOVE, voter_ids=("2",)))
        yield opened


def signer(office: ElectionOffice, officer: str) -> Signer:
    return Signer.of(office.services.settings.officers, officer, office.keys[officer])


def change(office: ElectionOffice, changes: Changes) -> None:
    office.clock.now += 100
    database, vault, at = office.database, office.services.vault, office.clock()
    proposed = propose(database, vault, changes, signer(office, "roll-1"), at)
    officers = office.services.settings.officers
    approve(database, vault, proposed.id, signer(office, "approver-1"), at, officers=officers)


def export_of(office: ElectionOffice) -> Export:
    services = office.services
    return Export(
        office.database,
        services.vault,
        services.settings.officers,
        services.chain_id,
        services.contract,
        services.election_id,
    )


def write(office: ElectionOffice, out: Path, **changes: Any) -> Any:
    given = {"officer": "auditor-1", "recipients": [RECIPIENT]} | changes
    ordered_by = signer(office, given["officer"])
    export_of(office).write(out, given["recipients"], ordered_by, office.clock())
    return read_evidence(out, IDENTITY)


def pseudonym(office: ElectionOffice, voter_id: str) -> str:
    with office.database.read() as connection:
        found = find(connection, office.services.vault, voter_id)
    assert found is not None
    return found.pseudonym


def test_the_archive_tells_the_roll_with_its_history(office: ElectionOffice, tmp_path: Path) -> None:
    roll = {entry.voter_id: entry for entry in write(office, tmp_path / "out.age").roll.values()}
    start = 1_800_000_000
    assert set(roll) == {"1", "2", "3"} or set(roll) == {"１", "2", "3"}
    hanako = roll.get("1") or roll["１"]
    assert (hanako.person, hanako.added_at) == (MARRIED, start + 100)
    assert [(past.until, past.person) for past in hanako.earlier] == [(start + 300, HANAKO)]
    assert hanako.person_at(start + 299) == HANAKO
    assert (roll["2"].added_at, roll["2"].removed_at) == (start + 100, start + 400)
    assert (roll["3"].added_at, roll["3"].removed_at, roll["3"].earlier) == (start + 200, None, ())


def test_lists_that_were_approved_in_one_second_are_followed_in_their_order(
    office: ElectionOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling = (f"{number:032x}" for number in range(100, 0, -1))
    drawn = SimpleNamespace(token_hex=lambda _size: next(falling))
    monkeypatch.setattr("api.registry.change_lists.secrets", drawn)
    newcomer = replace(TARO, name="鈴木　三郎")
    change(office, Changes(ChangeKind.ADD, (RollEntry("4", newcomer),)))
    office.clock.now -= 100
    corrected = replace(newcomer, name="鈴木　史郎")
    change(office, Changes(ChangeKind.CORRECT, (RollEntry("4", corrected),)))
    roll = {entry.voter_id: entry for entry in write(office, tmp_path / "out.age").roll.values()}
    assert (roll["4"].person, [past.person for past in roll["4"].earlier]) == (corrected, [newcomer])


def test_the_log_in_the_archive_holds_together_and_says_who_ordered_it(
    office: ElectionOffice, tmp_path: Path
) -> None:
    evidence = write(office, tmp_path / "out.age")
    head = verify_chain(evidence.log[:-1])
    ordered = evidence.log[-1]
    assert (ordered.actor, ordered.action) == ("auditor-1", "evidence_ordered")
    document = export_document(
        office.signing("auditor-1"),
        recipients=[RECIPIENT],
        log_sequence=len(evidence.log) - 1,
        log_head=head.hex(),
    )
    assert ordered.details["statement"] == document
    signature = bytes.fromhex(ordered.details["signature"])
    assert verify_document(document, signature, evidence.officers["auditor-1"])


def test_a_reviewed_registration_comes_with_both_receipts_and_both_decisions(
    office: ElectionOffice, tmp_path: Path
) -> None:
    services, hanako = office.services, pseudonym(office, "1")
    review = office.register(replace(MARRIED, address="北海道札幌市中央区"))
    office.decide("reviewer-1", review, "accept", hanako)
    office.decide("reviewer-2", review, "accept", hanako)
    evidence = write(office, tmp_path / "out.age")
    (record,) = evidence.registrations.values()
    assert (record.roll_entry, record.status, record.kind) == (hanako, "queued", "jpki")
    assert record.review_receipt is not None
    for receipt in (record.receipt, record.review_receipt):
        assert receipt.signer(services.chain_id, services.contract) == services.account.address
    for one in record.decisions:
        document = review_document(
            Signing(services.chain_id, services.contract, one.officer, one.decided_at),
            registration_id=record.id,
            commitment=str(record.commitment),
            decision=one.decision,
            roll_entry=one.roll_entry,
        )
        assert verify_document(document, bytes.fromhex(one.signature), evidence.officers[one.officer])
    assert [one.officer for one in record.decisions] == ["reviewer-1", "reviewer-2"]


def test_an_office_credential_can_be_checked_again_from_the_archive_alone(
    office: ElectionOffice, tmp_path: Path
) -> None:
    hanako = pseudonym(office, "1")
    office.present(office.credential(hanako))
    unused = office.issue("roll-1", hanako)
    office.post("roll-1", "/v1/office/credentials", unused)
    evidence = write(office, tmp_path / "out.age")
    (record,) = evidence.registrations.values()
    message = f"{record.challenge}Commitment: {record.commitment}\n".encode()
    assert recheck_office_credential(record.evidence, message, evidence.officers).roll_entry == hanako
    kept = evidence.office_credentials
    assert kept[record.evidence["credential_id"]].registration == record.id
    assert (kept[unused["credential_id"]].registration, kept[unused["credential_id"]].approved_by) == (
        None,
    ) * 2


def test_nobody_without_the_auditors_key_reads_it(office: ElectionOffice, tmp_path: Path) -> None:
    write(office, tmp_path / "out.age")
    assert (tmp_path / "out.age").stat().st_mode & 0o777 == 0o600
    assert "花子".encode() not in (tmp_path / "out.age").read_bytes()
    with pytest.raises(EvidenceKeyError):
        read_evidence(tmp_path / "out.age", pyrage.x25519.Identity.generate())


def test_a_file_that_is_there_is_never_written_over(office: ElectionOffice, tmp_path: Path) -> None:
    (tmp_path / "out.age").write_text("the only copy")
    with pytest.raises(FileExistsError):
        write(office, tmp_path / "out.age")
    assert [path.name for path in tmp_path.glob("*age*")] == ["out.age"]
    assert (tmp_path / "out.age").read_text() == "the only copy"
    assert "evidence_ordered" not in office.actions()


def test_only_an_auditor_orders_it(office: ElectionOffice, tmp_path: Path) -> None:
    with pytest.raises(OfficerRoleMissingError):
        write(office, tmp_path / "out.age", officer="reviewer-1")
    assert not (tmp_path / "out.age").exists()


@pytest.mark.parametrize("recipients", [[], ["age1nobody"], [RECIPIENT, "ssh-rsa AAAA"]])
def test_a_recipient_that_is_none_is_refused_before_anything_is_logged(
    office: ElectionOffice, tmp_path: Path, recipients: list[str]
) -> None:
    with pytest.raises(EvidenceKeyError):
        write(office, tmp_path / "out.age", recipients=recipients)
    assert "evidence_ordered" not in office.actions()


def test_an_archive_of_erased_records_is_not_begun_half(office: ElectionOffice, tmp_path: Path) -> None:
    office.register(HANAKO, sealed=b"")
    with pytest.raises(RecordErasedError):
        write(office, tmp_path / "out.age")
    assert not list(tmp_path.glob("*age*"))


def test_progress_goes_to_the_end(office: ElectionOffice, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    export = export_of(office)
    export.write(
        tmp_path / "out.age",
        [RECIPIENT],
        signer(office, "auditor-1"),
        office.clock(),
        lambda done, total: told.append((done, total)),
    )
    assert told[0][0] == 1
    assert told[-1] == (len(told), len(told))
