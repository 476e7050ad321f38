"""One leaf, one registration, one credential, one person: every leaf of a tree against its evidence."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError as EthValidationError

from audit.log_replay import CLOCK_SKEW
from audit.recount import place_of
from audit.report import InArchive
from audit.roll_index import RollIndex
from election.receipt import Promise
from identity.challenge import Challenge, signed_message
from identity.credential import CredentialKind
from identity.errors import IdentityError
from identity.matching import MatchOutcome, same_person_key
from identity.office import Signing, review_document
from identity.officer import verify_document

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from audit.credentials import Rechecks
    from audit.evidence import Evidence as ChainEvidence
    from audit.report import Examination, Rules
    from chain.events import Deposited
    from election.person import Person
    from election.receipt import Receipt
    from identity.credential import VerifiedCredential
    from identity.evidence import Evidence, RegistrationEvidence, ReviewDecision, RollEvidence

STANDING = frozenset({"queued", "submitted", "permitted", "deposited"})  # what may have a leaf
OFFICERS_NEEDED = 2


class LeafEvidence:
    """Examines leaf by leaf, and remembers what must not come twice. `people` are those who have one."""

    def __init__(
        self,
        chain: ChainEvidence,
        archive: Evidence,
        rechecks: Rechecks,
        officers: Mapping[str, str],
        examination: Examination,
    ) -> None:
        self._chain, self._archive, self._rechecks = chain, archive, rechecks
        self._officers, self._examination = officers, examination
        self._roll = RollIndex(archive.roll.values())
        self._by_commitment: dict[int, list[RegistrationEvidence]] = defaultdict(list)
        for record in archive.registrations.values():
            self._by_commitment[record.commitment].append(record)
        self._nonces: dict[str, str] = {}
        self._persons: dict[Hashable, str] = {}
        self._office_credentials: dict[str, str] = {}
        self._clients: dict[str, str] = {}  # issuer of sign-ins → the registrar's name there
        self.people: dict[str, int] = {}  # pseudonym → leaf index
        self.reviewed = 0
        self.warnings: list[str] = []

    def examine(self, event: Deposited) -> None:
        """Hold one leaf against its evidence."""
        record = self._registration(event)
        if record is None:
            return
        credential = self._credential(record)
        self._receipt(record)
        entry = self._entry(record, event)
        if credential is not None and entry is not None:
            self._person(record, credential, entry)

    def examine_claims(self, leaves: Sequence[int]) -> None:
        """Hold what the archive says about leaves against the chain's commitments."""
        for record in self._archive.registrations.values():
            if record.leaf_index is None:
                continue
            rules = self._rules("evidence", record)
            known = record.leaf_index < len(leaves)
            holds = known and leaves[record.leaf_index] == record.commitment
            rules.that(
                "the commitment at its leaf", holds=holds, found=f"another at leaf {record.leaf_index}"
            )

    def _registration(self, event: Deposited) -> RegistrationEvidence | None:
        """Return the one registration that a leaf has."""
        rules = self._examination.rules("evidence", place_of(event))
        named = self._by_commitment.get(event.commitment, [])
        standing = [record for record in named if record.status in STANDING]
        found = ", ".join(f"{record.id} ({record.status})" for record in named) or "none"
        one = rules.that("one registration that stands for the leaf", holds=len(standing) == 1, found=found)
        return standing[0] if one else None

    def _credential(self, record: RegistrationEvidence) -> VerifiedCredential | None:
        """Verify the credential again, over this challenge and this commitment."""
        rules = self._rules("credentials", record)
        challenge = self._challenge(record, rules)
        message = signed_message(record.challenge, record.commitment)
        try:
            credential = self._rechecks[record.kind](record.evidence, message)
        except IdentityError as failure:
            rules.that("a credential that holds", holds=False, found=f"{failure.code}: {failure}")
            return None
        rules.that("a credential that holds", holds=True, found="one")
        if record.kind is CredentialKind.OIDC:
            issuer, client = (str(record.evidence.get(name)) for name in ("issuer", "client_id"))
            rules.equal(
                "whom the sign-in was for", expected=self._clients.setdefault(issuer, client), found=client
            )
        if challenge is not None:
            at = record.verified_at
            in_time = challenge.issued <= at <= challenge.expires
            rules.that("verified while the challenge was fresh", holds=in_time, found=at)
        return credential

    def _challenge(self, record: RegistrationEvidence, rules: Rules) -> Challenge | None:
        try:
            challenge = Challenge.parse(record.challenge)
        except ValueError as failure:
            rules.that("a challenge", holds=False, found=failure)
            return None
        here = (self._chain.chain_id, self._chain.contract)
        rules.equal("the challenge's election", expected=here, found=(challenge.chain_id, challenge.contract))
        first = self._nonces.setdefault(challenge.nonce, record.id)
        rules.that("a challenge used once", holds=first == record.id, found=f"that of registration {first}")
        return challenge

    def _receipt(self, record: RegistrationEvidence) -> None:
        """Require the registrar's own yes, to this person for this commitment."""
        rules, receipt = self._rules("receipts", record), record.receipt
        self._signed(receipt, record, rules)
        rules.equal("the receipt's roll entry", expected=record.roll_entry or "", found=receipt.roll_entry)
        promised = receipt.promise is not Promise.REVIEW
        rules.that("the promise of a deposit or of a permit", holds=promised, found=receipt.promise)
        after = record.verified_at <= receipt.issued_at + CLOCK_SKEW
        rules.that("a receipt given after the credential was verified", holds=after, found=receipt.issued_at)
        if record.review_receipt is not None:
            self._signed(record.review_receipt, record, rules)
            rules.equal("the promise before", expected=Promise.REVIEW, found=record.review_receipt.promise)

    def _signed(self, receipt: Receipt, record: RegistrationEvidence, rules: Rules) -> None:
        signer = _signer(receipt, self._chain)
        rules.equal("the receipt's signer", expected=self._chain.state.registrar, found=signer)
        rules.equal("the receipt's election", expected=self._chain.election_id, found=receipt.election_id)
        rules.equal("the receipt's registration", expected=record.id, found=receipt.registration_id)
        rules.equal("the receipt's commitment", expected=record.commitment, found=receipt.commitment)

    def _entry(self, record: RegistrationEvidence, event: Deposited) -> RollEvidence | None:
        """Return the person on the roll that the registrar says it was, who must have no other leaf."""
        rules = self._rules("people", record)
        entry = self._archive.roll.get(record.roll_entry or "")
        if (
            not rules.that("somebody on the roll", holds=entry is not None, found=record.roll_entry)
            or not entry
        ):
            return None
        first = self.people.setdefault(entry.pseudonym, event.leaf_index)
        rules.that(
            "one leaf a person", holds=first == event.leaf_index, found=f"{entry.pseudonym} at {first}"
        )
        at = record.verified_at
        on_roll = entry.added_at <= at and (entry.removed_at is None or at <= entry.removed_at)
        rules.that(
            "somebody on the roll at that time", holds=on_roll, found=f"{entry.pseudonym}, who was not"
        )
        if on_roll and entry.removed_at is not None:
            self.warnings.append(
                f"{entry.pseudonym} was removed from the roll after registering, and still has a leaf"
            )
        return entry

    def _person(
        self, record: RegistrationEvidence, credential: VerifiedCredential, entry: RollEvidence
    ) -> None:
        """Require that the roll matches the credential's person, or that two officers decided."""
        rules = self._rules("people", record)
        if credential.person is None:
            rules.equal("the credential's roll entry", expected=credential.roll_entry, found=entry.pseudonym)
            self._office_credential(record, rules)
            return
        self._card(record, credential.person, rules)
        found = self._roll.find(credential.person, record.verified_at)
        if found.outcome is MatchOutcome.ONE and found.pseudonyms == (entry.pseudonym,):
            rules.that("the person whom the roll matches", holds=True, found=entry.pseudonym)
            return
        self.reviewed += 1
        deciders = {self._officers[one.officer] for one in record.decisions if self._decides(one, record)}
        holds = len(deciders) >= OFFICERS_NEEDED
        near = any(
            entry.pseudonym in self._roll.find(credential.person, at).pseudonyms for at in _looked_at(record)
        )
        rules.that("somebody whom the roll may match", holds=near, found=entry.pseudonym)
        told = f"{found.outcome} match {', '.join(found.pseudonyms)}, {len(deciders)} valid decisions for "
        expected = "the person whom the roll matches, or decisions of two officers"
        self._rules("reviews", record).that(expected, holds=holds, found=told + entry.pseudonym)

    def _card(self, record: RegistrationEvidence, person: Person, rules: Rules) -> None:
        """Require that nobody has two leaves by being on the roll twice."""
        key = same_person_key(person) or str(record.evidence.get("certificate", record.id))
        first = self._persons.setdefault(key, record.id)
        rules.that("one leaf for the credential's person", holds=first == record.id, found=first)

    def _office_credential(self, record: RegistrationEvidence, rules: Rules) -> None:
        """Require that an office-issued credential served once, here."""
        if record.kind is not CredentialKind.OFFICE:
            rules.that("a credential that names a person", holds=False, found=record.kind)
            return
        name = str(record.evidence.get("credential_id"))
        first = self._office_credentials.setdefault(name, record.id)
        rules.that("an office credential used once", holds=first == record.id, found=f"used by {first}")
        kept = self._archive.office_credentials.get(name)
        if rules.that("the office credential in the archive", holds=kept is not None, found="none") and kept:
            rules.equal("where the office credential was used", expected=record.id, found=kept.registration)

    def _decides(self, one: ReviewDecision, record: RegistrationEvidence) -> bool:
        """Whether a decision says that the registration is this person's, and its officer signed it."""
        key = self._officers.get(one.officer)
        if key is None or (one.decision, one.roll_entry) != ("accept", record.roll_entry):
            return False
        document = review_document(
            Signing(self._chain.chain_id, self._chain.contract, one.officer, one.decided_at),
            registration_id=record.id,
            commitment=str(record.commitment),
            decision=one.decision,
            roll_entry=one.roll_entry,
        )
        try:
            return verify_document(document, bytes.fromhex(one.signature), key)
        except IdentityError:
            return False

    def _rules(self, check: str, record: RegistrationEvidence) -> Rules:
        return self._examination.rules(check, InArchive("registration", record.id))


def _looked_at(record: RegistrationEvidence) -> set[int]:
    """When the roll was searched: the office may have corrected it before it decided."""
    return {record.verified_at, *(one.decided_at for one in record.decisions)}


def _signer(receipt: Receipt, chain: ChainEvidence) -> str:
    try:
        return receipt.signer(chain.chain_id, chain.contract)
    except (BadSignature, EthValidationError, ValueError):
        return "nobody"
