"""Every leaf one eligible person's: an honest registrar's books are consistent, and each lie is found."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audit.credentials import rechecks
from audit.eligibility import audit_eligibility
from chain.time import travel_to
from election.receipt import Promise, sign_receipt
from identity.credential import CredentialKind
from identity.testpki.special import SpecialCard, issue_special_card
from tests.support.eligible_election import ON_ROLL, EligibleElection, hexadecimal, pseudonym
from tests.support.people import people
from tests.support.small_election import CLOSES, VOTES

if TYPE_CHECKING:
    from audit.eligibility import EligibilityReport
    from election.person import Person
    from identity.evidence import Evidence, RegistrationEvidence

Lie = Callable[[EligibleElection], None]
BOOKED = ("evidence", "credentials", "receipts", "people", "reviews")


def audited(
    registrar: EligibleElection, archive: Evidence | None = None, **options: Any
) -> EligibilityReport:
    keys = options.pop("officers", registrar.public_keys)
    return audit_eligibility(
        options.pop("w3", registrar.election.w3),
        registrar.election.deployment.contract,
        archive or registrar.archive(),
        options.pop("checks", rechecks(registrar.trust, keys or registrar.public_keys)),
        officers=keys,
        **options,
    )


def broken(report: EligibilityReport) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for finding in report.findings:
        told.setdefault(finding.check, []).append(finding.message)
    return told


def leaf_of(registrar: EligibleElection, index: int) -> RegistrationEvidence:
    return next(one for one in registrar.books.registrations if one.leaf_index == index)


def test_an_honest_registration_is_consistent(registrar: EligibleElection) -> None:
    report = audited(registrar)
    assert (report.verdict, report.findings, report.warnings) == ("consistent", [], ())
    assert (report.leaves, report.registrations, report.on_roll, report.reviewed) == (5, 6, ON_ROLL, 1)
    assert (report.anchors, report.log_entries) == (2, len(registrar.books.log))


def test_every_kind_of_rule_was_applied(registrar: EligibleElection) -> None:
    checks = {check.name: check.checked for check in audited(registrar).checks}
    assert set(checks) == {*BOOKED, "deposits", "officers", "registrar log", "roll", "ledger"}
    assert all(checks.values())


def test_it_is_consistent_after_the_close_too(registrar: EligibleElection) -> None:
    for start in (VOTES, CLOSES):
        travel_to(registrar.election.w3, start)
        registrar.election.client.advance(registrar.election.sender(1))
        registrar.anchor()
    report = audited(registrar)
    assert (report.verdict, report.anchors) == ("consistent", 4)


def test_the_report_is_json_and_names_nobody(registrar: EligibleElection) -> None:
    registrar.change_entry(0, person=registrar.books.roll[1].person)
    text = json.dumps(audited(registrar).to_json(), ensure_ascii=False)
    assert json.loads(text)["verdict"] == "inconsistent"
    for entry in registrar.books.roll:
        for secret in (entry.person.name, entry.person.address, entry.voter_id):
            assert secret not in text


def test_progress_rises_to_its_total(registrar: EligibleElection) -> None:
    told: list[tuple[int, int]] = []
    audited(registrar, on_progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_an_earlier_block_can_be_checked_with_a_later_archive(registrar: EligibleElection) -> None:
    before = registrar.election.w3.eth.block_number
    registrar.deposit(registrar.register("card 0", None, status="queued"))
    registrar.anchor()
    assert broken(audited(registrar, to_block=before)).keys() <= {"evidence", "registrar log"}
    assert "people" in broken(audited(registrar))


def a_leaf_without_evidence(registrar: EligibleElection) -> None:
    registrar.books.registrations.remove(leaf_of(registrar, 0))


def a_deposit_in_nobodys_name(registrar: EligibleElection) -> None:
    note = registrar.election.new_note()
    registrar.election.client.deposit(note.commitment, registrar.election.sender(0))


def one_evidence_for_two_leaves(registrar: EligibleElection) -> None:
    first = leaf_of(registrar, 0)
    registrar.deposit(registrar.register("card 5", pseudonym(5), evidence=first.evidence))
    registrar.anchor()


def one_challenge_for_two_leaves(registrar: EligibleElection) -> None:
    first = leaf_of(registrar, 0)
    registrar.deposit(
        registrar.register("card 5", pseudonym(5), evidence=first.evidence, challenge=first.challenge)
    )
    registrar.anchor()


def new_card(registrar: EligibleElection, person: Person, kind: SpecialCard = SpecialCard.ORDINARY) -> str:
    """Cards of other tests stay in the folder, so each has a name of its own."""
    name = secrets.token_hex(8)
    issue_special_card(registrar.pki, name, person, kind)
    return name


def a_renewed_certificate_for_the_same_entry(registrar: EligibleElection) -> None:
    card = new_card(registrar, registrar.books.roll[0].person)
    registrar.deposit(registrar.register(card, pseudonym(0)))
    registrar.anchor()


def a_renewed_certificate_for_another_entry(registrar: EligibleElection) -> None:
    card = new_card(registrar, registrar.books.roll[0].person)
    registrar.deposit(registrar.register(card, pseudonym(5)))
    registrar.anchor()


def a_signature_over_another_commitment(registrar: EligibleElection) -> None:
    swapped, other = leaf_of(registrar, 0), leaf_of(registrar, 2)
    registrar.change(swapped, evidence=swapped.evidence | {"signature": other.evidence["signature"]})


def another_challenge(registrar: EligibleElection) -> None:
    one = leaf_of(registrar, 0)
    registrar.change(one, challenge=one.challenge.replace("小さな", "大きな"))


def a_challenge_that_is_none(registrar: EligibleElection) -> None:
    registrar.change(leaf_of(registrar, 0), challenge="I want to vote\n")


def a_later_verification_than_the_challenge_allows(registrar: EligibleElection) -> None:
    one = leaf_of(registrar, 0)
    late = one.evidence["verified_at"] + 600
    registrar.change(one, evidence=one.evidence | {"verified_at": late})


def an_impostors_certificate(registrar: EligibleElection) -> None:
    card = new_card(registrar, registrar.books.roll[5].person, SpecialCard.IMPOSTOR)
    registrar.deposit(presented_by(registrar, card, pseudonym(5), leaf_of(registrar, 0).evidence))
    registrar.anchor()


def a_revoked_card(registrar: EligibleElection) -> None:
    """The registrar keeps the proof of somebody else's good card beside the revoked one."""
    card = new_card(registrar, registrar.books.roll[5].person, SpecialCard.REVOKED)
    registrar.deposit(presented_by(registrar, card, pseudonym(5), leaf_of(registrar, 0).evidence))
    registrar.anchor()


