from __future__ import annotations

import json
import secrets
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError
from zk.poseidon import PoseidonInputError, poseidon, poseidon_plain
from zk.poseidon_parameters import PARTIAL_ROUNDS, poseidon_parameters

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests/vectors"
elements = st.integers(min_value=0, max_value=SCALAR_FIELD - 1)


def run_node(*arguments: str, stdin: str = "") -> str:
    script = str(VECTORS / "regenerate.cjs")
    return subprocess.run(
        ["node", script, *arguments], input=stdin, capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout


@pytest.mark.parametrize("name", ["poseidon", "vote"])
def test_the_stored_vectors_are_what_circomlibjs_computes(name: str) -> None:
    assert run_node(name) == (VECTORS / f"{name}.json").read_text()


def test_the_stored_vectors_hold() -> None:
    cases = json.loads((VECTORS / "poseidon.json").read_text())
    assert {len(case["inputs"]) for case in cases} == {1, 2, 3, 4, 5}
    for case in cases:
        assert poseidon(*map(int, case["inputs"])) == int(case["digest"])


def test_random_inputs_give_what_circomlibjs_computes() -> None:
    rows = [[secrets.randbelow(SCALAR_FIELD) for _ in range(count)] for count in (1, 2, 3, 4, 5) * 4]
    digests = json.loads(run_node("hash", stdin=json.dumps([[str(x) for x in row] for row in rows])))
    assert [poseidon(*row) for row in rows] == [int(digest) for digest in digests]


@given(st.lists(elements, min_size=1, max_size=5))
def test_the_fast_form_equals_the_plain_one(inputs: list[int]) -> None:
    assert poseidon(*inputs) == poseidon_plain(*inputs)


@pytest.mark.parametrize("width", sorted(PARTIAL_ROUNDS))
def test_the_derived_parameters_are_circomlibs(width: int) -> None:
    published = json.loads((ROOT / "node_modules/circomlibjs/src/poseidon_constants.json").read_text())
    parameters = poseidon_parameters(width)
    assert [c for row in parameters.round_constants for c in row] == [
        int(c, 0) for c in published["C"][width - 2]
    ]
    assert [list(row) for row in parameters.matrix] == [
        [int(m, 0) for m in row] for row in published["M"][width - 2]
    ]
    assert len(parameters.round_constants) == parameters.rounds


@pytest.mark.parametrize("inputs", [(), (1, 2, 3, 4, 5, 6)])
def test_no_input_and_six_are_refused(inputs: tuple[int, ...]) -> None:
    with pytest.raises(PoseidonInputError):
        poseidon(*inputs)


@pytest.mark.parametrize("value", [SCALAR_FIELD, SCALAR_FIELD + 1, -1])
def test_a_second_name_of_an_element_is_not_hashed(value: int) -> None:
    with pytest.raises(FieldElementOutOfRangeError):
        poseidon(0, value)
