"""A classic ballot from note to count: the wallet, the relayer, and what both refuse."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from chain import contract_errors as errors
from chain.cream import CreamClient
from chain.cream_classic import CreamClassicClient
from chain.election_client import MAX_BALLOT_GAS
from chain.elections import open_election as open_client
from chain.errors import BallotTooCostlyError, ChainError
from election.errors import UnknownCandidateError
from election.scheme import Scheme
from relayer.errors import FeeTooLowError, RelayerOfAnotherAccountError
from relayer.submitter import Submitter
from tests.support.lying_node import lying_w3
from tests.support.small_election import (
    CLASSIC,
    DENOMINATION,
    FEE,
    RELAYER,
    SmallElection,
    classic_prover,
    open_election,
    undone,
)
from voter.errors import (
    NodeContradictsItselfError,
    NotDepositedYetError,
    NoteAlreadyUsedError,
    NoteOfAnotherElectionError,
    NoteOfAnotherSchemeError,
)
from voter.note import Note
from voter.wallet import check_ballot, prepare_ballot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from web3.types import TxParams

    from chain.sender import Sender
    from election.ballot import Ballot


@pytest.fixture(scope="module")
def whole_election() -> Iterator[SmallElection]:
    with open_election(**CLASSIC) as running:
        running.register(3)
        running.open_voting()
        yield running


@pytest.fixture
def election(whole_election: SmallElection) -> Iterator[SmallElection]:
    with undone(whole_election.w3):
        yield whole_election


@pytest.fixture(scope="module")
def ballot(whole_election: SmallElection) -> Ballot:
    """Prove one for candidate 1, with a fee, by the wallet itself."""
    return prepare_ballot(
        whole_election.notes[0], whole_election.client, classic_prover(), 1, whole_election.relayer, FEE
    )


@pytest.fixture
def submitter(election: SmallElection) -> Submitter:
    return Submitter.for_election(election.client, election.sender(RELAYER))


def test_the_client_follows_from_the_published_file(election: SmallElection) -> None:
    assert isinstance(open_client(election.w3, election.client.address), CreamClassicClient)
    with open_election() as other:
        assert isinstance(open_client(other.w3, other.client.address), CreamClient)


def test_a_prepared_ballot_goes_through_the_relayer(
    election: SmallElection, ballot: Ballot, submitter: Submitter
) -> None:
    candidate = election.client.config().candidates[1]
    before = election.w3.eth.get_balance(candidate)
    result = submitter.submit(ballot)
    assert result.operation == "withdraw"
    assert election.client.tally() == (0, 1, 0)
    assert election.w3.eth.get_balance(candidate) == before + DENOMINATION - FEE
    status = check_ballot(election.client, ballot.nullifier_hash)
    assert (status.counted, status.choice) == (True, 1)
    with pytest.raises(NoteAlreadyUsedError):
        prepare_ballot(election.notes[0], election.client, classic_prover(), 1)
    with pytest.raises(errors.NullifierAlreadySpentError):
        submitter.submit(ballot)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"choice": 0}, errors.InvalidProofError),
        ({"choice": 3}, errors.UnknownCandidateError),
        ({"fee": FEE + 1}, errors.InvalidProofError),
        ({"fee": DENOMINATION + 1}, errors.FeeTooHighError),
        ({"fee": 0}, errors.InvalidProofError),
        ({"relayer": "0x" + 40 * "0"}, errors.RelayerMissingError),
        ({"relayer": "0x" + 40 * "1"}, RelayerOfAnotherAccountError),
        ({"root": 5}, errors.UnknownRootError),
        ({"nullifier_hash": 5}, errors.InvalidProofError),
    ],
)
def test_the_relayer_refuses_what_the_contract_would(
    submitter: Submitter, ballot: Ballot, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        submitter.submit(dataclasses.replace(ballot, **changes))


def test_the_relayer_refuses_a_fee_below_its_own(election: SmallElection, ballot: Ballot) -> None:
    greedy = Submitter.for_election(election.client, election.sender(RELAYER), minimum_fee=FEE + 1)
    with pytest.raises(FeeTooLowError):
        greedy.submit(ballot)


def burn_gas_when_paid(election: SmallElection, choice: int) -> None:
    burns_20_million = "0x5f6230d4005200"  # mstore(3_200_000, 0): memory that far out costs so much
    account = election.client.config().candidates[choice]
    election.w3.provider.make_request("anvil_setCode", [account, burns_20_million])  # type: ignore[arg-type]


def test_nothing_is_spent_on_a_candidate_that_burns_gas(
    election: SmallElection, submitter: Submitter, ballot: Ballot
) -> None:
    burn_gas_when_paid(election, ballot.choice)
    before = election.w3.eth.get_balance(election.relayer)
    with pytest.raises(BallotTooCostlyError, match="20,"):
        submitter.submit(ballot)
    with pytest.raises(BallotTooCostlyError, match="20,"):
        election.client.cast_votes([ballot], election.sender(RELAYER))
    assert election.w3.eth.get_balance(election.relayer) == before


def test_a_candidate_that_begins_to_burn_gas_meanwhile_cannot_cost_more_than_the_limit(
    election: SmallElection, submitter: Submitter, ballot: Ballot, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = election.client._estimate

    def estimate_and_burn(transaction: TxParams, sender: Sender) -> int:
        gas = estimate(transaction, sender)
        burn_gas_when_paid(election, ballot.choice)
        return gas

    monkeypatch.setattr(election.client, "_estimate", estimate_and_burn)
    with pytest.raises(ChainError):
        submitter.submit(ballot)
    newest = election.w3.eth.get_block("latest")
    assert 0 < newest["gasUsed"] < MAX_BALLOT_GAS


@pytest.mark.parametrize("hidden", [("Deposited", "Checkpointed"), ("Checkpointed",)])
def test_the_wallet_notices_a_node_that_leaves_out_the_newest_deposits_or_roots(
    election: SmallElection, hidden: tuple[str, ...]
) -> None:
    """The contract knows the root over the first deposit: under it, a ballot would hide among one."""
    topics = {event.topic for event in (election.client.contract.events[name]() for name in hidden)}

    def first_only(method: str, _params: object, result: Any) -> Any:
        if method != "eth_getLogs":
            return result
        return [log for place, log in enumerate(result) if place < 2 or log["topics"][0] not in topics]

    client = CreamClassicClient(lying_w3(election.rpc_url, first_only), election.deployment.contract)
    with pytest.raises(NodeContradictsItselfError, match="deposits, or leaves out"):
        prepare_ballot(election.notes[0], client, classic_prover(), 0)


def test_a_note_that_is_not_deposited_or_of_another_election_cannot_vote(election: SmallElection) -> None:
    chain_id, address = election.deployment.chain_id, election.client.address
    cases = (
        (election.new_note(), NotDepositedYetError),
        (Note.create(chain_id, address, Scheme.CREAM), NoteOfAnotherSchemeError),
        (Note.create(1, address, Scheme.CREAM_CLASSIC), NoteOfAnotherElectionError),
    )
    for note, error in cases:
        with pytest.raises(error):
            prepare_ballot(note, election.client, classic_prover(), 0)


def test_bad_choices_and_fees_are_refused_before_anything_is_proved(election: SmallElection) -> None:
    note, client, prover = election.notes[1], election.client, classic_prover()
    with pytest.raises(UnknownCandidateError):
        prepare_ballot(note, client, prover, 3)
    with pytest.raises(errors.FeeTooHighError):
        prepare_ballot(note, client, prover, 0, election.relayer, DENOMINATION + 1)
    with pytest.raises(errors.RelayerMissingError):
        prepare_ballot(note, client, prover, 0, fee=1)


def test_a_node_that_hides_a_deposit_is_noticed(election: SmallElection) -> None:
    topic = election.client.contract.events.Deposited().topic

    def hide(method: str, _params: object, result: Any) -> Any:
        if method != "eth_getLogs":
            return result
        deposits = [log for log in result if log["topics"][0] == topic]
        return [log for log in result if log not in deposits[:1]]

    client = CreamClassicClient(lying_w3(election.rpc_url, hide), election.client.address)
    with pytest.raises(NodeContradictsItselfError):
        prepare_ballot(election.notes[2], client, classic_prover(), 0)