def presented_by(
    registrar: EligibleElection, card: str, whose: str, true: dict[str, Any]
) -> RegistrationEvidence:
    """Register with a card that no honest registrar accepts, and the rest of an honest evidence."""
    from identity.challenge import signed_message  # noqa: PLC0415
    from identity.testpki.card_file import CardSecrets  # noqa: PLC0415
    from voter.card import Card  # noqa: PLC0415

    record = registrar.register(card, whose, evidence=true)
    message = signed_message(record.challenge, record.commitment)
    presented = Card.load(registrar.pki.card_path(card)).sign(message, CardSecrets().password).to_credential()
    mine = {name: presented[name] for name in ("certificate", "signature")}
    return registrar.change(record, evidence=true | mine | {"verified_at": registrar.clock})


def a_stranger(registrar: EligibleElection) -> None:
    ((_, stranger),) = people(ON_ROLL + 1)[-1:]
    registrar.deposit(registrar.register(new_card(registrar, stranger), pseudonym(5)))
    registrar.anchor()


def a_pseudonym_of_nobody(registrar: EligibleElection) -> None:
    registrar.change(leaf_of(registrar, 0), roll_entry=hexadecimal(7))


def somebody_removed_before(registrar: EligibleElection) -> None:
    at = registrar.change_roll("remove", leaving=[registrar.books.roll[5].voter_id])
    registrar.change_entry(5, removed_at=at)
    registrar.clock += 1
    registrar.deposit(registrar.register("card 5", pseudonym(5)))
    registrar.anchor()


def somebody_added_after(registrar: EligibleElection) -> None:
    entry = registrar.books.roll[0]
    at = registrar.change_roll("add", [(entry.voter_id, entry.person)])
    registrar.change_entry(0, added_at=at)


def one_officer_twice(registrar: EligibleElection) -> None:
    reviewed = next(one for one in registrar.books.registrations if one.decisions)
    registrar.change(reviewed, decisions=(reviewed.decisions[0],) * 2)


