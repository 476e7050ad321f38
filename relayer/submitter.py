"""Carries ballots to the contract from an account that has nothing to do with the voter.

A ballot is checked here exactly as the contract will check it, so that a bad one costs nothing and its
sender hears why. The relayer learns what the whole world will see on chain, and nothing else; it cannot
change a ballot, only delay it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.contract_errors import (
    InvalidProofError,
    NullifierAlreadySpentError,
    UnknownCandidateError,
    UnknownRootError,
)
from election.cryptography import CRYPTOGRAPHY
from election.phase import Phase
from relayer.errors import FeeTooLowError, RelayerOfAnotherAccountError
from zk.errors import ZkError
from zk.proving import StatementVerifier

if TYPE_CHECKING:
    from chain.election_client import ElectionClient, TransactionResult
    from chain.sender import Sender
    from election.ballot import Ballot


class Submitter:
    """Checks ballots of one election and casts them; `minimum_fee` is what it asks, in wei."""

    def __init__(
        self, client: ElectionClient, sender: Sender, verifier: StatementVerifier, minimum_fee: int = 0
    ) -> None:
        self._client, self._sender, self._verifier = client, sender, verifier
        self._minimum_fee = minimum_fee

    @staticmethod
    def for_election(client: ElectionClient, sender: Sender, minimum_fee: int = 0) -> Submitter:
        """Verify with the key that the election's own verifier holds."""
        return Submitter(client, sender, StatementVerifier(client.verifying_key()), minimum_fee)

    def check(self, ballot: Ballot) -> None:
        """Refuse what the contract would refuse, and a fee that this relayer does not take.

        Raises:
            WrongPhaseError, UnknownCandidateError, FeeTooHighError, RelayerMissingError, UnknownRootError,
            NullifierAlreadySpentError, InvalidProofError: as the contract.
            FeeTooLowError: the fee is lower than this relayer asks.
            RelayerOfAnotherAccountError: the fee would go to another account.

        """
        self._client.require_phase(Phase.VOTING)
        if ballot.choice >= len(self._client.config().candidates):
            raise UnknownCandidateError({"choice": ballot.choice})
        self._client.require_fee(ballot.fee, ballot.relayer)
        self._require_pay(ballot)
        if not self._client.is_known_root(ballot.root):
            raise UnknownRootError({"root": ballot.root})
        if self._client.is_spent(ballot.nullifier_hash):
            raise NullifierAlreadySpentError({"nullifier_hash": ballot.nullifier_hash})
        if not self._is_proven(ballot):
            raise InvalidProofError

    def submit(self, ballot: Ballot) -> TransactionResult:
        """Check a ballot and cast it; raises as `check`, and what the chain answers meanwhile."""
        self.check(ballot)
        return self._client.cast_vote(ballot, self._sender)

    def _require_pay(self, ballot: Ballot) -> None:
        """Refuse a fee that is too low, or goes to somebody else."""
        if ballot.fee < self._minimum_fee:
            raise FeeTooLowError(
                f"The ballot pays {ballot.fee} wei; this relayer asks {self._minimum_fee}.",
                hint="Make the ballot again with a higher --fee, or take another relayer.",
            )
        if ballot.fee and ballot.relayer != self._sender.address:
            raise RelayerOfAnotherAccountError(
                f"The ballot's fee goes to {ballot.relayer}, but this relayer is {self._sender.address}.",
                hint="Hand the ballot to the relayer it names, or make it again with this one's address.",
            )

    def _is_proven(self, ballot: Ballot) -> bool:
        """Return whether the proof holds; one that is no proof at all does not."""
        config, cryptography = self._client.config(), CRYPTOGRAPHY[self._client.scheme]
        try:
            statement = cryptography.statement(ballot, config.election_id, config.candidates)
            return self._verifier.verify(ballot.proof, statement)
        except ZkError:
            return False
