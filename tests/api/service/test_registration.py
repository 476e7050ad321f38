from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import event, select, update

from api.app import create_app
from api.database.tables import (
    RegistrationStatus,
    VotingStatus,
    challenge_use,
    refusal,
    registration,
    roll_entry,
)
from api.errors import LedgerError
from api.registry.ledger import status, transition
from api.registry.log import verify_log
from api.sealed import SealedRegistration, open_refused_person
from election.receipt import Promise
from identity.challenge import signed_message
from identity.credential import CredentialKind
from tests.support.registrar_service import (
    OTHER,
    THIRD,
    VOTER,
    VOTERS,
    RegistrarService,
    new_commitment,
    open_service,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECTIONS = 50


def set_status(
    service: RegistrarService, registration_id: str, wanted: RegistrationStatus, **more: Any
) -> None:
    """Do what the depositor does to a registration."""
    with service.database.begin() as connection:
        connection.execute(
            update(registration).where(registration.c.id == registration_id).values(status=wanted, **more)
        )


def voting_status(service: RegistrarService, voter: str) -> VotingStatus:
    with service.database.read() as connection:
        return status(connection, service.pseudonyms[voter])


def test_a_voter_with_a_card_gets_a_receipt_of_the_registrar(service: RegistrarService) -> None:
    answer = service.register(VOTER, 12345)
    receipt = service.receipt(answer)
    assert answer.status_code == 201
    assert answer.json()["permit"] is None
    assert answer.headers["location"] == f"/v1/registrations/{receipt.registration_id}"
    assert (receipt.commitment, receipt.promise) == (12345, Promise.DEPOSIT)
    assert receipt.roll_entry == service.pseudonyms[VOTER]
    assert receipt.election_id == service.services.election_id
    assert receipt.deposit_by == service.services.election.schedule.timestamps()[1]
    assert voting_status(service, VOTER) is VotingStatus.INTERNET_REGISTERED
    assert [action for action, _ in service.log()][-2:] == ["status_changed", "registered"]
    with service.database.read() as connection:
        verify_log(connection)


def test_the_evidence_is_kept_sealed_and_an_auditor_can_check_it_again(service: RegistrarService) -> None:
    body = service.request(VOTER, 12345)
    receipt = service.receipt(service.send(body))
    row = service.registrations()[0]
    name = service.people[VOTER].name.encode()
    assert name not in row.sealed
    kept = SealedRegistration.open(service.services.vault, receipt.registration_id, row.sealed)
    verifier = service.services.verifiers[CredentialKind.JPKI]
    assert (
        verifier.recheck(kept.evidence, signed_message(kept.challenge, kept.commitment)).person == kept.person
    )


def test_the_same_request_again_gets_the_same_answer(service: RegistrarService) -> None:
    body = service.request(VOTER)
    first, second = service.send(body), service.send(body)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert len(service.registrations()) == 1


def test_the_same_request_gets_the_same_answer_after_a_restart_and_after_the_challenge_expired(
    service: RegistrarService,
) -> None:
    body, refused = service.request(VOTER), service.request(OTHER, 0)
    answers = [service.send(body), service.send(refused)]
    service.clock.now += 10_000
    app = create_app(service.services.settings, service.services)
    with running(app, service.services.settings) as address:
        again = [service.http.post(f"{address}/v1/registrations", json=each) for each in (body, refused)]
    assert [answer.content for answer in again] == [answer.content for answer in answers]
    assert [answer.status_code for answer in again] == [201, 422]


def test_the_same_commitment_with_a_new_challenge_gets_the_same_receipt(service: RegistrarService) -> None:
    first = service.register(VOTER, 12345)
    service.clock.now += 5
    second = service.register(VOTER, 12345)
    assert first.json() == second.json()
    assert len(service.registrations()) == 1


def test_another_commitment_replaces_one_that_is_still_queued(service: RegistrarService) -> None:
    first = service.receipt(service.register(VOTER, 111))
    second = service.receipt(service.register(VOTER, 222))
    found = {row.commitment: row.status for row in service.registrations()}
    assert found == {"111": RegistrationStatus.REPLACED, "222": RegistrationStatus.QUEUED}
    assert service.standing(first).json()["status"] == "replaced"
    assert service.standing(second).json()["status"] == "queued"
    assert voting_status(service, VOTER) is VotingStatus.INTERNET_REGISTERED


@pytest.mark.parametrize(
    ("reached", "code"),
    [
        (RegistrationStatus.SUBMITTED, "deposit_in_progress"),
        (RegistrationStatus.DEPOSITED, "already_deposited"),
        (RegistrationStatus.MISSED, "registration_closed"),
    ],
)
def test_another_commitment_is_refused_once_the_first_is_on_its_way(
    service: RegistrarService, reached: RegistrationStatus, code: str
) -> None:
    first = service.receipt(service.register(VOTER, 111))
    set_status(service, first.registration_id, reached)
    answer = service.register(VOTER, 222)
    assert (answer.status_code, service.refusal(answer).reason) == (409, code)
    assert ("retry-after" in answer.headers) == (code == "deposit_in_progress")
    assert service.receipt(service.register(VOTER, 111)) == first


def test_a_renewed_card_and_a_second_one_are_the_same_person(service: RegistrarService) -> None:
    first = service.receipt(service.register(VOTER, 111))
    renewed = service.cards.renewed(VOTER, service.people[VOTER])
    set_status(service, first.registration_id, RegistrationStatus.DEPOSITED, leaf_index=0)
    assert service.refusal(service.register(renewed, 222)).reason == "already_deposited"


def test_a_commitment_of_somebody_else_is_refused(service: RegistrarService) -> None:
    service.receipt(service.register(VOTER, 111))
    answer = service.register(OTHER, 111)
    assert (answer.status_code, service.refusal(answer).reason) == (409, "commitment_already_registered")
    assert voting_status(service, OTHER) is VotingStatus.ELIGIBLE


def test_a_stranger_is_refused_and_the_office_can_see_who_that_was(service: RegistrarService) -> None:
    stranger = replace(service.people[VOTER], name="不明 太郎", address="北海道札幌市北区一条一丁目1番1号")
    answer = service.register(service.cards.card("stranger", stranger))
    signed = service.refusal(answer)
    assert (answer.status_code, signed.reason) == (403, "person_not_on_roll")
    with service.database.read() as connection:
        row = connection.execute(select(refusal).where(refusal.c.id == signed.refusal_id)).one()
    assert open_refused_person(service.services.vault, signed.refusal_id, row.sealed) == stranger
    assert stranger.name not in answer.text


def test_whoever_votes_on_paper_is_refused(service: RegistrarService) -> None:
    with service.database.begin() as connection:
        connection.execute(
            update(roll_entry)
            .where(roll_entry.c.pseudonym == service.pseudonyms[VOTER])
            .values(status=VotingStatus.PAPER_BALLOT_ISSUED)
        )
    answer = service.register(VOTER)
    assert (answer.status_code, service.refusal(answer).reason) == (409, "votes_by_another_channel")
    assert service.registrations() == []


def test_whoever_was_taken_off_the_roll_is_refused(service: RegistrarService) -> None:
    with service.database.begin() as connection:
        connection.execute(
            update(roll_entry).where(roll_entry.c.pseudonym == service.pseudonyms[VOTER]).values(removed_at=1)
        )
    assert service.refusal(service.register(VOTER)).reason == "person_not_on_roll"


def moved(service: RegistrarService, voter: str = VOTER) -> Any:
    """Return the card of somebody who moved after the roll was made: nearly a match."""
    person = replace(service.people[voter], address="沖縄県那覇市泉崎一丁目2番3号")
    return service.cards.card(f"{voter}-moved", person)


def test_an_ambiguous_match_goes_to_the_office_with_a_signed_promise(service: RegistrarService) -> None:
    card = moved(service)
    body = service.request(card, 111)
    answer = service.send(body)
    receipt = service.receipt(answer)
    assert answer.status_code == 202
    assert (receipt.promise, receipt.roll_entry, receipt.deposit_by) == (Promise.REVIEW, "", 0)
    assert service.send(body).content == answer.content
    assert service.standing(receipt).json()["status"] == "in_review"
    assert voting_status(service, VOTER) is VotingStatus.ELIGIBLE


def test_a_person_in_review_has_one_registration_in_review(service: RegistrarService) -> None:
    card = moved(service)
    first = service.receipt(service.register(card, 111))
    assert service.receipt(service.register(card, 111)) == first
    service.receipt(service.register(card, 222))
    found = {row.commitment: row.status for row in service.registrations()}
    assert found == {"111": RegistrationStatus.REPLACED, "222": RegistrationStatus.IN_REVIEW}


def test_a_commitment_in_review_is_nobody_elses(service: RegistrarService) -> None:
    service.receipt(service.register(moved(service), 111))
    for other in (OTHER, moved(service, OTHER)):
        assert service.refusal(service.register(other, 111)).reason == "commitment_already_registered"


def test_one_whose_roll_entry_was_put_right_keeps_the_commitment(service: RegistrarService) -> None:
    reviewed = service.receipt(service.register(moved(service), 111))
    here = service.cards.card(VOTER, service.people[VOTER])
    row = service.registrations()[0]
    kept = SealedRegistration.open(service.services.vault, row.id, row.sealed)
    same = replace(kept, person=service.people[VOTER])
    sealed = same.seal(service.services.vault, row.id)
    set_status(service, reviewed.registration_id, RegistrationStatus.IN_REVIEW, sealed=sealed)
    assert service.receipt(service.register(here, 111)).promise is Promise.DEPOSIT
    assert service.standing(reviewed).json()["status"] == "replaced"


def test_the_receipt_opens_the_registration_and_nothing_else_does(service: RegistrarService) -> None:
    mine, others = service.receipt(service.register(VOTER)), service.receipt(service.register(OTHER))
    answer = service.standing(mine)
    assert answer.status_code == 200
    assert (answer.json()["registration_id"], answer.json()["leaf_index"]) == (mine.registration_id, None)
    address = f"/v1/registrations/{mine.registration_id}"
    for token, code in [
        (f"Bearer {others.token}", "registration_unknown"),
        ("Bearer " + "A" * 87, "registration_unknown"),
        (f"Bearer {mine.token}=", "receipt_required"),
        ("Bearer short", "receipt_required"),
        (f"Basic {mine.token}", "receipt_required"),
        ("", "receipt_required"),
    ]:
        refused = service.http.get(address, headers={"Authorization": token} if token else {})
        assert refused.json()["code"] == code
        assert ("www-authenticate" in refused.headers) == (code == "receipt_required")
    unknown = service.http.get(
        f"/v1/registrations/{'0' * 32}", headers={"Authorization": f"Bearer {mine.token}"}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "registration_unknown")


def race(service: RegistrarService, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
    """Send every body at once, each on a connection of its own."""

    def send(body: dict[str, Any]) -> httpx.Response:
        with httpx.Client(base_url=service.address, timeout=60) as http:
            return http.post("/v1/registrations", json=body)

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, bodies))