def one_officer_only(registrar: EligibleElection) -> None:
    reviewed = next(one for one in registrar.books.registrations if one.decisions)
    registrar.change(reviewed, decisions=reviewed.decisions[:1])


def a_decision_for_another_person(registrar: EligibleElection) -> None:
    registrar.deposit(registrar.decide(registrar.register("card 5", None), pseudonym(5)))
    reviewed = next(one for one in registrar.books.registrations if one.decisions)
    moved = tuple(one.model_copy(update={"roll_entry": pseudonym(1)}) for one in reviewed.decisions)
    registrar.change(reviewed, decisions=moved)


def a_decision_that_the_other_officer_signed(registrar: EligibleElection) -> None:
    reviewed = next(one for one in registrar.books.registrations if one.decisions)
    first, second = reviewed.decisions
    forged = second.model_copy(update={"signature": first.signature})
    registrar.change(reviewed, decisions=(first, forged))


def a_refusal_counted_as_acceptance(registrar: EligibleElection) -> None:
    reviewed = next(one for one in registrar.books.registrations if one.decisions)
    first, second = reviewed.decisions
    registrar.change(reviewed, decisions=(first, second.model_copy(update={"decision": "refuse"})))


def an_officer_whom_nobody_knows(registrar: EligibleElection) -> None:
    reviewed = next(one for one in registrar.books.registrations if one.decisions)
    first, second = reviewed.decisions
    registrar.change(reviewed, decisions=(first, second.model_copy(update={"officer": "nobody"})))


def an_office_credential_of_one_officer(registrar: EligibleElection) -> None:
    registrar.deposit(registrar.register_without_card(pseudonym(5), approver="hana"))
    registrar.anchor()


def an_office_credential_used_twice(registrar: EligibleElection) -> None:
    used = next(one for one in registrar.books.registrations if one.kind is CredentialKind.OFFICE)
    again = registrar.register_without_card(pseudonym(5))
    registrar.change(again, evidence=again.evidence | {"credential_id": used.evidence["credential_id"]})
    registrar.deposit(again)
    registrar.anchor()


def an_office_credential_for_somebody_else(registrar: EligibleElection) -> None:
    used = next(one for one in registrar.books.registrations if one.kind is CredentialKind.OFFICE)
    registrar.change(used, roll_entry=pseudonym(5))


def a_receipt_signed_by_somebody_else(registrar: EligibleElection) -> None:
    from chain.development import development_account  # noqa: PLC0415

    one = leaf_of(registrar, 0)
    receipt = sign_receipt(
        development_account(5),
        *registrar.chain,
        registration_id=one.id,
        election_id=one.receipt.election_id,
        commitment=one.commitment,
        roll_entry=one.roll_entry or "",
        promise=Promise.DEPOSIT,
        issued_at=one.receipt.issued_at,
        deposit_by=one.receipt.deposit_by,
    )
    registrar.change(one, receipt=receipt)


def anothers_receipt(registrar: EligibleElection) -> None:
    registrar.change(leaf_of(registrar, 0), receipt=leaf_of(registrar, 1).receipt)


def a_receipt_that_only_promises_a_review(registrar: EligibleElection) -> None:
    reviewed = next(one for one in registrar.books.registrations if one.decisions)
    registrar.change(reviewed, receipt=reviewed.review_receipt)


def a_changed_receipt(registrar: EligibleElection) -> None:
    one = leaf_of(registrar, 0)
    registrar.change(one, receipt=replace(one.receipt, issued_at=one.receipt.issued_at + 1))


def a_replaced_commitment_in_the_tree(registrar: EligibleElection) -> None:
    replaced = next(one for one in registrar.books.registrations if one.status == "replaced")
    registrar.election.client.deposit(replaced.commitment, registrar.election.sender(0))


def two_registrations_of_one_commitment(registrar: EligibleElection) -> None:
    one = leaf_of(registrar, 0)
    copy = one.model_copy(update={"id": hexadecimal(99), "leaf_index": None})
    registrar.books.registrations.append(copy)


def a_leaf_at_another_place(registrar: EligibleElection) -> None:
    registrar.change(leaf_of(registrar, 0), leaf_index=1)


def a_leaf_that_is_not_there(registrar: EligibleElection) -> None:
    registrar.change(leaf_of(registrar, 0), leaf_index=40)


def a_changed_log_entry(registrar: EligibleElection) -> None:
    registrar.books.log[3] = replace(registrar.books.log[3], actor="jun")


