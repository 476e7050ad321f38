"""`castVote`: what it counts, and everything it refuses."""

from __future__ import annotations

import pytest

from chain import contract_errors as errors
from chain.time import travel_to
from election.address import ZERO_ADDRESS
from election.identity import election_id
from zk.field import BASE_FIELD, SCALAR_FIELD

RELAYER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def test_a_ballot_is_counted_for_its_candidate(voting):
    booth = voting()
    booth.client.cast_vote(booth.ballot(choice=1), booth.sender)
    assert booth.client.tally() == (0, 1, 0)
    assert booth.client.is_spent(booth.ballot(choice=1).nullifier_hash)


def test_any_account_may_send_a_ballot(voting):
    booth = voting()
    for voter in range(3):
        booth.cast(booth.ballot(voter, choice=2))
    assert booth.client.tally() == (0, 0, 3)


def test_a_ballot_may_name_a_relayer_without_a_fee(voting):
    booth = voting()
    booth.cast(booth.ballot(relayer=RELAYER))
    assert booth.client.tally() == (1, 0, 0)


def test_the_same_ballot_is_refused_a_second_time(voting, reverts):
    booth = voting()
    ballot = booth.ballot()
    booth.cast(ballot)
    with reverts(errors.NullifierAlreadySpentError, nullifier_hash=ballot.nullifier_hash):
        booth.cast(ballot)


def test_a_second_proof_of_the_same_note_is_refused(voting, reverts):
    booth = voting()
    booth.cast(booth.ballot(choice=0))
    second = booth.ballot(choice=1)
    with reverts(errors.NullifierAlreadySpentError, nullifier_hash=second.nullifier_hash):
        booth.cast(second)


def test_a_re_randomised_proof_verifies_but_cannot_vote_again(voting, reverts):
    from py_ecc.bn128 import FQ, FQ2, curve_order, multiply  # noqa: PLC0415 - slow to import

    booth = voting()
    ballot = booth.ballot()
    factor = 0xC0FFEE
    a = multiply((FQ(ballot.proof.a[0]), FQ(ballot.proof.a[1])), factor)
    b = multiply(tuple(FQ2(c) for c in ballot.proof.b), pow(factor, -1, curve_order))
    (bx0, bx1), (by0, by1) = ([int(c) for c in x.coeffs] for x in b)
    changed = (int(a[0]), int(a[1]), bx1, bx0, by1, by0, *ballot.proof.c)
    taken = booth.w3.provider.make_request("evm_snapshot", [])["result"]
    booth.cast(ballot, proof=changed)
    booth.w3.provider.make_request("evm_revert", [taken])
    booth.cast(ballot)
    with reverts(errors.NullifierAlreadySpentError, nullifier_hash=ballot.nullifier_hash):
        booth.cast(ballot, proof=changed)


@pytest.mark.parametrize("name", ["root", "nullifier_hash"])
def test_a_field_element_plus_r_is_refused(voting, reverts, name):
    booth = voting()
    aliased = getattr(booth.ballot(), name) + SCALAR_FIELD
    with reverts(errors.FieldElementOutOfRangeError, value=aliased):
        booth.cast(booth.ballot(), **{name: aliased})


@pytest.mark.parametrize("place", range(8))
def test_a_proof_coordinate_plus_q_is_refused(voting, reverts, place):
    booth = voting()
    words = list(booth.ballot().proof.to_evm())
    words[place] += BASE_FIELD
    with reverts(errors.CoordinateOutOfRangeError, value=words[place]):
        booth.cast(booth.ballot(), proof=tuple(words))


@pytest.mark.parametrize("place", range(8))
def test_changing_any_proof_coordinate_makes_the_proof_invalid(voting, reverts, place):
    booth = voting()
    words = list(booth.ballot().proof.to_evm())
    words[place] = (words[place] + 1) % BASE_FIELD
    with reverts(errors.InvalidProofError):
        booth.cast(booth.ballot(), proof=tuple(words))


