from __future__ import annotations

import re
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zk.circomlib.oracle import ROOT, ask
from zk.babyjubjub import IDENTITY, add, is_in_subgroup, negate, scale
from zk.pedersen import (
    MAX_BITS,
    MAX_SEGMENTS,
    PedersenInputError,
    generator,
    number_bits,
    pedersen_hash,
)

TEMPLATE = ROOT / "node_modules/circomlib/circuits/pedersen.circom"


def bits_of_bytes(message: bytes) -> list[int]:
    return number_bits(int.from_bytes(message, "little"), 8 * len(message))


def test_the_derived_generators_are_those_of_circomlibs_circuit_and_library() -> None:
    (array,) = re.findall(r"var BASE\[10\]\[2\] = \[(.*?)\n\s*\];", TEMPLATE.read_text(), re.DOTALL)
    numbers = iter(map(int, re.findall(r"\d+", array)))
    published = list(zip(numbers, numbers, strict=True))
    ours = [generator(segment) for segment in range(MAX_SEGMENTS)]
    assert ours == published == ask(*[("pedersenGenerator", segment) for segment in range(MAX_SEGMENTS)])
    assert all(is_in_subgroup(point) and point != IDENTITY for point in ours)


def test_random_messages_give_what_circomlibjs_computes() -> None:
    lengths = [1, 2, 3, 24, 25, 26, 31, 32, 49, 50, 51, 62, 64, 100, 125, 250]
    messages = [secrets.token_bytes(length) for length in lengths]
    messages += [bytes(62), b"\xff" * 62, b"\xff" * 31]
    assert [pedersen_hash(bits_of_bytes(m)) for m in messages] == ask(*[("pedersen", m) for m in messages])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=430))
def test_it_is_the_sum_of_its_windows(bits: list[int]) -> None:
    padded = [*bits, *[0] * (-len(bits) % 4)]
    total = IDENTITY
    for window, (b0, b1, b2, b3) in enumerate(zip(*(padded[i::4] for i in range(4)), strict=True)):
        point = scale(generator(window // 50), (1 + b0 + 2 * b1 + 4 * b2) * 32 ** (window % 50))
        total = add(total, negate(point) if b3 else point)
    assert pedersen_hash(bits) == total


def test_a_flipped_bit_changes_the_digest() -> None:
    bits = [secrets.randbelow(2) for _ in range(248)]
    digests = {pedersen_hash([*bits[:i], 1 - bits[i], *bits[i + 1 :]]).x for i in range(0, 248, 13)}
    assert len({pedersen_hash(bits).x, *digests}) == 1 + len(range(0, 248, 13))


@pytest.mark.parametrize("bits", [[], [0] * (MAX_BITS + 1), [2], [-1], [0, 1, 3]])
def test_what_are_no_bits_and_too_many_are_refused(bits: list[int]) -> None:
    with pytest.raises(PedersenInputError):
        pedersen_hash(bits)


def test_the_longest_input_is_hashed() -> None:
    assert is_in_subgroup(pedersen_hash([1] * MAX_BITS))