def a_removed_log_entry(registrar: EligibleElection) -> None:
    del registrar.books.log[3]


def a_log_without_its_end(registrar: EligibleElection) -> None:
    del registrar.books.log[-1]


def a_removed_log_entry_and_new_numbers(registrar: EligibleElection) -> None:
    del registrar.books.log[3]
    renumber(registrar)
    registrar.log("voter_searched", None, "hana")


def a_log_entry_put_in(registrar: EligibleElection) -> None:
    registrar.books.log.insert(3, registrar.books.log[3])
    renumber(registrar)


def renumber(registrar: EligibleElection) -> None:
    entries = enumerate(registrar.books.log, start=1)
    registrar.books.log[:] = [replace(entry, sequence=number) for number, entry in entries]


def an_anchor_with_another_head(registrar: EligibleElection) -> None:
    registrar.log("voter_searched", None, "hana")
    registrar.anchor(head=bytes(32))


def an_anchor_beyond_the_log(registrar: EligibleElection) -> None:
    registrar.anchor(entries=10_000)


def an_anchor_with_a_larger_roll(registrar: EligibleElection) -> None:
    registrar.anchor(roll_size=ON_ROLL + 1)


def somebody_put_on_the_roll_in_silence(registrar: EligibleElection) -> None:
    ((voter_id, person),) = people(ON_ROLL + 1)[-1:]
    new = registrar.books.roll[0].model_copy(
        update={"pseudonym": pseudonym(ON_ROLL), "voter_id": voter_id, "person": person}
    )
    registrar.books.roll.append(new)


def somebody_taken_off_the_roll_in_silence(registrar: EligibleElection) -> None:
    registrar.change_entry(5, removed_at=registrar.clock)


def a_correction_in_silence(registrar: EligibleElection) -> None:
    from identity.evidence import EarlierPerson  # noqa: PLC0415

    entry = registrar.books.roll[5]
    past = EarlierPerson(until=registrar.clock, person=entry.person)
    registrar.change_entry(5, earlier=(past,))


def one_number_for_two_people(registrar: EligibleElection) -> None:
    registrar.change_entry(5, voter_id=registrar.books.roll[4].voter_id)


def a_change_of_the_roll_by_one_officer(registrar: EligibleElection) -> None:
    add_somebody(registrar, ("hana", "hana"))
    registrar.anchor()


def add_somebody(registrar: EligibleElection, officers: tuple[str, str] = ("hana", "jun")) -> None:
    """Put one more person on the roll, as the registrar does."""
    ((voter_id, person),) = people(ON_ROLL + 1)[-1:]
    at = registrar.change_roll("add", [(voter_id, person)], officers=officers)
    new = {"pseudonym": pseudonym(ON_ROLL), "voter_id": voter_id, "person": person, "added_at": at}
    registrar.books.roll.append(registrar.books.roll[0].model_copy(update=new))


def change_last_list(registrar: EligibleElection, **changes: Any) -> None:
    add_somebody(registrar)
    registrar.books.change_lists[-1] = registrar.books.change_lists[-1].model_copy(update=changes)
    registrar.anchor()


def a_list_with_somebody_else_on_it(registrar: EligibleElection) -> None:
    add_somebody(registrar)
    last = registrar.books.change_lists[-1]
    name = registrar.books.roll[-1].person.name
    changed = last.model_copy(update={"document": last.document.replace(name, "田中　太郎")})
    registrar.books.change_lists[-1] = changed
    registrar.anchor()


def a_list_with_a_forged_signature(registrar: EligibleElection) -> None:
    change_last_list(registrar, decision_signature=128 * "a")


def a_list_that_another_officer_is_said_to_have_signed(registrar: EligibleElection) -> None:
    change_last_list(registrar, proposed_by="ken")


def a_list_of_another_time(registrar: EligibleElection) -> None:
    change_last_list(registrar, decided_at=registrar.clock - 1)


def a_list_that_is_not_there(registrar: EligibleElection) -> None:
    add_somebody(registrar)
    registrar.books.change_lists.pop()
    registrar.anchor()


def a_list_that_cannot_be_read(registrar: EligibleElection) -> None:
    change_last_list(registrar, document="[]")


