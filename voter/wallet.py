"""From a note to a ballot, and from a ballot to the certainty that it is in.

Everything that would tell a node whose ballot is being made is avoided: all deposits and all ballots are
downloaded and searched here, and neither commitment nor nullifier hash is ever asked for by value.

A ballot hides among the deposits under its root, so a node that leaves out the newest ones would give the
voter away. The wallet compares the logs with what the contract counts. A node that also lies about the
contract's state is not noticed: compare the number of deposits with what others see.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from chain.events import BallotCast, Checkpointed, Deposited
from election.address import ZERO_ADDRESS
from election.ballot import Ballot, BallotTerms
from election.cryptography import CRYPTOGRAPHY
from election.phase import Phase
from election.tally import require_candidate
from voter.errors import (
    NodeContradictsItselfError,
    NotCheckpointedYetError,
    NotDepositedYetError,
    NoteAlreadyUsedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.election_client import ElectionClient, ElectionConfig
    from voter.note import Note
    from zk.circuits import Statement, Witness
    from zk.groth16 import Proof
    from zk.merkle import IncrementalMerkleTree
    from zk.proving import StatementProver


@dataclass(frozen=True)
class UnprovenBallot:
    """A ballot that lacks only its proof; holds the note's secrets, so it stays with the voter."""

    terms: BallotTerms
    statement: Statement
    witness: Witness = field(repr=False)

    def with_proof(self, proof: Proof) -> Ballot:
        """Return the ballot that may leave the voter's machine."""
        terms = self.terms
        return Ballot(terms.choice, terms.root, terms.nullifier_hash, terms.relayer, terms.fee, proof)


@dataclass(frozen=True)
class BallotStatus:
    """Whether a ballot was counted, and where."""

    nullifier_hash: int
    counted: bool
    choice: int | None = None
    block_number: int | None = None
    timestamp: int | None = None
    transaction_hash: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the status as JSON values."""
        return {**asdict(self), "nullifier_hash": str(self.nullifier_hash)}


def unproven_ballot(
    note: Note,
    tree: IncrementalMerkleTree,
    config: ElectionConfig,
    choice: int,
    *,
    relayer: str = ZERO_ADDRESS,
    fee: int = 0,
) -> UnprovenBallot:
    """Put together what a proof needs; `tree` must hold exactly the deposits of a checkpoint.

    Raises:
        NotDepositedYetError: the note's commitment is not in the tree.

    """
    try:
        leaf_index = tree.leaves.index(note.commitment)
    except ValueError:
        raise _not_deposited() from None
    cryptography = CRYPTOGRAPHY[note.scheme]
    terms = BallotTerms(choice, tree.root, note.nullifier_hash(config.election_id), relayer, fee)
    statement = cryptography.statement(terms, config.election_id, config.candidates)
    path = tree.path(leaf_index).elements
    witness = cryptography.witness(note.nullifier, note.secret, leaf_index, path)
    return UnprovenBallot(terms, statement, witness)


def prepare_ballot(  # noqa: PLR0917  who votes where, then the three parts of a vote
    note: Note,
    client: ElectionClient,
    prover: StatementProver,
    choice: int,
    relayer: str = ZERO_ADDRESS,
    fee: int = 0,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Ballot:
    """Make a ballot against the newest root that the contract accepts. Progress counts blocks read.

    Raises:
        NoteOfAnotherElectionError, NoteOfAnotherSchemeError: the note was made for another election.
        WrongPhaseError: voting is not open.
        UnknownCandidateError, FeeTooHighError, RelayerMissingError: the contract would refuse this ballot.
        NotDepositedYetError, NotCheckpointedYetError: the note cannot vote yet.
        NoteAlreadyUsedError: the note has voted.
        NodeContradictsItselfError: the node leaves out deposits, or they are not those under the root.

    """
    note.require_election(client.chain_id(), client.address, client.scheme)
    config = client.config()
    client.require_phase(Phase.VOTING)
    require_candidate(choice, len(config.candidates))
    client.require_fee(fee, relayer)
    counted, newest_root = client.leaf_count(), client.latest_root()
    deposits, checkpoints, ballots = _history(client, on_progress)
    nullifier_hash = note.nullifier_hash(config.election_id)
    if nullifier_hash in ballots:
        raise NoteAlreadyUsedError(
            "A ballot made from this note was counted already.",
            hint="A note votes once. `tohyo voter check --note` shows the ballot.",
        )
    if len(deposits) < counted or (newest_root and newest_root not in {point.root for point in checkpoints}):
        raise NodeContradictsItselfError(
            f"The node tells {len(deposits):,} of {counted:,} deposits, or leaves out the newest root.",
            hint="Its logs are behind or incomplete. Wait a little, or ask another node with --rpc.",
        )
    if note.commitment not in deposits:
        raise _not_deposited()
    newest = _newest_accepted(client, checkpoints)
    if newest is None or note.commitment not in deposits[: newest.leaf_count]:
        raise NotCheckpointedYetError(
            "The note is deposited, but no root of the tree covers it yet.",
            hint="Run `tohyo election advance`: anyone may, and it computes the root.",
        )
    tree = CRYPTOGRAPHY[client.scheme].tree(config.depth, deposits[: newest.leaf_count])
    if tree.root != newest.root:
        raise NodeContradictsItselfError(
            "The node tells deposits that do not add up to the root it tells.",
            hint="Ask another node with --rpc; `tohyo audit` says more.",
        )
    unproven = unproven_ballot(note, tree, config, choice, relayer=relayer, fee=fee)
    return unproven.with_proof(prover.prove(unproven.statement, unproven.witness))


def check_ballot(
    client: ElectionClient, nullifier_hash: int, on_progress: Callable[[int, int], None] | None = None
) -> BallotStatus:
    """Look for a ballot among all that were cast."""
    for event in client.events(on_progress=on_progress, names={"BallotCast"}):
        if isinstance(event, BallotCast) and event.nullifier_hash == nullifier_hash:
            return BallotStatus(
                nullifier_hash,
                counted=True,
                choice=event.choice,
                block_number=event.block_number,
                timestamp=event.timestamp,
                transaction_hash=event.transaction_hash,
            )
    return BallotStatus(nullifier_hash, counted=False)


def _history(
    client: ElectionClient, on_progress: Callable[[int, int], None] | None
) -> tuple[list[int], list[Checkpointed], set[int]]:
    """Download all deposits, checkpoints and used nullifier hashes in one pass."""
    events = client.events(on_progress=on_progress, names={"Deposited", "Checkpointed", "BallotCast"})
    return (
        [event.commitment for event in events if isinstance(event, Deposited)],
        [event for event in events if isinstance(event, Checkpointed)],
        {event.nullifier_hash for event in events if isinstance(event, BallotCast)},
    )


def _newest_accepted(client: ElectionClient, checkpoints: list[Checkpointed]) -> Checkpointed | None:
    """Return the newest checkpoint whose root the contract accepts."""
    return next((point for point in reversed(checkpoints) if client.is_known_root(point.root)), None)


def _not_deposited() -> NotDepositedYetError:
    return NotDepositedYetError(
        "The note's commitment is not among the deposits.",
        hint="Deposit it with the registrar's permit while registration is open: `tohyo voter deposit`.",
    )
