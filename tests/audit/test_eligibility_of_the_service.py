"""The registrar's real service: what it exports after a registration is consistent with the chain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyrage
import pytest
from sqlalchemy import select

from api.database.engine import open_database
from api.database.tables import change_list
from api.depositor import Depositor
from api.office.evidence import Export
from api.registry.change_lists import approve, propose
from api.registry.changes import ChangeKind, Changes
from api.registry.roll import find
from api.registry.signing import Signer
from audit.credentials import rechecks
from audit.eligibility import audit_eligibility
from audit.replay import audit_election
from election.roll import RollEntry
from identity.credential import Mode
from identity.evidence import ChangeListEvidence, read_evidence
from identity.jpki.trust import TrustStore
from identity.officer import OfficerKey
from tests.support.election_office import ROLES, ElectionOffice
from tests.support.registrar_service import VOTERS, open_service, service_chain, service_pki
from tests.support.small_election import VOTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.eligibility import EligibilityReport
    from identity.evidence import Evidence
    from tests.support.registrar_service import RegistrarService, ServiceChain

IDENTITY = pyrage.x25519.Identity.generate()
KEYS = {officer: OfficerKey.create() for officer in ROLES}
PUBLIC = {officer: key.public_key_hex for officer, key in KEYS.items()}
NAMES = [voter for voter, _ in VOTERS]


@pytest.fixture(scope="module")
def chain() -> Iterator[ServiceChain]:
    with service_chain() as running:
        yield running


@pytest.fixture(scope="module")
def service(chain: ServiceChain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistrarService]:
    """A service after the end of registration, everybody's commitment in the tree."""
    folder = tmp_path_factory.mktemp("service")
    officers = [{"id": name, "roles": roles, "public_key": PUBLIC[name]} for name, roles in ROLES.items()]
    database = open_database(f"sqlite:///{folder / 'registrar.sqlite'}")
    settings = {"officers": officers, "batch_seconds": 1}
    with (
        service_pki(folder / "pki") as cards,
        open_service(database, chain.deploy(), cards, [], **settings) as opened,
    ):
        officers_list(opened)
        everybody_registers(opened)
        depositing(opened)
        chain.travel_to(VOTES)
        depositing(opened)
        yield opened
    database.close()


def officers_list(service: RegistrarService) -> None:
    """Put everybody on the roll: one import, one addition, one correction, by officers of the settings."""
    misspelt = replace(VOTERS[0][1], name="水野　綾")
    imported = [(NAMES[0], misspelt), *VOTERS[1:-1]]
    for kind, listed in (("import", imported), ("add", VOTERS[-1:]), ("correct", VOTERS[:1])):
        changes = Changes(ChangeKind(kind), tuple(RollEntry(voter, who) for voter, who in listed))
        decide_on(service, changes)
    service.people = dict(VOTERS)
    vault = service.services.vault
    with service.database.read() as connection:
        found = {voter: find(connection, vault, voter) for voter in NAMES}
    service.pseudonyms = {voter: one.pseudonym for voter, one in found.items() if one is not None}


def decide_on(service: RegistrarService, changes: Changes) -> None:
    database, vault = service.database, service.services.vault
    officers = service.services.settings.officers
    roll, approver = (Signer.of(officers, name, KEYS[name]) for name in ("roll-1", "approver-1"))
    service.clock.now += 1
    proposed = propose(database, vault, changes, roll, service.clock())
    approve(database, vault, proposed.id, approver, service.clock(), officers=officers)