def somebody_described_otherwise_than_on_the_list(registrar: EligibleElection) -> None:
    """A stranger's card gets a leaf on the entry of somebody who did not register."""
    ((_, stranger),) = people(ON_ROLL + 1)[-1:]
    registrar.change_entry(5, person=stranger)
    registrar.deposit(registrar.register(new_card(registrar, stranger), pseudonym(5)))
    registrar.anchor()


def a_paper_ballot_too(registrar: EligibleElection) -> None:
    whose = pseudonym(0)
    registrar.log("status_changed", whose, **{"from": "internet_registered", "to": "eligible"})
    registrar.log("status_changed", whose, "hana", **{"from": "eligible", "to": "paper_ballot_issued"})
    registrar.anchor()


def a_step_from_a_status_that_nobody_had(registrar: EligibleElection) -> None:
    steps = {"from": "postal_ballot_issued", "to": "voted_in_person"}
    registrar.log("status_changed", pseudonym(5), "hana", **steps)
    registrar.anchor()


def a_second_step_after_voting_in_person(registrar: EligibleElection) -> None:
    voted = {"from": "eligible", "to": "voted_in_person"}
    registrar.log("status_changed", pseudonym(5), "hana", **voted)
    registrar.log("status_changed", pseudonym(5), "hana", **{"from": "voted_in_person", "to": "eligible"})
    registrar.anchor()


def a_registration_that_the_log_does_not_know(registrar: EligibleElection) -> None:
    one = registrar.register("card 5", pseudonym(5))
    registrar.books.log.pop()
    registrar.deposit(one)
    registrar.anchor()


def a_registration_logged_for_somebody_else(registrar: EligibleElection) -> None:
    one = registrar.register("card 5", pseudonym(5))
    registrar.books.log[-1] = replace(registrar.books.log[-1], subject=pseudonym(1))
    registrar.deposit(one)
    registrar.anchor()


def a_decision_that_the_log_does_not_know(registrar: EligibleElection) -> None:
    reviewed = registrar.decide(registrar.register("card 5", None), pseudonym(5), ("hana", "jun", "ken"))
    last = next(e for e in reversed(registrar.books.log) if e.action == "review_decided")
    registrar.books.log.remove(last)
    renumber(registrar)
    registrar.deposit(reviewed)
    registrar.anchor()


def a_deposit_logged_at_another_leaf(registrar: EligibleElection) -> None:
    registrar.log("deposited", None, leaves={leaf_of(registrar, 0).id: 3})
    registrar.anchor()


def evidence_of_a_logged_registration_thrown_away(registrar: EligibleElection) -> None:
    replaced = next(one for one in registrar.books.registrations if one.status == "replaced")
    registrar.books.registrations.remove(replaced)


def an_archive_without_change_lists(registrar: EligibleElection) -> None:
    registrar.books.change_lists.clear()


def a_stranger_whom_two_officers_accept(registrar: EligibleElection) -> None:
    """The service refuses whoever comes near nobody, so there was nothing to decide."""
    ((_, stranger),) = people(ON_ROLL + 1)[-1:]
    record = registrar.register(new_card(registrar, stranger), None)
    registrar.deposit(registrar.decide(record, pseudonym(5)))
    registrar.anchor()


def somebody_on_the_roll_under_two_numbers(registrar: EligibleElection) -> None:
    """Two officers sign somebody twice, and decide for each card whose it is."""
    twice = registrar.books.roll[5].person
    registrar.put_on_roll([("another number", twice)])
    for whose in (5, ON_ROLL):
        record = registrar.register(new_card(registrar, twice), None)
        registrar.deposit(registrar.decide(record, pseudonym(whose)))
    registrar.anchor()


def one_card_for_two_people(registrar: EligibleElection) -> None:
    """Two entries that the roll describes differently, and one card that comes near both."""
    card_holder = registrar.books.roll[5].person
    registrar.put_on_roll([("moved", replace(card_holder, address="沖縄県那覇市港町二番地"))])
    registrar.deposit(registrar.register("card 5", pseudonym(5)))
    second = registrar.register("card 5", None)
    registrar.deposit(registrar.decide(second, pseudonym(ON_ROLL)))
    registrar.anchor()


def one_number_written_in_two_ways(registrar: EligibleElection) -> None:
    """Somebody's entry stands twice, in place of somebody who did not register."""
    first = registrar.books.roll[0]
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in first.voter_id)
    registrar.books.roll[5] = first.model_copy(update={"pseudonym": pseudonym(5), "voter_id": wide})


