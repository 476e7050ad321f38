"""Ways to bend a true proof: each must be refused by every verifier, or say the same as before.

A bent claim is eight words in EVM order and public inputs, so that one table serves Python, snarkjs and the
chain. `REFUSED` are no true proofs of the statement, or another writing of one. `EQUIVALENT` are what anybody
can make from a true Groth16 proof without its witness; they verify, by design of the proof system, and show
the same public inputs.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from py_ecc import bn128 as curve

from zk.check.samples import sample_inputs
from zk.circuits import CircuitName, compile_named
from zk.field import BASE_FIELD, SCALAR_FIELD, inverse
from zk.groth16 import Proof, VerifyingKey
from zk.groth16.native import NativeBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from zk.groth16.points import G1Point, G2Point
    from zk.keys import CircuitKeys

# On the twist, outside the subgroup of order r: x = 1, found by search.
OUTSIDE_G2: G2Point = (
    (1, 0),
    (
        18278151005453108793778860132295291098363647455926340152056652516292830556603,
        5912654199736721486680175016176231956195085055698687135131307249486702594212,
    ),
)

N_INPUTS = {CircuitName.VOTE: 4, CircuitName.WITHDRAW: 5}


@dataclass(frozen=True)
class Claim:
    """Eight words and the public inputs; nothing is checked, or it could not be malformed."""

    words: tuple[int, ...]
    inputs: tuple[int, ...]

    @property
    def proof(self) -> Proof:
        """The words as a proof."""
        return Proof.from_evm(self.words)


@dataclass(frozen=True)
class TrueClaim:
    """Two true proofs of one statement and one of another, under one key."""

    key: VerifyingKey
    proof: Proof
    second: Proof
    inputs: tuple[int, ...]
    elsewhere: Proof
    other_inputs: tuple[int, ...]

    @property
    def claim(self) -> Claim:
        """The true claim itself."""
        return Claim(self.proof.to_evm(), self.inputs)


def make_true_claim(keys: CircuitKeys) -> TrueClaim:
    """Prove two random statements with these keys."""
    circuit = compile_named(keys.circuit_name, keys.depth)
    prover = NativeBackend().prover(keys.zkey_path, circuit.r1cs)
    one, other = (circuit.witness(sample_inputs(keys.circuit_name, keys.depth)) for _ in range(2))
    public = slice(1, 1 + circuit.r1cs.n_public)
    return TrueClaim(
        keys.verifying_key,
        prover.prove(one),
        prover.prove(one),
        tuple(one[public]),
        prover.prove(other),
        tuple(other[public]),
    )


def _words(change: Callable[[TrueClaim], Proof]) -> Callable[[TrueClaim], Claim]:
    return lambda true: Claim(change(true).to_evm(), true.inputs)


def _word(place: int, change: Callable[[int], int]) -> Callable[[TrueClaim], Claim]:
    def bend(true: TrueClaim) -> Claim:
        words = list(true.proof.to_evm())
        words[place] = change(words[place])
        return Claim(tuple(words), true.inputs)

    return bend


def _input(place: int, change: Callable[[int], int]) -> Callable[[TrueClaim], Claim]:
    def bend(true: TrueClaim) -> Claim:
        inputs = list(true.inputs)
        inputs[place] = change(inputs[place])
        return Claim(true.proof.to_evm(), tuple(inputs))

    return bend


def _exchanged(true: TrueClaim) -> Claim:
    first, second, *rest = true.inputs
    return Claim(true.proof.to_evm(), (second, first, *rest))


def negated_g1(point: G1Point) -> G1Point:
    """−P."""
    return point[0], -point[1] % BASE_FIELD


def negated_g2(point: G2Point) -> G2Point:
    """−P."""
    x, (y0, y1) = point
    return x, (-y0 % BASE_FIELD, -y1 % BASE_FIELD)


def _reference_g1(point: G1Point) -> object:
    return curve.FQ(point[0]), curve.FQ(point[1])


def _reference_g2(point: G2Point) -> object:
    return curve.FQ2(point[0]), curve.FQ2(point[1])


def _numbers(point: object) -> tuple[object, ...]:
    return tuple(int(c) if isinstance(c, curve.FQ) else tuple(int(k) for k in c.coeffs) for c in point)  # type: ignore[attr-defined]


def _times_g1(point: G1Point, factor: int) -> G1Point:
    return _numbers(curve.multiply(_reference_g1(point), factor))  # type: ignore[return-value]


def _times_g2(point: G2Point, factor: int) -> G2Point:
    return _numbers(curve.multiply(_reference_g2(point), factor))  # type: ignore[return-value]


def _sum_g1(left: G1Point, right: G1Point) -> G1Point:
    return _numbers(curve.add(_reference_g1(left), _reference_g1(right)))  # type: ignore[return-value]


def _sum_g2(left: G2Point, right: G2Point) -> G2Point:
    return _numbers(curve.add(_reference_g2(left), _reference_g2(right)))  # type: ignore[return-value]


def _shifted_by_cofactor(true: TrueClaim) -> Proof:
    """B + T, where the order of T divides the cofactor: r·T' of a point outside kills the part in G2."""
    return _with(true, b=_sum_g2(true.proof.b, _times_g2(OUTSIDE_G2, SCALAR_FIELD)))


