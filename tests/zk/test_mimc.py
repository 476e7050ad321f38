from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.zk.circomlib.oracle import ROOT, ask
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError
from zk.mimc import (
    MimcInputError,
    mimc7,
    mimc7_constants,
    mimc7_multi_hash,
    mimc_compress,
    mimc_feistel,
    mimc_sponge,
    sponge_constants,
)

if TYPE_CHECKING:
    from pathlib import Path

CIRCUITS = ROOT / "node_modules/circomlib/circuits"


def random_elements(count: int) -> list[int]:
    return [secrets.randbelow(SCALAR_FIELD) for _ in range(count)]


def constants_in(template: Path) -> tuple[int, ...]:
    """The numbers of the one constant array in a template."""
    (array,) = re.findall(r"\bvar c\w*\[\d+\] = \[([^]]*)\]", template.read_text())
    return tuple(map(int, array.split(",")))


def test_the_generated_constants_are_those_of_circomlibs_circuits() -> None:
    assert sponge_constants() == (0, *constants_in(CIRCUITS / "mimcsponge.circom"), 0)
    assert mimc7_constants() == constants_in(CIRCUITS / "mimc.circom")


def test_random_inputs_give_what_circomlibjs_computes() -> None:
    key = secrets.randbelow(SCALAR_FIELD)
    sponges = [(random_elements(n), k, outputs) for n in (1, 2, 5) for k in (0, key) for outputs in (1, 3)]
    pairs = [(0, 0), (SCALAR_FIELD - 1, SCALAR_FIELD - 1), *(tuple(random_elements(2)) for _ in range(6))]
    rows = [random_elements(n) for n in (1, 2, 5)]
    answers = ask(
        ("mimcSpongeConstants",),
        ("mimc7Constants",),
        *[("mimcSponge", *sponge) for sponge in sponges],
        *[("mimcFeistel", *pair, key) for pair in pairs],
        *[("mimc7", *pair) for pair in pairs],
        *[("mimc7Multi", row, key) for row in rows],
    )
    assert answers == [
        sponge_constants(),
        mimc7_constants(),
        *(mimc_sponge(*inputs, key=k, outputs=outputs) for inputs, k, outputs in sponges),
        *(mimc_feistel(*pair, key) for pair in pairs),
        *(mimc7(*pair) for pair in pairs),
        *(mimc7_multi_hash(*row, key=key) for row in rows),
    ]


def test_the_tree_node_is_the_sponge_of_two_with_key_0() -> None:
    left, right = random_elements(2)
    assert (mimc_compress(left, right),) == mimc_sponge(left, right) == mimc_sponge(left, right, key=0)
    assert mimc_compress(left, right) != mimc_compress(right, left)


def test_no_input_and_no_output_are_refused() -> None:
    for hashed in (mimc_sponge, mimc7_multi_hash):
        with pytest.raises(MimcInputError):
            hashed()
    with pytest.raises(MimcInputError):
        mimc_sponge(1, outputs=0)


@pytest.mark.parametrize("value", [SCALAR_FIELD, SCALAR_FIELD + 1, -1])
def test_a_second_name_of_an_element_is_not_hashed(value: int) -> None:
    for hashed in (mimc_sponge, mimc7_multi_hash):
        with pytest.raises(FieldElementOutOfRangeError):
            hashed(0, value)
        with pytest.raises(FieldElementOutOfRangeError):
            hashed(0, key=value)
    with pytest.raises(FieldElementOutOfRangeError):
        mimc_compress(value, 0)
    with pytest.raises(FieldElementOutOfRangeError):
        mimc_feistel(0, value)
    with pytest.raises(FieldElementOutOfRangeError):
        mimc7(value, 0)
