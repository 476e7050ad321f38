from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from tests.zk.circomlib.oracle import ask
from zk.errors import TohyoError
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError
from zk.withdraw_statement import (
    ADDRESS_BITS,
    NOTE_BITS,
    NumberTooLongError,
    WithdrawStatement,
    WithdrawWitness,
    classic_commitment,
    classic_nullifier_hash,
)

STATEMENT = WithdrawStatement(1, 2, 3, 4, 5)
WITNESS = WithdrawWitness(123456789, 987654321, 42424242, (7, 8))


def test_commitments_and_nullifier_hashes_are_the_pedersen_hashes_of_circomlibjs() -> None:
    notes = [(0, 0), ((1 << 248) - 1, (1 << 248) - 1), (1, 0), (0, 1)]
    notes += [(secrets.randbits(248), secrets.randbits(248)) for _ in range(6)]
    nullifiers = [nullifier.to_bytes(31, "little") for nullifier, _ in notes]
    preimages = [n + secret.to_bytes(31, "little") for n, (_, secret) in zip(nullifiers, notes, strict=True)]
    digests = ask(*[("pedersen", m) for m in (*nullifiers, *preimages)])
    expected = [x for x, _ in digests]
    hashes = [classic_nullifier_hash(nullifier) for nullifier, _ in notes]
    commitments = [classic_commitment(nullifier, secret) for nullifier, secret in notes]
    assert [*hashes, *commitments] == expected
    assert len(set(commitments)) == len(notes)


def test_the_public_inputs_stand_in_the_order_of_the_specification() -> None:
    assert STATEMENT.public_inputs() == (1, 2, 3, 4, 5)
    assert WithdrawStatement(root=1, nullifier_hash=2, recipient=3, fee=4, relayer=5) == STATEMENT


@pytest.mark.parametrize("number", [-1, 1 << NOTE_BITS, SCALAR_FIELD, True])
def test_a_note_of_more_than_248_bits_is_refused(number: int) -> None:
    with pytest.raises(NumberTooLongError, match="nullifier is not an integer of at most 248 bits"):
        classic_nullifier_hash(number)
    with pytest.raises(NumberTooLongError, match="secret"):
        classic_commitment(0, number)
    with pytest.raises(NumberTooLongError, match="nullifier"):
        replace(WITNESS, nullifier=number)
    with pytest.raises(NumberTooLongError, match="secret"):
        replace(WITNESS, secret=number)


@pytest.mark.parametrize("name", ["root", "nullifier_hash", "fee"])
def test_a_second_name_of_a_public_number_is_refused(name: str) -> None:
    with pytest.raises(FieldElementOutOfRangeError, match=name):
        replace(STATEMENT, **{name: getattr(STATEMENT, name) + SCALAR_FIELD})


@pytest.mark.parametrize("name", ["recipient", "relayer"])
@pytest.mark.parametrize("number", [1 << ADDRESS_BITS, -1, SCALAR_FIELD + 3])
def test_what_is_no_address_is_refused(name: str, number: int) -> None:
    with pytest.raises(NumberTooLongError, match=f"{name} is not an integer of at most 160 bits") as raised:
        replace(STATEMENT, **{name: number})
    assert isinstance(raised.value, TohyoError)
    assert "2^160" in raised.value.hint


def test_path_elements_beyond_r_are_refused() -> None:
    with pytest.raises(FieldElementOutOfRangeError, match=r"path_elements\[1\]"):
        replace(WITNESS, path_elements=(7, SCALAR_FIELD))


def test_a_witness_does_not_show_what_only_the_voter_knows() -> None:
    for secret in (WITNESS.nullifier, WITNESS.secret, WITNESS.leaf_index):
        assert str(secret) not in repr(WITNESS)


def test_a_refused_secret_is_not_shown() -> None:
    with pytest.raises(NumberTooLongError) as raised:
        classic_commitment(1 << 250, 0)
    assert str(1 << 250) not in f"{raised.value} {raised.value.hint}"