@pytest.mark.parametrize("points", [(0, 1), (2, 3, 4, 5), (6, 7), range(8)])
def test_a_point_at_infinity_is_refused(voting, reverts, points):
    booth = voting()
    words = list(booth.ballot().proof.to_evm())
    for place in points:
        words[place] = 0
    with reverts(errors.InvalidProofError):
        booth.cast(booth.ballot(), proof=tuple(words))


def test_the_proof_of_another_ballot_is_refused(voting, reverts):
    booth = voting()
    with reverts(errors.InvalidProofError):
        booth.cast(booth.ballot(0), proof=booth.ballot(1).proof.to_evm())


def test_a_negated_proof_point_is_refused(voting, reverts):
    booth = voting()
    words = list(booth.ballot().proof.to_evm())
    words[7] = BASE_FIELD - words[7]
    with reverts(errors.InvalidProofError):
        booth.cast(booth.ballot(), proof=tuple(words))


@pytest.mark.parametrize(
    "changes",
    [{"choice": 1}, {"relayer": RELAYER}, {"nullifier_hash": 5}],
    ids=["choice", "relayer", "nullifier hash"],
)
def test_what_a_carrier_changes_is_refused(voting, reverts, changes):
    booth = voting()
    with reverts(errors.InvalidProofError):
        booth.cast(booth.ballot(), **changes)


def test_a_root_that_is_known_but_not_the_proofs_is_refused(registering, reverts):
    booth = registering()
    booth.tree.append(booth.voters[0].commitment)
    booth.client.deposit(booth.voters[0].commitment, booth.registrar)
    booth.client.checkpoint(booth.sender)
    ballot = booth.ballot()
    booth.client.deposit(booth.voters[1].commitment, booth.registrar)
    booth.client.checkpoint(booth.sender)
    travel_to(booth.w3, booth.voting)
    assert booth.client.latest_root() != ballot.root
    with reverts(errors.InvalidProofError):
        booth.cast(ballot, root=booth.client.latest_root())
    booth.cast(ballot)


def test_an_unknown_root_is_refused(voting, reverts):
    booth = voting()
    with reverts(errors.UnknownRootError, root=booth.tree.root - 1):
        booth.cast(booth.ballot(), root=booth.tree.root - 1)


def test_the_zero_root_is_unknown(voting, reverts):
    booth = voting()
    with reverts(errors.UnknownRootError, root=0):
        booth.cast(booth.ballot(), root=0)


@pytest.mark.parametrize("choice", [3, 2**256 - 1])
def test_a_choice_that_is_no_candidate_is_refused(voting, reverts, choice):
    booth = voting()
    with reverts(errors.UnknownCandidateError, choice=choice):
        booth.cast(booth.ballot(), choice=choice)


def test_a_fee_above_the_denomination_is_refused(voting, reverts):
    booth = voting()
    with reverts(errors.FeeTooHighError, fee=1, denomination=0):
        booth.cast(booth.ballot(), relayer=RELAYER, fee=1)


def test_a_ballot_of_another_contract_is_refused(voting, reverts):
    ours, theirs = voting(), voting(title="Another election")
    assert ours.client.latest_root() == theirs.client.latest_root()
    with reverts(errors.InvalidProofError):
        theirs.cast(ours.ballot())


def test_a_ballot_of_another_chain_is_refused(voting, reverts):
    booth = voting()
    elsewhere = election_id(1, booth.client.address, booth.election.file_hash())
    assert elsewhere != booth.deployment.election_id
    ballot = booth.prove(0, 0, ZERO_ADDRESS, 0, elsewhere)
    with reverts(errors.InvalidProofError):
        booth.cast(ballot)


def test_the_events_repeat_the_ballot(voting):
    booth = voting()
    ballot = booth.ballot(choice=2)
    booth.client.cast_vote(ballot, booth.sender)
    (cast,) = booth.client.events(names={"BallotCast"})
    assert (cast.nullifier_hash, cast.choice, cast.root) == (ballot.nullifier_hash, 2, ballot.root)
    assert (cast.relayer, cast.fee, cast.proof) == (ballot.relayer, 0, ballot.proof)
