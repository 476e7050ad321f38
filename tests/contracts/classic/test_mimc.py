"""The generated MiMCSponge on chain against `zk.mimc`, which is itself held to circomlibjs."""

from __future__ import annotations

import random
import re

import pytest

from chain import contract_errors as errors
from chain.connection import typed_errors
from chain.mimc_contract import render_mimc_sponge
from zk.field import SCALAR_FIELD
from zk.mimc import mimc_compress, sponge_constants

EDGES = [(0, 0), (0, 1), (1, 0), (SCALAR_FIELD - 1, SCALAR_FIELD - 1), (SCALAR_FIELD - 1, 0)]


@pytest.fixture
def compress_on_chain(deploy):
    hasher = deploy("MiMCSponge")
    return lambda left, right: hasher.functions.compress(left, right).call()


def test_it_is_the_mimc_of_zk(compress_on_chain):
    chance = random.Random(2020)  # noqa: S311 - test data
    some = [(chance.randrange(SCALAR_FIELD), chance.randrange(SCALAR_FIELD)) for _ in range(60)]
    for left, right in EDGES + some:
        assert compress_on_chain(left, right) == mimc_compress(left, right)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("value", [SCALAR_FIELD, SCALAR_FIELD + 1, 2**256 - 1])
def test_an_input_at_or_above_r_is_refused(compress_on_chain, reverts, place, value):
    inputs = [1, 1]
    inputs[place] = value
    with reverts(errors.FieldElementOutOfRangeError, value=value), typed_errors():
        compress_on_chain(*inputs)


def test_no_sum_of_unreduced_lanes_can_pass_two_to_the_256():
    """Follow the lanes' largest values through the rendered rounds, in whole numbers."""
    lines = [line for line in render_mimc_sponge().splitlines() if "let q :=" in line]
    largest = {"a": SCALAR_FIELD - 1, "b": SCALAR_FIELD - 1}
    assert len(lines) == len(sponge_constants())
    for line in lines:
        lane = line.partition(" := addmod(")[0][-1] if "addmod" in line else line.split(" := add(")[0][-1]
        number = int(re.search(r"add\((?:add\(\w, )?(0x\w+)", line)[1], 16)
        assert number < SCALAR_FIELD
        if "addmod" in line:
            assert number + SCALAR_FIELD - 1 < 2**256
            largest[lane] = SCALAR_FIELD - 1
        else:
            largest[lane] += number + SCALAR_FIELD - 1
        assert largest[lane] < 2**256
    assert {lane for lane in "ab" if f" {lane} := addmod(" in "".join(lines)} == {"a", "b"}