def codes(answers: list[httpx.Response]) -> dict[str, int]:
    found: dict[str, int] = {}
    for answer in answers:
        code = answer.json().get("code", str(answer.status_code))
        found[code] = found.get(code, 0) + 1
    return found


@pytest.fixture
def busy(database: Any, election_client: Any, cards: Any) -> Any:
    """Make a service that forgives many attempts with one challenge, on both databases."""
    rates = {"attempts_per_challenge": 1000}
    return lambda **more: open_service(database, election_client, cards, VOTERS, rates=rates, **more)


def test_of_fifty_at_once_with_one_challenge_one_wins(busy: Any) -> None:
    with busy() as service:
        challenge = service.challenge()
        bodies = [service.request(VOTER, challenge=challenge) for _ in range(CONNECTIONS)]
        assert codes(race(service, bodies)) == {"201": 1, "challenge_used": CONNECTIONS - 1}
        assert len(service.registrations()) == 1


def test_of_fifty_at_once_with_one_commitment_each_one_stands(service: RegistrarService) -> None:
    bodies = [service.request(VOTER) for _ in range(CONNECTIONS)]
    answers = race(service, bodies)
    assert codes(answers) == {"201": CONNECTIONS}
    statuses = [row.status for row in service.registrations()]
    assert statuses.count(RegistrationStatus.QUEUED) == 1
    assert statuses.count(RegistrationStatus.REPLACED) == CONNECTIONS - 1
    assert [action for action, _ in service.log()].count("status_changed") == 1
    for answer in answers:
        service.receipt(answer)