def _with(true: TrueClaim, **points: object) -> Proof:
    parts = {"a": true.proof.a, "b": true.proof.b, "c": true.proof.c} | points
    return Proof(**parts)  # type: ignore[arg-type]


def _scaled(true: TrueClaim) -> Proof:
    """(k·A, B/k, C)."""
    k = 2 + secrets.randbelow(SCALAR_FIELD - 2)
    return _with(true, a=_times_g1(true.proof.a, k), b=_times_g2(true.proof.b, inverse(k)))


def _re_randomised(true: TrueClaim) -> Proof:
    """(A, B + s·δ, C + s·A)."""
    s = 1 + secrets.randbelow(SCALAR_FIELD - 1)
    b = _sum_g2(true.proof.b, _times_g2(true.key.delta_g2, s))
    return _with(true, b=b, c=_sum_g1(true.proof.c, _times_g1(true.proof.a, s)))


PLACES = ("A.x", "A.y", "B.x.c1", "B.x.c0", "B.y.c1", "B.y.c0", "C.x", "C.y")
_INFINITY: dict[str, object] = {"a": (0, 0), "b": ((0, 0), (0, 0)), "c": (0, 0)}

REFUSED: dict[str, Callable[[TrueClaim], Claim]] = {
    **{f"{name} + q": _word(i, lambda x: x + BASE_FIELD) for i, name in enumerate(PLACES)},
    **{
        f"{name} + 1, off the curve": _word(i, lambda x: (x + 1) % BASE_FIELD)
        for i, name in enumerate(PLACES)
    },
    **{f"{name} is 2²⁵⁶ − 1": _word(i, lambda _: (1 << 256) - 1) for i, name in enumerate(PLACES)},
    **{
        f"{name.upper()} at infinity": _words(lambda true, name=name: _with(true, **{name: _INFINITY[name]}))
        for name in _INFINITY
    },
    "A and B at infinity": _words(lambda true: _with(true, a=(0, 0), b=((0, 0), (0, 0)))),
    "everything at infinity": lambda true: Claim((0,) * 8, true.inputs),
    "infinity as (0, q)": _words(lambda true: _with(true, c=(0, BASE_FIELD))),
    "infinity as (0, 1)": _words(lambda true: _with(true, c=(0, 1))),
    "B outside the subgroup": _words(lambda true: _with(true, b=OUTSIDE_G2)),
    "B of the cofactor's order": _words(lambda true: _with(true, b=_times_g2(OUTSIDE_G2, SCALAR_FIELD))),
    "B shifted by the cofactor's order": _words(_shifted_by_cofactor),
    "A negated": _words(lambda true: _with(true, a=negated_g1(true.proof.a))),
    "B negated": _words(lambda true: _with(true, b=negated_g2(true.proof.b))),
    "C negated": _words(lambda true: _with(true, c=negated_g1(true.proof.c))),
    "all negated": _words(
        lambda true: Proof(negated_g1(true.proof.a), negated_g2(true.proof.b), negated_g1(true.proof.c))
    ),
    "A and C exchanged": _words(lambda true: _with(true, a=true.proof.c, c=true.proof.a)),
    "x and y of A exchanged": _words(lambda true: _with(true, a=(true.proof.a[1], true.proof.a[0]))),
    "parts of B exchanged": _words(
        lambda true: _with(true, b=(true.proof.b[0][::-1], true.proof.b[1][::-1]))
    ),
    "A of another proof": _words(lambda true: _with(true, a=true.second.a)),
    "B of another proof": _words(lambda true: _with(true, b=true.second.b)),
    "C of another proof": _words(lambda true: _with(true, c=true.second.c)),
    "C shifted": _words(lambda true: _with(true, c=_sum_g1(true.proof.c, (1, 2)))),
    "A doubled": _words(lambda true: _with(true, a=_times_g1(true.proof.a, 2))),
    "alpha, beta and nothing": _words(lambda true: Proof(true.key.alpha_g1, true.key.beta_g2, (0, 0))),
    "a proof of another statement": _words(lambda true: true.elsewhere),
    "inputs of another statement": lambda true: Claim(true.proof.to_evm(), true.other_inputs),
    "two inputs exchanged": _exchanged,
}


def refused_inputs(name: CircuitName) -> dict[str, Callable[[TrueClaim], Claim]]:
    """What is done to each public input of a circuit."""
    return {
        f"input {place} {what}": _input(place, change)
        for place in range(N_INPUTS[name])
        for what, change in {
            "+ r": lambda x: x + SCALAR_FIELD,
            "+ 1": lambda x: (x + 1) % SCALAR_FIELD,
            "negated": lambda x: -x % SCALAR_FIELD,
            "is 2²⁵⁶ − 1": lambda _: (1 << 256) - 1,
        }.items()
    }


EQUIVALENT: dict[str, Callable[[TrueClaim], Claim]] = {
    "another proof of the statement": _words(lambda true: true.second),
    "A and B negated": _words(
        lambda true: _with(true, a=negated_g1(true.proof.a), b=negated_g2(true.proof.b))
    ),
    "A times k, B by k": _words(_scaled),
    "B + s·δ, C + s·A": _words(_re_randomised),
}

CASES = [
    (name, title, bend) for name in CircuitName for title, bend in {**REFUSED, **refused_inputs(name)}.items()
]
