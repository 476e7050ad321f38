"""The generated Poseidon on chain against `zk.poseidon`, circomlibjs and poseidon-solidity."""

from __future__ import annotations

import json
import random
import subprocess

import pytest

from chain import contract_errors as errors
from chain.connection import typed_errors
from chain.generate import generated_sources
from chain.paths import PROJECT_ROOT
from chain.poseidon_algebra import schedule
from chain.poseidon_contract import render_poseidon
from zk.field import SCALAR_FIELD
from zk.poseidon import poseidon
from zk.poseidon_parameters import poseidon_parameters

EDGES = [(0, 0), (0, 1), (1, 0), (SCALAR_FIELD - 1, SCALAR_FIELD - 1), (0, SCALAR_FIELD - 1)]
CIRCOMLIBJS = """
const { buildPoseidonOpt } = require("circomlibjs");
const pairs = JSON.parse(require("fs").readFileSync(0, "utf8"));
buildPoseidonOpt().then((hash) => {
  const digests = pairs.map((pair) => hash.F.toString(hash(pair.map(BigInt))));
  process.stdout.write(JSON.stringify(digests), () => process.exit(0));
});
"""


@pytest.fixture
def hash_on_chain(deploy):
    hasher = deploy("PoseidonT3")
    return lambda left, right: hasher.functions.hash(left, right).call()


def pairs(count: int) -> list[tuple[int, int]]:
    chance = random.Random(2019)  # noqa: S311 - test data
    return EDGES + [(chance.randrange(SCALAR_FIELD), chance.randrange(SCALAR_FIELD)) for _ in range(count)]


def test_it_is_the_poseidon_of_zk(hash_on_chain):
    for left, right in pairs(60):
        assert hash_on_chain(left, right) == poseidon(left, right)


def test_it_is_the_poseidon_of_circomlibjs(hash_on_chain):
    some = pairs(10)
    text = json.dumps([[str(x) for x in pair] for pair in some])
    done = subprocess.run(
        ["node", "-e", CIRCOMLIBJS], input=text, capture_output=True, text=True, check=True, cwd=PROJECT_ROOT
    )
    assert [hash_on_chain(*pair) for pair in some] == [int(digest) for digest in json.loads(done.stdout)]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("value", [SCALAR_FIELD, SCALAR_FIELD + 1, 2**256 - 1])
def test_an_input_at_or_above_r_is_refused(hash_on_chain, reverts, place, value):
    inputs = [1, 1]
    inputs[place] = value
    with reverts(errors.FieldElementOutOfRangeError, value=value), typed_errors():
        hash_on_chain(*inputs)


def test_the_generated_sources_are_as_committed():
    for path, text in generated_sources().items():
        assert path.read_text(encoding="utf-8") == text, f"run `python -m chain.generate` for {path.name}"


def test_scaling_leaves_seven_products_per_partial_round():
    parameters = poseidon_parameters(3)
    rendered = render_poseidon(parameters)
    plan = schedule(parameters)
    assert len(plan.partial) == parameters.partial_rounds - 1
    # opening: 2 + 3·3 S-boxes of 3 products, 4 + 6 + 6 + 8 coefficients;
    # middle: 7 each, then 3 + 3; closing: 12·3 + 6·3 + 3
    assert rendered.count("mulmod(") == (11 * 3 + 4 + 6 + 6 + 8) + 7 * 56 + (3 + 3) + (36 + 18 + 3)


def test_the_coefficients_of_the_last_partial_round_leave_two_lanes_without_constants():
    leaving = schedule(poseidon_parameters(3)).leaving
    assert leaving.rows[0] == (1, 1, 0)
    assert (leaving.rows[1][0], leaving.rows[1][2]) == (1, 1)
    assert leaving.constants[:2] == (0, 0)