def test_of_fifty_at_once_who_want_permits_one_gets_one(busy: Any) -> None:
    with busy(deposits="permit") as service:
        answers = race(service, [service.request(VOTER) for _ in range(CONNECTIONS)])
        assert codes(answers) == {"201": 1, "permit_outstanding": CONNECTIONS - 1}
        assert len(service.registrations()) == 1


def test_the_same_request_fifty_times_at_once_is_one_registration(busy: Any) -> None:
    with busy() as service:
        answers = race(service, [service.request(VOTER)] * CONNECTIONS)
        assert codes(answers) == {"201": CONNECTIONS}
        assert len({answer.content for answer in answers}) == 1
        assert len(service.registrations()) == 1


def test_of_three_who_bring_one_commitment_at_once_one_registers_it(service: RegistrarService) -> None:
    commitment = new_commitment()
    answers = race(service, [service.request(voter, commitment) for voter in (VOTER, OTHER, THIRD)])
    assert codes(answers) == {"201": 1, "commitment_already_registered": 2}
    assert len(service.registrations()) == 1


def test_a_counter_and_the_service_at_once_give_one_way_to_vote(service: RegistrarService) -> None:
    body = service.request(VOTER)

    def counter() -> bool:
        try:
            with service.database.begin() as connection:
                to = VotingStatus.PAPER_BALLOT_ISSUED
                transition(connection, service.pseudonyms[VOTER], to, actor="counter-1", at=1)
        except LedgerError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        paper, internet = pool.submit(counter), pool.submit(service.send, body)
    assert paper.result() is not (internet.result().status_code == 201)
    assert len(service.registrations()) == (0 if paper.result() else 1)


