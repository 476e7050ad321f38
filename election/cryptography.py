"""What each scheme hashes and proves: the one table from a ballot's words to a statement of `zk`.

Everybody who makes, carries or recounts ballots takes these functions from here, so that nobody else has to
know which scheme it is. Trusts `zk` for the equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from election.ballot import vote_signal
from election.scheme import TRAITS, Scheme
from election.tally import require_candidate
from zk.circuits import CircuitName
from zk.field import SCALAR_FIELD
from zk.merkle import IncrementalMerkleTree, hash_pair
from zk.mimc import mimc_compress
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of
from zk.withdraw_statement import (
    NOTE_BITS,
    WithdrawStatement,
    WithdrawWitness,
    classic_commitment,
    classic_nullifier_hash,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from election.ballot import BallotTerms
    from zk.circuits import Statement, Witness
    from zk.merkle import HashPair


@dataclass(frozen=True)
class Cryptography:
    """One scheme's hashes, witness and statement."""

    circuit: CircuitName
    note_numbers: int  # nullifier and secret are below it
    commitment_of: Callable[[int, int], int]  # nullifier, secret
    nullifier_hash_of: Callable[[int, int], int]  # nullifier, election id
    hash_pair: HashPair
    witness: Callable[[int, int, int, tuple[int, ...]], Witness]
    _statement: Callable[[BallotTerms, int, Sequence[str]], Statement]

    def tree(self, depth: int, leaves: Iterable[int] = ()) -> IncrementalMerkleTree:
        """Return the tree of these commitments."""
        return IncrementalMerkleTree.from_leaves(depth, leaves, self.hash_pair)

    def statement(self, terms: BallotTerms, election_id: int, candidates: Sequence[str]) -> Statement:
        """Return what the proof of a ballot must show; `candidates` are addresses in the file's order.

        Raises:
            UnknownCandidateError: the ballot is for nobody, and the statement would have to name somebody.
            FieldElementOutOfRangeError: a number of the statement is not below r.

        """
        return self._statement(terms, election_id, candidates)


def _vote(terms: BallotTerms, election_id: int, _candidates: Sequence[str]) -> VoteStatement:
    signal = vote_signal(terms.choice, terms.relayer, terms.fee)
    return VoteStatement(terms.root, terms.nullifier_hash, election_id, signal)


def _withdrawal(terms: BallotTerms, _election_id: int, candidates: Sequence[str]) -> WithdrawStatement:
    """Name the candidate by the account that is paid, and no election: so specified in 2020."""
    recipient = int(candidates[require_candidate(terms.choice, len(candidates))], 16)
    return WithdrawStatement(terms.root, terms.nullifier_hash, recipient, terms.fee, int(terms.relayer, 16))


CRYPTOGRAPHY: Final = {
    Scheme.CREAM: Cryptography(
        CircuitName(TRAITS[Scheme.CREAM].circuit),
        SCALAR_FIELD,
        commitment_of,
        nullifier_hash_of,
        hash_pair,
        VoteWitness,
        _vote,
    ),
    Scheme.CREAM_CLASSIC: Cryptography(
        CircuitName(TRAITS[Scheme.CREAM_CLASSIC].circuit),
        1 << NOTE_BITS,
        classic_commitment,
        lambda nullifier, _election_id: classic_nullifier_hash(nullifier),
        mimc_compress,
        WithdrawWitness,
        _withdrawal,
    ),
}
