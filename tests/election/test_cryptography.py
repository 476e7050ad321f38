"""From a ballot's words to the statement of its scheme."""

from __future__ import annotations

import dataclasses

import pytest

from election.ballot import BallotTerms, vote_signal
from election.cryptography import CRYPTOGRAPHY
from election.errors import UnknownCandidateError
from election.scheme import Scheme
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError
from zk.merkle import IncrementalMerkleTree
from zk.mimc import mimc_compress
from zk.pedersen import number_bits, pedersen_hash
from zk.statement import commitment_of, nullifier_hash_of
from zk.withdraw_statement import WithdrawStatement

CANDIDATES = ["0x" + 40 * "a", "0x" + 40 * "b"]
RELAYER = "0x" + 40 * "1"
TERMS = BallotTerms(choice=1, root=11, nullifier_hash=12, relayer=RELAYER, fee=7)
CREAM, CLASSIC = CRYPTOGRAPHY[Scheme.CREAM], CRYPTOGRAPHY[Scheme.CREAM_CLASSIC]


def test_every_scheme_has_its_cryptography() -> None:
    assert set(CRYPTOGRAPHY) == set(Scheme)
    assert len({each.circuit for each in CRYPTOGRAPHY.values()}) == len(CRYPTOGRAPHY)


def test_a_vote_names_the_election_and_the_signal() -> None:
    statement = CREAM.statement(TERMS, 99, CANDIDATES)
    assert statement.public_inputs() == (11, 12, 99, vote_signal(1, RELAYER, 7))


def test_a_withdrawal_names_the_candidates_account_and_no_election() -> None:
    expected = (11, 12, int(CANDIDATES[1], 16), 7, int(RELAYER, 16))
    for election_id in (0, 99):
        statement = CLASSIC.statement(TERMS, election_id, CANDIDATES)
        assert isinstance(statement, WithdrawStatement)
        assert statement.public_inputs() == expected


@pytest.mark.parametrize("choice", [2, 2**256 - 1])
def test_a_withdrawal_for_nobody_has_no_statement(choice: int) -> None:
    with pytest.raises(UnknownCandidateError):
        CLASSIC.statement(dataclasses.replace(TERMS, choice=choice), 99, CANDIDATES)


@pytest.mark.parametrize("fee", [SCALAR_FIELD, 2**256 - 1])
def test_a_fee_at_or_above_r_has_no_statement(fee: int) -> None:
    with pytest.raises(FieldElementOutOfRangeError):
        CLASSIC.statement(dataclasses.replace(TERMS, fee=fee), 99, CANDIDATES)


def test_classic_hashes_are_pedersen_and_mimc() -> None:
    bits = [*number_bits(5, 248), *number_bits(6, 248)]
    assert CLASSIC.commitment_of(5, 6) == pedersen_hash(bits).x
    assert CLASSIC.nullifier_hash_of(5, 99) == pedersen_hash(bits[:248]).x == CLASSIC.nullifier_hash_of(5, 98)
    assert CLASSIC.tree(16, [3, 4]).root == IncrementalMerkleTree.from_leaves(16, [3, 4], mimc_compress).root


def test_the_hashes_of_cream_are_poseidons() -> None:
    assert CREAM.commitment_of(5, 6) == commitment_of(5, 6)
    assert CREAM.nullifier_hash_of(5, 99) == nullifier_hash_of(5, 99)
    assert CREAM.tree(4, [3, 4]).root == IncrementalMerkleTree.from_leaves(4, [3, 4]).root
    assert CREAM.note_numbers == SCALAR_FIELD
    assert CLASSIC.note_numbers == 2**248
