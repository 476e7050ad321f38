"""The client of scheme `cream`: roots on request, votes counted as voting coins."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chain.election_client import ElectionClient, TransactionResult
from election.scheme import Scheme

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

    from chain.sender import Sender
    from election.ballot import Ballot

GAS_PER_MERGE = 16_000  # a hash, a cold read and the loop around them


class CreamClient(ElectionClient):
    """One election's Cream contract. Raises NoContractError if there is none at `address`."""

    scheme: ClassVar[Scheme] = Scheme.CREAM
    cast_operation: ClassVar[str] = "castVote"

    def balance_of(self, address: str) -> int:
        """Voting coins of an account."""
        return int(self._read("balanceOf", address))

    def total_supply(self) -> int:
        """Voting coins minted."""
        return int(self._read("totalSupply"))

    def checkpoint(self, sender: Sender) -> TransactionResult:
        """Compute the root over all deposits so far."""
        return self._write("checkpoint", self._fn("checkpoint()"), sender)

    def cast_vote_call(self, ballot: Ballot) -> ContractFunction:
        """Prepare `castVote`."""
        call: ContractFunction = self.contract.get_function_by_name("castVote")(
            ballot.choice,
            ballot.root,
            ballot.nullifier_hash,
            ballot.relayer,
            ballot.fee,
            ballot.proof.to_evm(),
        )
        return call

    def _later_deposit_gas(self) -> int:
        """One that is included later merges more of the tree than the estimate saw."""
        return self.config().depth * GAS_PER_MERGE
