"""The client of scheme `cream-classic`: every deposit makes a root, a vote is a payment to the candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from web3 import Web3

from chain.election_client import ElectionClient
from election.scheme import Scheme
from election.tally import require_candidate

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

    from election.ballot import Ballot

GAS_BETWEEN_INSERTIONS = (
    60_000  # all hash 16 levels; they differ in storage that is written for the first time
)


class CreamClassicClient(ElectionClient):
    """One election's CreamClassic contract. Raises NoContractError if there is none at `address`."""

    scheme: ClassVar[Scheme] = Scheme.CREAM_CLASSIC
    cast_operation: ClassVar[str] = "withdraw"

    def cast_vote_call(self, ballot: Ballot) -> ContractFunction:
        """Prepare `withdraw`, which names the candidate by the account. Raises UnknownCandidateError."""
        candidates = self.config().candidates
        recipient = candidates[require_candidate(ballot.choice, len(candidates))]
        call: ContractFunction = self.contract.get_function_by_name("withdraw")(
            ballot.proof.to_evm(),
            ballot.root,
            ballot.nullifier_hash,
            Web3.to_checksum_address(recipient),
            Web3.to_checksum_address(ballot.relayer),
            ballot.fee,
        )
        return call

    def _later_deposit_gas(self) -> int:
        return GAS_BETWEEN_INSERTIONS