def test_a_challenge_is_used_up_by_a_refusal_too(service: RegistrarService) -> None:
    challenge = service.challenge()
    service.refusal(service.register(VOTER, 0, challenge=challenge))
    assert service.register(VOTER, 5, challenge=challenge).json()["code"] == "challenge_used"
    with service.database.read() as connection:
        assert len(connection.execute(select(challenge_use)).all()) == 1


def test_no_registration_reads_a_whole_table(sqlite_service: Callable[..., Any]) -> None:
    """Of every statement that a registration makes, the database says how it finds the rows."""
    with sqlite_service() as service:
        body, statements = service.request(VOTER), list[tuple[str, Any]]()
        engine = service.database._engine

        @event.listens_for(engine, "before_cursor_execute")
        def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_more: object) -> None:
            statements.append((statement, given))

        service.receipt(service.send(body))
        event.remove(engine, "before_cursor_execute", note)
        plans = []
        with service.database.read() as connection:
            for statement, given in statements:
                if statement.split()[0] in {"SELECT", "UPDATE"}:
                    explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
                    plans += [row.detail for row in explained]
        assert any("uq_registration_commitment" in plan for plan in plans)
        scanned = {plan for plan in plans if plan.startswith("SCAN")}
        assert scanned <= {"SCAN log_head"}  # which has one row
