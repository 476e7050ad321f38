"""The proof system: one set of tests over both back ends, and what every verifier must refuse."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zk.conftest import Vote, make_vote
from zk.circuit import R1CS, Circuit, ConstraintSystem, UnsatisfiedConstraintError, compile_circuit
from zk.field import BASE_FIELD, SCALAR_FIELD, FieldElementOutOfRangeError, inverse
from zk.formats.zkey_file import pack_zkey
from zk.gadgets import bits_of, enforce_membership, select
from zk.groth16 import (
    Proof,
    ProofMalformedError,
    PublicInputCountError,
    VerifyingKey,
    VerifyingKeyMalformedError,
)
from zk.groth16.batch import native_g2
from zk.groth16.native import NativeBackend, NativeMultiples, NativeProver, proof_from_bytes, proof_to_bytes
from zk.groth16.points import G2_B, fq2_multiply
from zk.groth16.reference import ReferenceBackend, ReferenceMultiples
from zk.groth16.setup import ToxicWaste, lagrange_at, odd_lagrange_at
from zk.groth16.types import require_well_formed_proof
from zk.merkle import MerklePath, hash_pair
from zk.proving import StatementProver

if TYPE_CHECKING:
    from pathlib import Path

    from zk.groth16.backend import Groth16Backend, Groth16Verifier
    from zk.groth16.proving_key import ProvingKey
    from zk.keys import CircuitKeys

# On the twist, outside the subgroup of order r: x = 1, found by search.
OUTSIDE_G2 = (
    (1, 0),
    (
        18278151005453108793778860132295291098363647455926340152056652516292830556603,
        5912654199736721486680175016176231956195085055698687135131307249486702594212,
    ),
)


def square_circuit() -> Circuit:
    """y is x² if x is odd, else 7, for a secret x of five bits."""

    def describe(cs: ConstraintSystem) -> None:
        y = cs.public_input("y")
        tag = cs.public_input("tag")
        x = cs.private_input("x")
        bits = bits_of(cs, x, 5)
        cs.enforce_equal(select(cs, bits[0], cs.multiply(x, x), 7), y, "y is the square of x or 7")
        cs.multiply(tag, tag)

    return compile_circuit("square", describe)


SQUARE = square_circuit()


class Kit:
    """A small circuit with the keys that one back end made."""

    def __init__(self, backend: Groth16Backend, directory: Path) -> None:
        self.backend = backend
        self.key: ProvingKey = backend.setup(SQUARE.r1cs)
        self.zkey = directory / f"{backend.name}.zkey"
        self.zkey.write_bytes(pack_zkey(self.key))
        self.prover = backend.prover(self.zkey, SQUARE.r1cs)
        self.verifier = backend.verifier(self.key.verifying_key)


@pytest.fixture(scope="module")
def kit(backend: Groth16Backend, tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return Kit(backend, tmp_path_factory.mktemp("kit"))


def prove(kit: Kit, x: int = 5, y: int = 25, tag: int = 3) -> Proof:
    return kit.prover.prove(SQUARE.witness({"x": x, "y": y, "tag": tag}))


def test_a_true_statement_is_proved_and_a_changed_one_is_not(kit: Kit) -> None:
    proof = prove(kit)
    assert kit.verifier.verify(proof, [25, 3])
    assert not kit.verifier.verify(proof, [26, 3])
    assert not kit.verifier.verify(proof, [25, 4])


def test_the_other_branch_is_proved_too(kit: Kit) -> None:
    assert kit.verifier.verify(prove(kit, x=4, y=7), [7, 3])


def test_a_false_witness_is_refused_in_words(kit: Kit) -> None:
    with pytest.raises(UnsatisfiedConstraintError, match="y is the square of x or 7"):
        prove(kit, x=5, y=24)


def test_a_native_prover_on_one_core_makes_the_same_kind_of_proof(kit: Kit) -> None:
    prover = NativeBackend(cores=1).prover(kit.zkey, SQUARE.r1cs)
    assert kit.verifier.verify(prover.prove(SQUARE.witness({"x": 5, "y": 25, "tag": 3})), [25, 3])
    with pytest.raises(UnsatisfiedConstraintError):
        prover.prove(SQUARE.witness({"x": 5, "y": 26, "tag": 3}))


def test_two_proofs_of_one_statement_differ(kit: Kit) -> None:
    assert prove(kit) != prove(kit)


def test_a_back_end_verifies_and_proves_with_what_the_other_made(kit: Kit) -> None:
    other: Groth16Backend = ReferenceBackend() if kit.backend.name == "native" else NativeBackend()
    assert other.verifier(kit.key.verifying_key).verify(prove(kit), [25, 3])
    crossed = other.prover(kit.zkey, SQUARE.r1cs).prove(SQUARE.witness({"x": 5, "y": 25, "tag": 3}))
    assert kit.verifier.verify(crossed, [25, 3])


def test_many_are_answered_in_order_and_the_false_one_is_found(kit: Kit) -> None:
    seen: list[tuple[int, int]] = []
    proof = prove(kit)
    claims = [(proof, [25, 3]), (proof, [26, 3]), (prove(kit, x=4, y=7), [7, 3])]
    answers = kit.verifier.verify_many(claims, on_progress=lambda done, total: seen.append((done, total)))
    assert answers == [True, False, True]
    assert seen[-1] == (3, 3)
    assert kit.verifier.verify_many([]) == []


def test_a_malformed_member_of_a_batch_is_refused_with_its_position(kit: Kit) -> None:
    proof = prove(kit)
    with pytest.raises(ProofMalformedError):
        kit.verifier.verify_many([(proof, [25, 3]), (replace(proof, b=OUTSIDE_G2), [25, 3])])


def negated(point: tuple[int, int]) -> tuple[int, int]:
    return point[0], -point[1] % BASE_FIELD


def test_points_moved_inside_their_groups_are_a_false_proof(kit: Kit) -> None:
    proof, second = prove(kit), prove(kit)
    for changed in (
        replace(proof, a=second.a),
        replace(proof, b=second.b),
        replace(proof, c=second.c),
        replace(proof, a=negated(proof.a)),
    ):
        assert kit.verifier.verify(changed, [25, 3]) is False


@pytest.mark.parametrize("word", range(8))
@pytest.mark.parametrize("change", [1, BASE_FIELD], ids=["plus 1", "plus q"])
def test_any_changed_coordinate_is_refused(kit: Kit, word: int, change: int) -> None:
    words = list(prove(kit).to_evm())
    words[word] += change
    with pytest.raises(ProofMalformedError, match="curve" if change == 1 else "below q"):
        kit.verifier.verify(Proof.from_evm(words), [25, 3])


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_the_point_at_infinity_is_refused(kit: Kit, name: str) -> None:
    infinity: Any = ((0, 0), (0, 0)) if name == "b" else (0, 0)
    changed = replace(prove(kit), **{name: infinity})
    with pytest.raises(ProofMalformedError, match="infinity"):
        kit.verifier.verify(changed, [25, 3])


def test_a_point_of_the_twist_outside_g2_is_refused(kit: Kit) -> None:
    changed = replace(prove(kit), b=OUTSIDE_G2)
    require_well_formed_proof(changed)  # it is on the curve: only the subgroup gives it away
    with pytest.raises(ProofMalformedError, match="outside G2"):
        kit.verifier.verify(changed, [25, 3])


@pytest.mark.parametrize("position", [0, 1])
def test_the_second_name_of_an_input_is_refused(kit: Kit, position: int) -> None:
    inputs = [25, 3]
    inputs[position] += SCALAR_FIELD
    with pytest.raises(FieldElementOutOfRangeError):
        kit.verifier.verify(prove(kit), inputs)


@pytest.mark.parametrize("inputs", [[], [25], [25, 3, 0]])
def test_another_number_of_inputs_is_refused(kit: Kit, inputs: list[int]) -> None:
    with pytest.raises(PublicInputCountError):
        kit.verifier.verify(prove(kit), inputs)


@pytest.mark.parametrize("name", ["beta_g2", "gamma_g2", "delta_g2"])
def test_a_key_with_a_point_outside_g2_is_refused(kit: Kit, name: str) -> None:
    changes: Any = {name: OUTSIDE_G2}
    with pytest.raises(VerifyingKeyMalformedError, match="outside G2"):
        kit.backend.verifier(replace(kit.key.verifying_key, **changes))


def test_a_key_with_a_point_off_its_curve_is_refused(kit: Kit) -> None:
    key = kit.key.verifying_key
    for changed in (replace(key, alpha_g1=(1, 3)), replace(key, ic=(*key.ic[:-1], (0, 0)))):
        with pytest.raises(VerifyingKeyMalformedError):
            kit.backend.verifier(changed)


def test_a_false_witness_would_give_a_proof_that_does_not_verify(keys: CircuitKeys, vote: Vote) -> None:
    prover = StatementProver(keys)
    witness = prover.witness_of(vote.statement, vote.witness)
    witness[-1] = (witness[-1] + 1) % SCALAR_FIELD
    unchecked = NativeProver(keys.zkey_path, replace(prover.circuit.r1cs, constraints=()))
    proof = unchecked.prove(witness)
    assert not NativeBackend().verifier(keys.verifying_key).verify(proof, vote.statement.public_inputs())


@pytest.fixture(scope="module", params=[NativeBackend(), ReferenceBackend()], ids=lambda b: b.name)
def vote_verifier(request: pytest.FixtureRequest, keys: CircuitKeys) -> Groth16Verifier:
    verifier: Groth16Verifier = request.param.verifier(keys.verifying_key)
    return verifier


def test_a_vote_is_verified(vote_verifier: Groth16Verifier, proof: Proof, vote: Vote) -> None:
    assert vote_verifier.verify(proof, vote.statement.public_inputs())


@pytest.mark.parametrize("position", range(4), ids=["root", "nullifier_hash", "election_id", "signal"])
def test_no_public_input_of_a_vote_can_be_changed(
    vote_verifier: Groth16Verifier, proof: Proof, vote: Vote, position: int
) -> None:
    inputs = list(vote.statement.public_inputs())
    inputs[position] = (inputs[position] + 1) % SCALAR_FIELD
    assert vote_verifier.verify(proof, inputs) is False


@pytest.mark.parametrize("level", range(3))
def test_a_vote_is_not_one_for_the_root_that_another_path_gives(
    vote_verifier: Groth16Verifier, proof: Proof, vote: Vote, level: int
) -> None:
    other = MerklePath(vote.witness.leaf_index ^ 1 << level, vote.witness.path_elements)
    statement = replace(vote.statement, root=other.root_from(vote.commitment))
    assert vote_verifier.verify(proof, statement.public_inputs()) is False


def membership_circuit() -> Circuit:
    def describe(cs: ConstraintSystem) -> None:
        root, leaf = cs.public_input("root"), cs.public_input("leaf")
        sibling, is_right = cs.private_input("sibling"), cs.private_input("is_right")
        enforce_membership(cs, leaf, [(sibling, is_right)], root)

    return compile_circuit("membership", describe)


def test_deleting_the_boolean_line_proves_a_forged_leaf_and_restoring_it_refuses(tmp_path: Path) -> None:
    circuit = membership_circuit()
    left, right, forged = 100, 101, 666
    sibling = left + right - forged
    bit = (left - forged) * inverse(sibling - forged) % SCALAR_FIELD
    inputs = {
        "root": hash_pair(left, right),
        "leaf": forged,
        "sibling": sibling % SCALAR_FIELD,
        "is_right": bit,
    }
    witness = circuit.witness(inputs)
    rows = tuple(r for r in circuit.r1cs.constraints if not r.meaning.endswith("is_right is 0 or 1"))
    weakened = replace(circuit.r1cs, constraints=rows)
    assert proves(weakened, witness, [inputs["root"], forged], tmp_path)
    with pytest.raises(UnsatisfiedConstraintError, match="is_right is 0 or 1"):
        proves(circuit.r1cs, witness, [inputs["root"], forged], tmp_path)


def proves(r1cs: R1CS, witness: list[int], inputs: list[int], directory: Path) -> bool:
    native = NativeBackend()
    key = native.setup(r1cs)
    path = directory / "membership.zkey"
    path.write_bytes(pack_zkey(key))
    return native.verifier(key.verifying_key).verify(native.prover(path, r1cs).prove(witness), inputs)


@pytest.mark.parametrize("false_positions", [[], [0], [299], [7, 8, 255, 256, 290]])
def test_a_large_batch_pinpoints_every_false_proof(
    keys: CircuitKeys, prover: StatementProver, false_positions: list[int]
) -> None:
    votes = [make_vote() for _ in range(3)]
    honest = [(prover.prove(v.statement, v.witness), v.statement.public_inputs()) for v in votes]
    claims = [honest[i % 3] for i in range(300)]
    for position in false_positions:
        proof, (root, nullifier_hash, election_id, signal) = claims[position]
        claims[position] = (proof, (root, nullifier_hash, election_id, (signal + 1) % SCALAR_FIELD))
    answers = NativeBackend().verifier(keys.verifying_key).verify_many(claims)
    assert [i for i, answer in enumerate(answers) if not answer] == false_positions


def test_two_false_proofs_do_not_cancel_in_a_batch(
    keys: CircuitKeys, prover: StatementProver, vote: Vote
) -> None:
    """C of one moved by +G and C of the other by −G: their plain sum would be right."""
    first, second = (prover.prove(vote.statement, vote.witness) for _ in range(2))
    from zksnake._algebra import ec_bn254  # noqa: PLC0415  only this test adds points

    moved = [
        ec_bn254.PointG1(*proof.c) + ec_bn254.g1() * sign
        for proof, sign in ((first, 1), (second, SCALAR_FIELD - 1))
    ]
    inputs = vote.statement.public_inputs()
    claims = [(replace(p, c=(m.x, m.y)), inputs) for p, m in zip((first, second), moved, strict=True)]
    assert NativeBackend().verifier(keys.verifying_key).verify_many(claims) == [False, False]


def test_the_constant_of_the_twist_is_3_over_9_plus_u() -> None:
    assert fq2_multiply(G2_B, (9, 1)) == (3, 0)


def test_lagrange_polynomials_interpolate() -> None:
    tau = secrets.randbelow(SCALAR_FIELD)
    for values in (lagrange_at(tau, 8), lagrange_at(tau, 8, 5)):
        assert sum(values) % SCALAR_FIELD == 1
    with pytest.raises(ZeroDivisionError):
        lagrange_at(1, 8)


def test_even_and_odd_lagrange_values_are_those_of_the_double_domain() -> None:
    tau = secrets.randbelow(SCALAR_FIELD)
    assert odd_lagrange_at(tau, 8) == lagrange_at(tau, 16)[1::2]


def test_toxic_waste_is_fresh_and_never_shown() -> None:
    first, second = ToxicWaste.random(), ToxicWaste.random()
    assert first != second
    assert str(first.tau) not in repr(first)


words = st.lists(st.integers(0, BASE_FIELD - 1), min_size=8, max_size=8)


@given(words)
def test_a_proof_survives_every_encoding(values: list[int]) -> None:
    proof = Proof.from_evm(values)
    assert list(proof.to_evm()) == values
    assert Proof.from_json(json.loads(json.dumps(proof.to_json()))) == proof
    assert proof_from_bytes(proof_to_bytes(proof)) == proof


def test_the_evm_reads_the_imaginary_part_first() -> None:
    proof = Proof((1, 2), ((3, 4), (5, 6)), (7, 8))
    assert proof.to_evm() == (1, 2, 4, 3, 6, 5, 7, 8)


@pytest.mark.parametrize("values", [[], [1] * 7, [1] * 9, [-1] * 8, ["1"] * 8])
def test_other_words_are_no_proof(values: list[Any]) -> None:
    with pytest.raises(ProofMalformedError):
        Proof.from_evm(values)


def test_other_bytes_are_no_proof() -> None:
    with pytest.raises(ProofMalformedError, match="256 bytes"):
        proof_from_bytes(bytes(255))


def broken(document: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    target: Any = copy
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("protocol",), "plonk"),
        (("curve",), "bls12381"),
        (("pi_a",), None),
        (("pi_a", 2), "0"),
        (("pi_a", 0), 5),
        (("pi_a", 0), "-5"),
        (("pi_a", 0), "0x5"),
        (("pi_a", 0), "9" * 79),
        (("pi_b", 2, 0), "2"),
        (("pi_b", 0), ["1"]),
        (("pi_c",), ["1", "2"]),
    ],
)
def test_a_damaged_proof_file_is_refused(path: tuple[str | int, ...], value: object) -> None:
    document = Proof((1, 2), ((3, 4), (5, 6)), (7, 8)).to_json()
    with pytest.raises(ProofMalformedError):
        Proof.from_json(broken(document, path, value))


@pytest.mark.parametrize("document", [None, [], "proof", {}])
def test_what_is_no_object_is_no_proof_and_no_key(document: object) -> None:
    with pytest.raises(ProofMalformedError):
        Proof.from_json(document)
    with pytest.raises(VerifyingKeyMalformedError):
        VerifyingKey.from_json(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [(("IC",), []), (("nPublic",), 5), (("IC", 0), ["1"]), (("vk_beta_2",), None), (("vk_alpha_1", 1), "x")],
)
def test_a_damaged_key_file_is_refused(keys: CircuitKeys, path: tuple[str | int, ...], value: object) -> None:
    assert VerifyingKey.from_json(keys.verifying_key.to_json()) == keys.verifying_key
    with pytest.raises(VerifyingKeyMalformedError):
        VerifyingKey.from_json(broken(keys.verifying_key.to_json(), path, value))


@given(st.integers(1, SCALAR_FIELD - 1))
def test_both_signs_of_a_point_of_g2_reach_the_native_library(scalar: int) -> None:
    (point,) = NativeMultiples().g2_multiples([scalar])
    assert point is not None
    x, (y0, y1) = point
    for candidate in (point, (x, (-y0 % BASE_FIELD, -y1 % BASE_FIELD))):
        native = native_g2(candidate)
        assert (tuple(native.x), tuple(native.y)) == candidate
    assert native_g2(OUTSIDE_G2) is None


@given(st.integers(0, SCALAR_FIELD - 1))
@settings(max_examples=5, deadline=None)
def test_both_back_ends_multiply_the_generators_alike(scalar: int) -> None:
    native, reference = NativeMultiples(), ReferenceMultiples()
    assert native.g1_multiples([scalar, 0]) == reference.g1_multiples([scalar, 0])
    assert native.g2_multiples([scalar, 0]) == reference.g2_multiples([scalar, 0])