def somebody_removed_left_out_of_the_archive(registrar: EligibleElection) -> None:
    registrar.change_roll("remove", leaving=[registrar.books.roll[5].voter_id])
    del registrar.books.roll[5]
    registrar.anchor()


def a_verification_dated_back(registrar: EligibleElection) -> None:
    """The card was revoked, or its holder removed, meanwhile: challenge and evidence say it was earlier."""
    registrar.clock += 1_000
    registrar.log("voter_searched", None, "hana")
    registrar.clock -= 1_000
    record = registrar.register("card 5", pseudonym(5))
    registrar.clock += 1_000
    last = registrar.books.log[-1]
    registrar.books.log[-1] = replace(last, at=registrar.clock)
    registrar.deposit(record)
    registrar.anchor()


def a_registration_and_its_log_entry_dated_back(registrar: EligibleElection) -> None:
    registrar.clock += 1_000
    registrar.log("voter_searched", None, "hana")
    registrar.clock -= 1_000
    registrar.deposit(registrar.register("card 5", pseudonym(5)))
    registrar.clock += 1_000
    registrar.anchor()


def a_paper_ballot_after_the_deposit(registrar: EligibleElection) -> None:
    """The ledger ends as it should, and the paper ballot that is said to have come back was cast."""
    whose = pseudonym(0)
    for actor, before, after in (
        ("service", "internet_registered", "eligible"),
        ("hana", "eligible", "paper_ballot_issued"),
        ("hana", "paper_ballot_issued", "eligible"),
        ("service", "eligible", "internet_registered"),
    ):
        registrar.log("status_changed", whose, actor, **{"from": before, "to": after})
    registrar.anchor()


def a_step_that_the_ledger_does_not_have(registrar: EligibleElection) -> None:
    steps = {"from": "internet_registered", "to": "voted_in_person"}
    registrar.log("status_changed", pseudonym(5), **{"from": "eligible", "to": "internet_registered"})
    registrar.log("status_changed", pseudonym(5), "hana", **steps)
    registrar.anchor()


LIES: list[tuple[Lie, set[str]]] = [
    (a_leaf_without_evidence, {"evidence", "registrar log"}),
    (a_deposit_in_nobodys_name, {"evidence"}),
    (one_evidence_for_two_leaves, {"credentials"}),
    (one_challenge_for_two_leaves, {"credentials"}),
    (a_renewed_certificate_for_the_same_entry, {"people"}),
    (a_renewed_certificate_for_another_entry, {"reviews"}),
    (a_signature_over_another_commitment, {"credentials"}),
    (another_challenge, {"credentials"}),
    (a_challenge_that_is_none, {"credentials"}),
    (a_later_verification_than_the_challenge_allows, {"credentials", "receipts"}),
    (an_impostors_certificate, {"credentials"}),
    (a_revoked_card, {"credentials"}),
    (a_stranger, {"reviews"}),
    (a_pseudonym_of_nobody, {"people", "receipts", "registrar log"}),
    (somebody_removed_before, {"people", "reviews"}),
    (somebody_added_after, {"people", "reviews", "roll"}),
    (one_officer_twice, {"reviews"}),
    (one_officer_only, {"reviews"}),
    (a_decision_for_another_person, {"reviews"}),
    (a_decision_that_the_other_officer_signed, {"reviews"}),
    (a_refusal_counted_as_acceptance, {"reviews"}),
    (an_officer_whom_nobody_knows, {"reviews"}),
    (an_office_credential_of_one_officer, {"credentials"}),
    (an_office_credential_used_twice, {"credentials"}),
    (an_office_credential_for_somebody_else, {"people", "receipts", "ledger", "registrar log"}),
    (a_receipt_signed_by_somebody_else, {"receipts"}),
    (anothers_receipt, {"receipts"}),
    (a_receipt_that_only_promises_a_review, {"receipts"}),
    (a_changed_receipt, {"receipts"}),
    (a_replaced_commitment_in_the_tree, {"evidence"}),
    (two_registrations_of_one_commitment, {"evidence", "registrar log"}),
    (a_leaf_at_another_place, {"evidence"}),
    (a_leaf_that_is_not_there, {"evidence"}),
    (a_changed_log_entry, {"registrar log"}),
    (a_removed_log_entry, {"registrar log"}),
    (a_log_without_its_end, {"registrar log"}),
    (a_removed_log_entry_and_new_numbers, {"registrar log"}),
    (a_log_entry_put_in, {"registrar log"}),
    (an_anchor_with_another_head, {"registrar log"}),
    (an_anchor_beyond_the_log, {"registrar log"}),
    (an_anchor_with_a_larger_roll, {"registrar log"}),
    (somebody_put_on_the_roll_in_silence, {"roll"}),
    (somebody_taken_off_the_roll_in_silence, {"roll"}),
    (a_correction_in_silence, {"roll"}),
    (one_number_for_two_people, {"roll"}),
    (a_change_of_the_roll_by_one_officer, {"roll"}),
    (a_list_with_somebody_else_on_it, {"roll"}),
    (a_list_with_a_forged_signature, {"roll"}),
    (a_list_that_another_officer_is_said_to_have_signed, {"roll"}),
    (a_list_of_another_time, {"roll"}),
    (a_list_that_is_not_there, {"roll"}),
    (a_list_that_cannot_be_read, {"roll"}),
    (somebody_described_otherwise_than_on_the_list, {"roll"}),
    (a_paper_ballot_too, {"ledger"}),
    (a_step_from_a_status_that_nobody_had, {"ledger"}),
    (a_second_step_after_voting_in_person, {"ledger"}),
    (a_registration_that_the_log_does_not_know, {"registrar log"}),
    (a_registration_logged_for_somebody_else, {"registrar log"}),
    (a_decision_that_the_log_does_not_know, {"registrar log"}),
    (a_deposit_logged_at_another_leaf, {"registrar log"}),
    (evidence_of_a_logged_registration_thrown_away, {"registrar log"}),
    (an_archive_without_change_lists, {"roll"}),
    (a_stranger_whom_two_officers_accept, {"people"}),
    (somebody_on_the_roll_under_two_numbers, {"roll", "people"}),
    (one_card_for_two_people, {"people"}),
    (one_number_written_in_two_ways, {"roll"}),
    (somebody_removed_left_out_of_the_archive, {"roll"}),
    (a_verification_dated_back, {"registrar log"}),
    (a_registration_and_its_log_entry_dated_back, {"registrar log"}),
    (a_paper_ballot_after_the_deposit, {"ledger"}),
    (a_step_that_the_ledger_does_not_have, {"ledger"}),
]  # fmt: skip


