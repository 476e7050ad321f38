from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.gadgets import cost_of, loose_wires, without
from tests.zk.circomlib.oracle import ask
from zk import gadgets
from zk.babyjubjub import BASE8, SUBGROUP_ORDER, Point, add, scale
from zk.check.forms import system_of
from zk.check.uniqueness import find_unique
from zk.circuit import (
    Circuit,
    ConstraintSystem,
    LinearCombination,
    UnsatisfiedConstraintError,
    compile_circuit,
)
from zk.circuit.notes import NoteKind
from zk.eddsa import Signature, SigningKey, verify_signature
from zk.field import SCALAR_FIELD
from zk.gadgets import WirePoint
from zk.gadgets.eddsa import SCALAR_BITS, SIGNATURE_CONSTRAINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("key.x", "key.y", "message", "r8.x", "r8.y", "s")
ORDER_2 = Point(0, SCALAR_FIELD - 1)


def signature_gadget(cs: ConstraintSystem, *x: LinearCombination) -> None:
    gadgets.enforce_signature(cs, WirePoint(*x[:2]), x[2], WirePoint(*x[3:5]), x[5])


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return compile_circuit(
        "signature", lambda cs: signature_gadget(cs, *(cs.private_input(name) for name in NAMES))
    )


@pytest.fixture(scope="module")
def signed() -> dict[str, int]:
    key, message = SigningKey.from_seed(secrets.token_bytes(32)), secrets.randbelow(SCALAR_FIELD)
    return inputs_of(key.public_key, message, key.sign(message))


def inputs_of(key: Point, message: int, signature: Signature) -> dict[str, int]:
    return dict(zip(NAMES, (*key, message, *signature.r8, signature.s), strict=True))


def accepts(circuit: Circuit, inputs: dict[str, int]) -> bool:
    return circuit.r1cs.broken_constraint(circuit.witness(inputs)) is None


def test_the_cost_is_exact() -> None:
    assert cost_of(len(NAMES), signature_gadget) == SIGNATURE_CONSTRAINTS == 3987


def test_random_signatures_of_circomlibjs_are_accepted(circuit: Circuit) -> None:
    seeds = [secrets.token_bytes(32) for _ in range(4)]
    messages = [0, SCALAR_FIELD - 1, *(secrets.randbelow(SCALAR_FIELD) for _ in range(2))]
    answers = ask(
        *[("publicKey", seed) for seed in seeds],
        *[("sign", seed, message) for seed, message in zip(seeds, messages, strict=True)],
    )
    for key, message, (r8, s) in zip(answers, messages, answers[4:], strict=False):
        assert accepts(circuit, inputs_of(Point(*key), message, Signature(Point(*r8), s)))


@pytest.mark.parametrize("name", NAMES)
def test_a_signature_with_any_part_changed_is_refused(
    circuit: Circuit, signed: dict[str, int], name: str
) -> None:
    assert accepts(circuit, signed)
    assert not accepts(circuit, {**signed, name: (signed[name] + 1) % SCALAR_FIELD})


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("key.y", "public key / the point is on the curve"),
        ("r8.x", "R / the point is on the curve"),
        ("s", "S·B₈ and R [+] h·8A have the same x"),
        ("message", "S·B₈ and R [+] h·8A have the same x"),
    ],
)
def test_the_reason_is_said(circuit: Circuit, signed: dict[str, int], name: str, meaning: str) -> None:
    with pytest.raises(UnsatisfiedConstraintError, match=meaning):
        circuit.checked_witness({**signed, name: (signed[name] ^ 1) % SCALAR_FIELD})


def short_signatures() -> Iterator[dict[str, int]]:
    """Signatures with S + l of 251 bits still."""
    key = SigningKey.from_seed(secrets.token_bytes(32))
    for message in range(100):
        signature = key.sign(message)
        if signature.s + SUBGROUP_ORDER < 1 << SCALAR_BITS:
            yield inputs_of(key.public_key, message, signature)


def test_s_plus_l_is_refused_and_only_by_the_comparison(circuit: Circuit) -> None:
    inputs = next(short_signatures())
    assert accepts(circuit, inputs)
    inputs["s"] += SUBGROUP_ORDER
    witness = circuit.witness(inputs)
    with pytest.raises(
        UnsatisfiedConstraintError, match="S / the bits are those of a number below the bound"
    ):
        circuit.r1cs.require_satisfied(witness)
    weakened = without(circuit.r1cs, "the bits are those of a number below the bound")
    assert weakened.broken_constraint(witness) is None


@pytest.mark.parametrize("key", [Point(0, 1), ORDER_2], ids=["the identity", "order 2"])
def test_a_key_that_signs_everything_is_refused(circuit: Circuit, key: Point) -> None:
    r = secrets.randbelow(SUBGROUP_ORDER)
    with pytest.raises(UnsatisfiedConstraintError, match="the public key has no small order"):
        circuit.checked_witness(inputs_of(key, 5, Signature(scale(BASE8, r), r)))


def test_r_outside_the_subgroup_is_refused(circuit: Circuit, signed: dict[str, int]) -> None:
    shifted = add(Point(signed["r8.x"], signed["r8.y"]), ORDER_2)
    with pytest.raises(UnsatisfiedConstraintError, match="have the same"):
        circuit.checked_witness({**signed, "r8.x": shifted.x, "r8.y": shifted.y})


def test_it_accepts_what_the_function_accepts(circuit: Circuit) -> None:
    """The equation alone does not see a point of order 2 beside the key; the challenge does, in both."""
    secret = SigningKey.from_seed(secrets.token_bytes(32))
    for key in (secret.public_key, add(secret.public_key, ORDER_2)):
        signature = secret.sign(7)
        answer = verify_signature(key, 7, signature)
        assert answer is (key == secret.public_key)
        assert accepts(circuit, inputs_of(key, 7, signature)) is answer


def test_every_wire_is_fixed(circuit: Circuit, signed: dict[str, int]) -> None:
    assert loose_wires(circuit, circuit.checked_witness(signed), step=29) == []


def test_its_inputs_determine_every_wire(circuit: Circuit) -> None:
    """As the check of circuits shows it; it takes on trust that additions meet no exceptional case."""
    nonzero = [dict(note.terms) for note in circuit.notes if note.kind is NoteKind.NONZERO]
    assert find_unique(system_of(circuit.r1cs), nonzero).unknown == ()