def everybody_registers(service: RegistrarService) -> None:
    office = ElectionOffice(service.services, KEYS, service.http, service.clock)
    service.receipt(service.register(NAMES[0]))
    service.receipt(service.register(NAMES[1]))
    service.receipt(service.register(NAMES[1]))  # in place of the first
    card = service.cards.renewed(NAMES[1], service.people[NAMES[1]])
    service.receipt(service.register(card))  # and of the second
    moved = replace(service.people[NAMES[2]], address="北海道函館市末広町一番地")
    review = service.receipt(service.register(service.cards.card("moved", moved)))
    row: dict[str, Any] = {"id": review.registration_id, "commitment": str(review.commitment)}
    for officer in ("reviewer-1", "reviewer-2"):
        service.clock.now += 1
        answer = office.decide(officer, row, "accept", service.pseudonyms[NAMES[2]])
        assert answer.status_code == 200, answer.text
    presented = office.credential(service.pseudonyms[NAMES[3]])
    assert office.present(presented).status_code == 201
    left = replace(service.people[NAMES[4]], address="沖縄県那覇市港町二番地")
    service.receipt(service.register(service.cards.card("left", left)))  # a review that nobody decides


def depositing(service: RegistrarService) -> None:
    depositor = Depositor(service.services)
    for _ in range(6):
        service.clock.now += 60
        assert depositor.step()


@pytest.fixture
def archive(service: RegistrarService, tmp_path: Path) -> Evidence:
    services = service.services
    signer = Signer.of(services.settings.officers, "auditor-1", KEYS["auditor-1"])
    export = Export(
        services.database,
        services.vault,
        services.settings.officers,
        services.chain_id,
        services.contract,
        services.election_id,
    )
    export.write(tmp_path / "evidence.age", [str(IDENTITY.to_public())], signer, service.clock())
    archive = read_evidence(tmp_path / "evidence.age", IDENTITY)
    archive.change_lists = {one.id: one for one in change_lists(service)}
    return archive


def change_lists(service: RegistrarService) -> Iterator[ChangeListEvidence]:
    """Return the applied lists as the service keeps them."""
    with service.database.read() as connection:
        rows = connection.execute(select(change_list).where(change_list.c.state == "applied")).all()
    for row in rows:
        yield ChangeListEvidence(
            id=row.id,
            kind=row.kind,
            count=row.size,
            document=service.services.vault.open(f"change_list/{row.id}", row.sealed).decode(),
            proposed_by=row.proposed_by,
            proposal_signature=row.proposal_signature.hex(),
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            decision_signature=row.decision_signature.hex(),
        )


def audited(service: RegistrarService, archive: Evidence) -> EligibilityReport:
    trust = TrustStore.load([service.cards.pki.roots_file], Mode.TEST)
    checks = rechecks(trust, PUBLIC)
    services = service.services
    return audit_eligibility(services.chain.w3, services.contract, archive, checks, officers=PUBLIC)


def test_what_the_service_exports_is_consistent(service: RegistrarService, archive: Evidence) -> None:
    report = audited(service, archive)
    assert (report.verdict, report.findings, report.warnings) == ("consistent", [], ())
    assert (report.leaves, report.registrations, report.reviewed) == (4, 7, 1)
    assert (report.on_roll, report.anchors) == (len(VOTERS), 2)


def test_a_list_that_officers_did_not_sign_so_is_found(service: RegistrarService, archive: Evidence) -> None:
    name, found = next(iter(archive.change_lists.items()))
    forged = found.document.replace(VOTERS[1][1].name, VOTERS[2][1].name)
    archive.change_lists[name] = found.model_copy(update={"document": forged})
    assert {finding.check for finding in audited(service, archive).findings} == {"roll"}


def test_the_public_audit_sees_deposits_and_the_rolls_size(service: RegistrarService) -> None:
    report = audit_election(service.services.chain.w3, service.services.contract)
    assert report.verdict == "consistent"
    assert report.registrar_log is not None
    assert (report.deposits, report.registrar_log.roll_size) == (4, len(VOTERS))
    assert not any("anchor" in warning for warning in report.warnings)


def test_evidence_that_the_service_did_not_keep_is_missed(
    service: RegistrarService, archive: Evidence
) -> None:
    deposited = [one for one in archive.registrations.values() if one.status == "deposited"]
    del archive.registrations[deposited[0].id]
    assert {finding.check for finding in audited(service, archive).findings} == {"evidence", "registrar log"}