@pytest.mark.parametrize(("lie", "checks"), LIES, ids=[lie.__name__.replace("_", " ") for lie, _ in LIES])
def test_a_lie_is_found(registrar: EligibleElection, lie: Lie, checks: set[str]) -> None:
    lie(registrar)
    report = audited(registrar)
    assert report.verdict == "inconsistent"
    assert set(broken(report)) >= checks, broken(report)


REASONS: list[tuple[Lie, str]] = [
    (one_evidence_for_two_leaves, "signature_invalid: "),
    (a_signature_over_another_commitment, "signature_invalid: "),
    (another_challenge, "signature_invalid: "),
    (one_challenge_for_two_leaves, "a challenge used once was expected"),
    (a_renewed_certificate_for_the_same_entry, "one leaf a person was expected"),
    (a_renewed_certificate_for_another_entry, f"one match {pseudonym(0)}, 0 valid decisions"),
    (one_officer_twice, "1 valid decisions"),
    (an_impostors_certificate, "issuer_unknown: "),
    (a_revoked_card, "revocation_unavailable: "),
    (a_stranger, "none match , 0 valid decisions"),
    (a_replaced_commitment_in_the_tree, "(replaced)"),
    (a_paper_ballot_too, "is paper_ballot_issued, not internet_registered"),
    (a_list_with_a_forged_signature, "but found: 1 that hold"),
    (a_list_that_is_not_there, "the list that was applied was expected, but found: none"),
    (somebody_described_otherwise_than_on_the_list, "somebody described otherwise"),
    (a_removed_log_entry, "entry 4 in its place was expected"),
    (a_removed_log_entry_and_new_numbers, "the anchored head is"),
    (a_changed_log_entry, "the anchored head is"),
]


@pytest.mark.parametrize(("lie", "told"), REASONS, ids=[lie.__name__.replace("_", " ") for lie, _ in REASONS])
def test_a_lie_is_told_as_what_it_is(registrar: EligibleElection, lie: Lie, told: str) -> None:
    lie(registrar)
    messages = [message for some in broken(audited(registrar)).values() for message in some]
    assert any(told in message for message in messages), messages
