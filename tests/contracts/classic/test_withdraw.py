"""`withdraw`: what it pays and counts, and everything it refuses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chain import contract_errors as errors
from chain.compiler import contract
from chain.cream_classic import CreamClassicClient
from chain.deploy import deploy_election
from chain.errors import ChainError
from chain.time import travel_to
from election.address import ZERO_ADDRESS
from election.file import parse_election_document
from tests.support.small_election import (
    CLASSIC,
    CLOSES,
    DENOMINATION,
    FEE,
    TREASURY,
    classic_keys,
    document,
)
from zk.field import BASE_FIELD, SCALAR_FIELD

STRANGER = "0x976EA74026E726554dB657fA54763abd0C3a0aa9"
CALL_GAS = 3_000_000


def test_a_ballot_sent_directly_pays_the_candidate_the_whole_deposit(booth):
    before = booth.balances(booth.accounts[1], booth.client.address)
    booth.client.cast_vote(booth.ballot(choice=1), booth.sender)
    after = booth.balances(booth.accounts[1], booth.client.address)
    assert after == [before[0] + DENOMINATION, before[1] - DENOMINATION]
    assert booth.client.tally() == (0, 1)
    assert booth.client.is_spent(booth.ballot(choice=1).nullifier_hash)


def test_a_ballot_through_a_relayer_pays_the_fee_and_the_candidate_the_rest(booth, relayer):
    ballot = booth.ballot(relayer=relayer.address, fee=FEE)
    before = booth.balances(booth.accounts[0], relayer.address)
    booth.withdraw(ballot)  # whoever sends it, the relayer that it names is paid
    assert booth.balances(booth.accounts[0], relayer.address) == [
        before[0] + DENOMINATION - FEE,
        before[1] + FEE,
    ]
    assert booth.client.tally() == (1, 0)


def test_the_event_repeats_the_ballot_under_the_candidates_number(booth):
    ballot = booth.ballot(choice=1)
    booth.client.cast_vote(ballot, booth.sender)
    (cast,) = booth.client.events(names={"BallotCast"})
    assert (cast.nullifier_hash, cast.choice, cast.root) == (ballot.nullifier_hash, 1, ballot.root)
    assert (cast.relayer, cast.fee, cast.proof) == (ZERO_ADDRESS, 0, ballot.proof)


def test_the_same_ballot_is_refused_a_second_time(booth, reverts):
    ballot = booth.ballot()
    booth.withdraw(ballot)
    with reverts(errors.NullifierAlreadySpentError, nullifier_hash=ballot.nullifier_hash):
        booth.withdraw(ballot)


def test_a_second_proof_of_the_same_note_is_refused(booth, reverts):
    booth.withdraw(booth.ballot(choice=0))
    second = booth.ballot(choice=1)
    with reverts(errors.NullifierAlreadySpentError, nullifier_hash=second.nullifier_hash):
        booth.withdraw(second)


@pytest.mark.parametrize(
    "changes",
    [{"recipient": 1}, {"relayer": STRANGER}, {"relayer": ZERO_ADDRESS, "fee": 0}, {"fee": FEE + 1}],
    ids=["recipient", "relayer", "no fee", "fee"],
)
def test_what_a_carrier_changes_is_refused(booth, relayer, reverts, changes):
    if "recipient" in changes:
        changes = {"recipient": booth.accounts[changes["recipient"]]}
    with reverts(errors.InvalidProofError):
        booth.withdraw(booth.ballot(relayer=relayer.address, fee=FEE), **changes)


def test_the_nullifier_hash_of_another_note_is_refused(booth, reverts):
    other = booth.running.notes[1].nullifier_hash(0)
    with reverts(errors.InvalidProofError):
        booth.withdraw(booth.ballot(), nullifier_hash=other)


def test_an_account_that_is_no_candidate_is_refused(booth, reverts):
    for account in (STRANGER, ZERO_ADDRESS, booth.client.address):
        with reverts(errors.RecipientNotCandidateError, recipient=account):
            booth.withdraw(booth.ballot(), recipient=account)


@pytest.mark.parametrize("name", ["root", "nullifier_hash"])
def test_a_field_element_plus_r_is_refused(booth, reverts, name):
    aliased = getattr(booth.ballot(), name) + SCALAR_FIELD
    with reverts(errors.FieldElementOutOfRangeError, value=aliased):
        booth.withdraw(booth.ballot(), **{name: aliased})


@pytest.mark.parametrize("name", ["recipient", "relayer"])
def test_an_address_with_more_than_160_bits_is_refused(booth, name):
    clean = booth.data(booth.ballot())
    word = {"recipient": 10, "relayer": 11}[name]
    start = 10 + 64 * word
    dirty = clean[:start] + "1" + clean[start + 1 :]
    assert len(dirty) == len(clean)
    with pytest.raises(errors.UnknownRevertError):
        booth.sender.send({"to": booth.client.address, "data": dirty})


@pytest.mark.parametrize("place", range(8))
def test_a_proof_coordinate_plus_q_is_refused(booth, reverts, place):
    words = list(booth.ballot().proof.to_evm())
    words[place] += BASE_FIELD
    with reverts(errors.CoordinateOutOfRangeError, value=words[place]):
        booth.withdraw(booth.ballot(), proof=tuple(words))


@pytest.mark.parametrize("place", range(8))
def test_changing_any_proof_coordinate_makes_the_proof_invalid(booth, reverts, place):
    words = list(booth.ballot().proof.to_evm())
    words[place] = (words[place] + 1) % BASE_FIELD
    with reverts(errors.InvalidProofError):
        booth.withdraw(booth.ballot(), proof=tuple(words))


def test_an_unknown_root_is_refused(booth, reverts):
    for root in (booth.ballot().root - 1, 0):
        with reverts(errors.UnknownRootError, root=root):
            booth.withdraw(booth.ballot(), root=root)


def test_an_older_root_is_known_but_not_the_proofs(booth, reverts):
    older = booth.client.events(names={"Checkpointed"})[0].root
    assert booth.client.is_known_root(older)
    with reverts(errors.InvalidProofError):
        booth.withdraw(booth.ballot(), root=older)


def test_a_fee_above_the_denomination_is_refused(booth, relayer, reverts):
    for fee in (DENOMINATION + 1, SCALAR_FIELD, 2**256 - 1):
        with reverts(errors.FeeTooHighError, fee=fee, denomination=DENOMINATION):
            booth.withdraw(booth.ballot(), relayer=relayer.address, fee=fee)


def test_a_fee_needs_a_relayer(booth, reverts):
    with reverts(errors.RelayerMissingError, fee=FEE):
        booth.withdraw(booth.ballot(), fee=FEE)


def test_a_vote_after_the_close_is_refused(booth, reverts):
    travel_to(booth.w3, CLOSES)
    with reverts(errors.WrongPhaseError, expected=2, actual=3):
        booth.withdraw(booth.ballot())


def test_a_vote_during_registration_is_refused(registering, booth, reverts):
    with reverts(errors.WrongPhaseError, expected=2, actual=1):
        registering.withdraw(booth.ballot(), recipient=registering.accounts[0])


def test_a_ballot_of_another_election_is_refused_for_its_root(booth, reverts):
    """The nullifier hash does not name the election, but the root does not belong to this one."""
    other = parse_election_document(document(**CLASSIC, title="Another", schedule=_soon(booth.w3)))
    account = booth.registrar.address
    key = classic_keys().verifying_key
    deployment = deploy_election(booth.w3, booth.registrar, other, key, account)
    client = CreamClassicClient(booth.w3, deployment.contract)
    client.deposit(booth.running.notes[0].commitment, booth.registrar)
    travel_to(booth.w3, client.config().voting_opens)
    ballot = booth.ballot()
    with reverts(errors.UnknownRootError, root=ballot.root):
        client.cast_vote(ballot, booth.sender)


def _soon(w3):
    now = w3.eth.get_block("latest")["timestamp"]
    names = ("registration_opens", "voting_opens", "voting_closes")
    return {
        name: datetime.fromtimestamp(now + wait, UTC).isoformat()
        for name, wait in zip(names, (-1, 5_000, 9_000), strict=True)
    }


def test_a_candidate_that_refuses_the_coins_cannot_be_voted_for(booth, reverts, put_code):
    put_code(booth.w3, booth.accounts[0], "RefusingPayee")
    with reverts(errors.CandidatePaymentRefusedError, candidate=booth.accounts[0], amount=DENOMINATION):
        booth.withdraw(booth.ballot())
    assert not booth.client.is_spent(booth.ballot().nullifier_hash)
    booth.withdraw(booth.ballot(choice=1))
    assert booth.client.tally() == (0, 1)


def test_a_relayer_that_refuses_its_fee_does_not_cast_the_ballot(booth, relayer, reverts, put_code):
    put_code(booth.w3, relayer.address, "RefusingPayee")
    ballot = booth.ballot(relayer=relayer.address, fee=FEE)
    with reverts(errors.RelayerPaymentRefusedError, relayer=relayer.address, fee=FEE):
        booth.withdraw(ballot)
    assert not booth.client.is_spent(ballot.nullifier_hash)


@pytest.mark.parametrize("name", ["GasBurningPayee", "ReturnBombPayee"])
def test_a_candidate_that_fails_in_another_way_leaves_the_note_unspent(booth, put_code, name):
    put_code(booth.w3, booth.accounts[0], name)
    with pytest.raises(ChainError):
        booth.withdraw(booth.ballot(), gas=CALL_GAS)
    assert not booth.client.is_spent(booth.ballot().nullifier_hash)
    assert booth.client.tally() == (0, 0)


@pytest.mark.parametrize("again", ["the same ballot", "another ballot"])
def test_a_candidate_that_calls_back_gains_nothing(booth, put_code, again):
    payee = booth.accounts[0]
    put_code(booth.w3, payee, "ReentrantPayee")
    villain = booth.w3.eth.contract(address=payee, abi=contract("ReentrantPayee").abi)
    second = booth.ballot() if again == "the same ballot" else booth.ballot(voter=1, choice=1)
    prepared = villain.encode_abi("prepare", [booth.client.address, booth.data(second)])
    booth.sender.send({"to": payee, "data": prepared})
    booth.withdraw(booth.ballot(), gas=CALL_GAS)
    called_back, succeeded, answer = villain.functions.outcome().call()
    assert (called_back, succeeded) == (True, False)
    assert isinstance(errors.error_from_revert(answer), errors.ReentrancyGuardReentrantCallError)
    assert booth.client.tally() == (1, 0)
    assert booth.balances(booth.client.address) == [2 * DENOMINATION]


def test_deposits_that_never_voted_go_to_the_treasury_after_the_close(booth, reverts):
    booth.withdraw(booth.ballot())
    with reverts(errors.NothingToReleaseError):
        booth.client.release(booth.sender)
    (before,) = booth.balances(TREASURY)
    travel_to(booth.w3, CLOSES)
    assert booth.client.releasable() == 2 * DENOMINATION
    booth.client.release(booth.sender)
    assert booth.balances(TREASURY, booth.client.address) == [before + 2 * DENOMINATION, 0]
    with reverts(errors.NothingToReleaseError):
        booth.client.release(booth.sender)


def test_all_money_is_accounted_for(booth, relayer):
    accounts = (*booth.accounts, relayer.address, TREASURY)
    before = sum(booth.balances(*accounts))
    for ballot in (booth.ballot(relayer=relayer.address, fee=FEE), booth.ballot(voter=1, choice=1)):
        booth.withdraw(ballot)
    travel_to(booth.w3, CLOSES)
    booth.client.release(booth.sender)
    assert sum(booth.balances(*accounts)) - before == 3 * DENOMINATION
    assert booth.balances(booth.client.address) == [0]
