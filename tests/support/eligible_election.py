"""An election whose registrar has evidence for everything: real cards, receipts, decisions, log and anchors.

The registrar here is a few functions, so that a test can make it dishonest one step at a time: `fork` gives
books of its own, and a registration can be told to lie. Nothing of `api` is used.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chain.development import development_account
from election.receipt import Promise, Receipt, sign_receipt
from identity.challenge import Challenge, signed_message
from identity.credential import CredentialKind, Mode
from identity.evidence import (
    ChangeListEvidence,
    Evidence,
    EvidenceHeader,
    LogRecord,
    OfficeCredentialRecord,
    OfficerRecord,
    RegistrationEvidence,
    ReviewDecision,
    RollEvidence,
)
from identity.jpki.trust import TrustStore
from identity.jpki.verifier import JpkiVerifier
from identity.office import Signing, approval_document, issue_document, review_document
from identity.officer import OfficerKey, canonical_json, sign_document
from identity.registrar_log import LogEntry, verify_chain
from identity.revocation.ocsp import OcspChecker
from identity.testpki.authority import Generation
from identity.testpki.card_file import CardSecrets
from identity.testpki.directory import TestPki
from identity.testpki.responder import running_responder
from tests.support.people import people
from tests.support.small_election import REGISTRAR, SmallElection, open_election
from voter.card import Card

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from election.person import Person
    from identity.evidence import EvidenceRecord

NOW = 1_795_000_000  # the registrar's clock; the chain has its own
ON_ROLL = 6
ELECTORATE = 8
OFFICERS = ("hana", "jun", "ken")


def hexadecimal(number: int) -> str:
    return f"{number:032x}"


def pseudonym(voter: int) -> str:
    return hexadecimal(0xA000 + voter)


@dataclass
class Books:
    """What the registrar keeps, as an archive has it."""

    change_lists: list[ChangeListEvidence] = field(default_factory=list)
    roll: list[RollEvidence] = field(default_factory=list)
    registrations: list[RegistrationEvidence] = field(default_factory=list)
    office_credentials: list[OfficeCredentialRecord] = field(default_factory=list)
    log: list[LogEntry] = field(default_factory=list)


@dataclass
class EligibleElection:
    """The election, its cards, and the registrar with its books."""

    election: SmallElection
    pki: TestPki
    ocsp_url: str
    officers: dict[str, OfficerKey]
    books: Books = field(default_factory=Books)
    clock: int = NOW

    @property
    def public_keys(self) -> dict[str, str]:
        return {name: key.public_key_hex for name, key in self.officers.items()}

    @property
    def trust(self) -> TrustStore:
        return TrustStore.load([self.pki.roots_file], Mode.TEST)

    @property
    def chain(self) -> tuple[int, str]:
        return self.election.deployment.chain_id, self.election.deployment.contract

    def fork(self) -> EligibleElection:
        """The same election with books of its own."""
        return replace(self, books=deepcopy(self.books))

    def log(self, action: str, subject: str | None, actor: str = "service", **details: Any) -> None:
        self.clock += 1
        number = len(self.books.log) + 1
        self.books.log.append(LogEntry(number, self.clock, actor, action, subject, details))

    def anchor(self, **lies: Any) -> None:
        size = sum(entry.removed_at is None for entry in self.books.roll)
        said = {
            "head": verify_chain(self.books.log),
            "entries": len(self.books.log),
            "roll_size": size,
        } | lies
        sender = self.election.sender(REGISTRAR)
        self.election.client.anchor_log(said["head"], said["entries"], said["roll_size"], sender)

    def change_roll(
        self,
        kind: str,
        people: list[tuple[str, Person]] | None = None,
        leaving: list[str] | None = None,
        officers: tuple[str, str] = ("hana", "jun"),
    ) -> int:
        """Apply and log a change list that two officers signed; the time at which it was applied."""
        name = hexadecimal(0xC000 + len(self.books.log))
        made = signed_list(
            self.officers,
            name,
            kind=kind,
            people=people or [],
            leaving=leaving or [],
            officers=officers,
            at=self.clock + 2,
        )
        logged = {"kind": kind, "count": made.count, "digest": made.digest}
        self.log("change_list_proposed", name, officers[0], **logged)
        self.log("change_list_applied", name, officers[1], **logged)
        self.books.change_lists.append(made)
        return self.clock

    def put_on_roll(self, voters: list[tuple[str, Person]]) -> None:
        at = self.change_roll("add" if self.books.roll else "import", voters)
        start = len(self.books.roll)
        self.books.roll += [
            RollEvidence(pseudonym=pseudonym(start + i), voter_id=voter_id, person=person, added_at=at)
            for i, (voter_id, person) in enumerate(voters)
        ]

    def challenge(self) -> Challenge:
        chain_id, contract = self.chain
        nonce = f"{len(self.books.registrations) + 1:064x}"
        return Challenge("小さな選挙", contract, chain_id, self.clock - 60, self.clock + 540, nonce)

    def sign(self, card: str, message: bytes) -> dict[str, Any]:
        """Use a card and verify it, as the registrar does; the evidence that it keeps."""
        signed = Card.load(self.pki.card_path(card)).sign(message, CardSecrets().password)
        checker = OcspChecker(self.ocsp_url)
        try:
            verifier = JpkiVerifier(self.trust, checker)
            return verifier.verify(signed.to_credential(), message, self.clock).evidence
        finally:
            checker.close()

    def receipt(self, registration_id: str, commitment: int, whose: str | None, at: int) -> Receipt:
        return sign_receipt(
            development_account(REGISTRAR),
            *self.chain,
            registration_id=registration_id,
            election_id=self.election.deployment.election_id,
            commitment=commitment,
            roll_entry=whose or "",
            promise=Promise.DEPOSIT if whose else Promise.REVIEW,
            issued_at=at,
            deposit_by=at + 1_000 if whose else 0,
        )

    def register(
        self, card: str, whose: str | None, *, evidence: dict[str, Any] | None = None, **lies: Any
    ) -> RegistrationEvidence:
        """Register one commitment with a card; `whose` is None for a review. `evidence` takes its place."""
        number, challenge = len(self.books.registrations) + 1, self.challenge()
        note = self.election.new_note()
        self.election.notes.append(note)
        message = signed_message(challenge.text, note.commitment)
        found = self.sign(card, message) if evidence is None else evidence
        registration_id = hexadecimal(number)
        members: dict[str, Any] = {
            "id": registration_id,
            "roll_entry": whose,
            "commitment": note.commitment,
            "kind": CredentialKind.JPKI,
            "status": "queued" if whose else "in_review",
            "challenge": challenge.text,
            "evidence": found,
            "receipt": self.receipt(registration_id, note.commitment, whose, self.clock),
        }
        record = RegistrationEvidence(**members | lies)
        if whose is not None:
            self._enter_ledger(whose)
        self.log("registered", whose, registration=registration_id, kind=record.kind.value, promise="deposit")
        self.books.registrations.append(record)
        return record

    def decide(
        self, record: RegistrationEvidence, whose: str, officers: tuple[str, ...] = ("hana", "jun")
    ) -> RegistrationEvidence:
        """Let officers accept a registration in review."""
        decisions = []
        for officer in officers:
            document = review_document(
                Signing(*self.chain, officer, self.clock),
                registration_id=record.id,
                commitment=str(record.commitment),
                decision="accept",
                roll_entry=whose,
            )
            signature = sign_document(document, self.officers[officer]).hex()
            decisions.append(
                ReviewDecision(
                    officer=officer,
                    decision="accept",
                    roll_entry=whose,
                    decided_at=self.clock,
                    signature=signature,
                )
            )
            self.log("review_decided", record.id, officer, statement=document, signature=signature)
        self._enter_ledger(whose)
        self.log("review_accepted", record.id, roll_entry=whose, officers=sorted(officers))
        receipt = self.receipt(record.id, record.commitment, whose, record.receipt.issued_at)
        return self.change(
            record,
            roll_entry=whose,
            status="queued",
            decisions=tuple(decisions),
            receipt=receipt,
            review_receipt=record.receipt,
        )

    def register_without_card(self, whose: str, approver: str = "jun") -> RegistrationEvidence:
        """Issue an office credential to somebody, who registers with it."""
        challenge, note = self.challenge(), self.election.new_note()
        self.election.notes.append(note)
        number = len(self.books.registrations) + 1
        stated = {
            "credential_id": hexadecimal(0xD000 + number),
            "roll_entry": whose,
            "expires_at": self.clock + 5_000,
            "reason": "guardianship",
        }
        message = signed_message(challenge.text, note.commitment)
        issued, approved = self.clock - 20, self.clock - 10
        issuing = issue_document(Signing(*self.chain, "hana", issued), **stated)
        approving = approval_document(Signing(*self.chain, approver, approved), **stated, issued_by="hana")
        evidence = stated | {
            "issued_by": "hana",
            "issued_at": issued,
            "issue_signature": sign_document(issuing, self.officers["hana"]).hex(),
            "approved_by": approver,
            "approved_at": approved,
            "approval_signature": sign_document(approving, self.officers[approver]).hex(),
            "verified_at": self.clock,
            "message_sha256": sha256(message).hexdigest(),
        }
        registration_id = hexadecimal(number)
        record = RegistrationEvidence(
            id=registration_id,
            roll_entry=whose,
            commitment=note.commitment,
            kind=CredentialKind.OFFICE,
            status="queued",
            challenge=challenge.text,
            evidence=evidence,
            receipt=self.receipt(registration_id, note.commitment, whose, self.clock),
        )
        kept = {
            k: v for k, v in evidence.items() if k not in {"credential_id", "verified_at", "message_sha256"}
        }
        self.books.office_credentials.append(
            OfficeCredentialRecord(id=stated["credential_id"], registration=registration_id, **kept)
        )
        self._enter_ledger(whose)
        self.log("registered", whose, registration=registration_id, kind="office", promise="deposit")
        self.books.registrations.append(record)
        return record

    def deposit(self, *records: RegistrationEvidence) -> None:
        """Put commitments into the tree, and write down where."""
        start = self.election.client.leaf_count()
        commitments = [record.commitment for record in records]
        self.election.client.deposit_many(commitments, self.election.sender(REGISTRAR))
        leaves = {record.id: start + i for i, record in enumerate(records)}
        self.log("deposited", hexadecimal(0xB000 + start), leaves=leaves)
        for record in records:
            self.change(self.registration(record.id), status="deposited", leaf_index=leaves[record.id])

    def registration(self, name: str) -> RegistrationEvidence:
        return next(record for record in self.books.registrations if record.id == name)

    def change(self, record: RegistrationEvidence, **changes: Any) -> RegistrationEvidence:
        changed = record.model_copy(update=changes)
        place = [one.id for one in self.books.registrations].index(record.id)
        self.books.registrations[place] = changed
        return changed

    def change_entry(self, voter: int, **changes: Any) -> None:
        self.books.roll[voter] = self.books.roll[voter].model_copy(update=changes)

    def records(self) -> list[EvidenceRecord]:
        officers = [OfficerRecord(id=name, public_key=key) for name, key in self.public_keys.items()]
        books, log = self.books, [LogRecord.of(entry) for entry in self.books.log]
        return [
            *officers,
            *books.change_lists,
            *books.roll,
            *books.office_credentials,
            *books.registrations,
            *log,
        ]

    def header(self) -> EvidenceHeader:
        counts: dict[Any, int] = dict(Counter(record.type for record in self.records()))
        chain_id, contract = self.chain
        return EvidenceHeader(chain_id=chain_id, contract=contract, created_at=self.clock, counts=counts)

    def archive(self) -> Evidence:
        evidence = Evidence(self.header())
        for record in self.records():
            evidence.add(record)
        return evidence

    def _enter_ledger(self, whose: str) -> None:
        before = [
            e.details["to"] for e in self.books.log if e.action == "status_changed" and e.subject == whose
        ]
        if before[-1:] != ["internet_registered"]:
            was = before[-1] if before else "eligible"
            self.log("status_changed", whose, to="internet_registered", **{"from": was})


def signed_list(
    keys: dict[str, OfficerKey],
    name: str,
    *,
    kind: Any,
    people: list[tuple[str, Person]],
    leaving: list[str],
    officers: tuple[str, str],
    at: int,
) -> ChangeListEvidence:
    """Make a change list with the signatures of both officers."""
    described = ("name", "date_of_birth", "sex", "address")
    entries = [
        {"voter_id": voter} | {part: person.to_json()[part] for part in described} for voter, person in people
    ]
    document = {"format": "tohyo-change-list/1", "kind": kind, "salt": name}
    unsigned = ChangeListEvidence(
        id=name,
        kind=kind,
        count=len(people) + len(leaving),
        document=canonical_json(document | {"entries": entries, "voter_ids": leaving}).decode(),
        proposed_by=officers[0],
        proposal_signature=128 * "0",
        decided_by=officers[1],
        decided_at=at,
        decision_signature=128 * "0",
    )
    proposal = sign_document(unsigned.statement("propose", officers[0]), keys[officers[0]]).hex()
    decision = sign_document(unsigned.statement("approve", officers[1]), keys[officers[1]]).hex()
    return unsigned.model_copy(update={"proposal_signature": proposal, "decision_signature": decision})


@contextmanager
def eligible_election(folder: Path) -> Iterator[EligibleElection]:
    """An election during registration: a roll, and five leaves.

    0 and 1 registered with their cards, 1 after another commitment; 2 moved, so that two officers decided;
    3 has no card; 4 has a next-generation card. 5 is on the roll and did nothing.
    """
    voters = people(ON_ROLL)
    pki = TestPki.create(folder / "pki", clock=lambda: NOW)
    with running_responder(pki) as url, open_election(electorate=ELECTORATE) as election:
        officers = {name: OfficerKey.create() for name in OFFICERS}
        world = EligibleElection(election, pki, f"{url}/ocsp", officers)
        world.put_on_roll(voters)
        world.anchor()
        _issue_cards(pki, voters)
        first = world.register("card 0", pseudonym(0))
        world.change(world.register("card 1", pseudonym(1)), status="replaced")
        second = world.register("card 1", pseudonym(1))
        third = world.decide(world.register("card 2", None), pseudonym(2))
        fourth = world.register_without_card(pseudonym(3))
        world.deposit(first, third)
        fifth = world.register("card 4", pseudonym(4))
        world.deposit(fifth, fourth, second)
        world.anchor()
        try:
            yield world
        finally:
            pki.close()


def _issue_cards(pki: TestPki, voters: list[tuple[str, Person]]) -> None:
    for number, (_, person) in enumerate(voters):
        moved = replace(person, address="北海道函館市末広町一番地") if number == 2 else person
        generation = Generation.NEXT if number == 4 else Generation.PRESENT
        pki.issue_card(f"card {number}", moved, generation=generation)
