"""Proofs and verifying keys: plain numbers, in Python, in snarkjs JSON, and in EVM order.

Reading JSON checks the shape only. Whether the points lie in their groups is checked by
`require_well_formed_proof` and by every verifier, because an object made in Python must be refused as
well.

The one place where the order of F_q² coordinates changes: snarkjs writes (c0, c1), the EVM precompiles
read (c1, c0).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zk.field import require_field_element
from zk.groth16.errors import ProofMalformedError, PublicInputCountError, VerifyingKeyMalformedError
from zk.groth16.points import G1Point, G2Point, g1_fault, g2_fault

if TYPE_CHECKING:
    from zk.errors import ZkError

EVM_PROOF_WORDS = 8
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")

EvmProof = tuple[int, int, int, int, int, int, int, int]


@dataclass(frozen=True)
class Proof:
    """A Groth16 proof (A, B, C). It can be re-randomised by anyone, so its bytes identify nothing."""

    a: G1Point
    b: G2Point
    c: G1Point

    def to_evm(self) -> EvmProof:
        """(ax, ay, bx_c1, bx_c0, by_c1, by_c0, cx, cy), as the contract and the precompiles read them."""
        (bx0, bx1), (by0, by1) = self.b
        return (*self.a, bx1, bx0, by1, by0, *self.c)

    @classmethod
    def from_evm(cls, words: Sequence[int]) -> Proof:
        """Inverse of `to_evm`; raises ProofMalformedError unless there are eight non-negative integers."""
        if len(words) != EVM_PROOF_WORDS or any(not isinstance(w, int) or w < 0 for w in words):
            raise ProofMalformedError(f"a proof is {EVM_PROOF_WORDS} words, each a non-negative integer")
        ax, ay, bx1, bx0, by1, by0, cx, cy = words
        return cls((ax, ay), ((bx0, bx1), (by0, by1)), (cx, cy))

    def to_json(self) -> dict[str, Any]:
        """Snarkjs `proof.json`."""
        return {
            "pi_a": _g1_json(self.a),
            "pi_b": _g2_json(self.b),
            "pi_c": _g1_json(self.c),
            "protocol": "groth16",
            "curve": "bn128",
        }

    @classmethod
    def from_json(cls, document: object) -> Proof:
        """Read snarkjs `proof.json`; raises ProofMalformedError."""
        members = _require_groth16(document, "proof", ProofMalformedError)
        return cls(
            _g1_from_json(members.get("pi_a"), "pi_a", ProofMalformedError),
            _g2_from_json(members.get("pi_b"), "pi_b", ProofMalformedError),
            _g1_from_json(members.get("pi_c"), "pi_c", ProofMalformedError),
        )


@dataclass(frozen=True)
class VerifyingKey:
    """What a verifier needs: e(A, B) = e(alpha, beta)·e(Σ inputᵢ·icᵢ, gamma)·e(C, delta), with input₀ = 1."""

    alpha_g1: G1Point
    beta_g2: G2Point
    gamma_g2: G2Point
    delta_g2: G2Point
    ic: tuple[G1Point, ...]

    @property
    def n_public(self) -> int:
        """Number of public inputs."""
        return len(self.ic) - 1

    def to_json(self) -> dict[str, Any]:
        """Snarkjs `verification_key.json` (without the pairing it caches, which nothing needs)."""
        return {
            "protocol": "groth16",
            "curve": "bn128",
            "nPublic": self.n_public,
            "vk_alpha_1": _g1_json(self.alpha_g1),
            "vk_beta_2": _g2_json(self.beta_g2),
            "vk_gamma_2": _g2_json(self.gamma_g2),
            "vk_delta_2": _g2_json(self.delta_g2),
            "IC": [_g1_json(point) for point in self.ic],
        }

    @classmethod
    def from_json(cls, document: object) -> VerifyingKey:
        """Read snarkjs `verification_key.json`; raises VerifyingKeyMalformedError."""
        error = VerifyingKeyMalformedError
        members = _require_groth16(document, "verifying key", error)
        ic = members.get("IC")
        if not isinstance(ic, list) or not ic or members.get("nPublic") != len(ic) - 1:
            raise error("the verifying key needs IC, a list of nPublic + 1 points")
        return cls(
            _g1_from_json(members.get("vk_alpha_1"), "vk_alpha_1", error),
            _g2_from_json(members.get("vk_beta_2"), "vk_beta_2", error),
            _g2_from_json(members.get("vk_gamma_2"), "vk_gamma_2", error),
            _g2_from_json(members.get("vk_delta_2"), "vk_delta_2", error),
            tuple(_g1_from_json(point, f"IC[{i}]", error) for i, point in enumerate(ic)),
        )


def require_well_formed_proof(proof: Proof) -> None:
    """Raise ProofMalformedError unless A, C are in G1 and B is on the twist (its subgroup: see `points`)."""
    faults = {"A": g1_fault(proof.a), "B": g2_fault(proof.b), "C": g1_fault(proof.c)}
    for name, fault in faults.items():
        if fault:
            raise ProofMalformedError(f"point {name} of the proof {fault}")


def require_well_formed_key(key: VerifyingKey) -> None:
    """Raise VerifyingKeyMalformedError unless every point is finite and on its curve."""
    faults = {
        "alpha": g1_fault(key.alpha_g1),
        "beta": g2_fault(key.beta_g2),
        "gamma": g2_fault(key.gamma_g2),
        "delta": g2_fault(key.delta_g2),
        **{f"IC[{i}]": g1_fault(point) for i, point in enumerate(key.ic)},
    }
    for name, fault in faults.items():
        if fault:
            raise VerifyingKeyMalformedError(f"point {name} of the verifying key {fault}")


def require_public_inputs(key: VerifyingKey, inputs: Sequence[int]) -> None:
    """Raise unless there are n_public inputs, each below r: x + r would be a second name for x."""
    if len(inputs) != key.n_public:
        raise PublicInputCountError(key.n_public, len(inputs))
    for i, value in enumerate(inputs):
        require_field_element(value, f"public input {i}")


def _require_groth16(document: object, what: str, error: type[ZkError]) -> Mapping[str, object]:
    if not isinstance(document, Mapping):
        raise error(f"the {what} is not a JSON object")
    if document.get("protocol") != "groth16" or document.get("curve") != "bn128":
        raise error(f'the {what} needs "protocol": "groth16" and "curve": "bn128"')
    return document


def _g1_json(point: G1Point) -> list[str]:
    return [str(point[0]), str(point[1]), "1"]


def _g2_json(point: G2Point) -> list[list[str]]:
    return [[str(c) for c in point[0]], [str(c) for c in point[1]], ["1", "0"]]


def _g1_from_json(value: object, name: str, error: type[ZkError]) -> G1Point:
    match value:
        case [x, y, "1"]:
            return _number(x, name, error), _number(y, name, error)
    raise error(f'{name} is not [x, y, "1"] with decimal strings')


def _g2_from_json(value: object, name: str, error: type[ZkError]) -> G2Point:
    match value:
        case [[x0, x1], [y0, y1], ["1", "0"]]:
            return (
                (_number(x0, name, error), _number(x1, name, error)),
                (_number(y0, name, error), _number(y1, name, error)),
            )
    raise error(f'{name} is not [[x0, x1], [y0, y1], ["1", "0"]] with decimal strings')


def _number(value: object, name: str, error: type[ZkError]) -> int:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise error(f"{name} has a coordinate that is not a decimal string: {value!r}")
    return int(value)
