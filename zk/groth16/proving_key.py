"""What a Groth16 prover needs, as numbers; `zk.formats.zkey_file` writes and reads it.

Names and bases are those of snarkjs: A, B in the Lagrange basis over the n-th roots of unity, H in the
Lagrange basis over the odd 2n-th roots, so that no polynomial is ever divided. A wire that stands nowhere
has no point (None).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from zk.circuit.r1cs import R1CS
    from zk.groth16.points import G1Point, G2Point
    from zk.groth16.types import VerifyingKey

MATRIX_A, MATRIX_B = 0, 1


class Coefficient(NamedTuple):
    """One entry of matrix A (0) or B (1)."""

    matrix: int
    row: int
    wire: int
    value: int


@dataclass(frozen=True)
class ProvingKey:
    """A key for one circuit. `c_g1` starts at the first private wire."""

    domain_size: int
    n_wires: int
    verifying_key: VerifyingKey
    beta_g1: G1Point
    delta_g1: G1Point
    a_g1: tuple[G1Point | None, ...]
    b_g1: tuple[G1Point | None, ...]
    b_g2: tuple[G2Point | None, ...]
    c_g1: tuple[G1Point | None, ...]
    h_g1: tuple[G1Point | None, ...]
    coefficients: tuple[Coefficient, ...]

    @property
    def n_public(self) -> int:
        """Number of public inputs."""
        return self.verifying_key.n_public


def qap_domain_size(r1cs: R1CS) -> int:
    """Return the power of two that holds every row and one extra row per public wire and for the constant."""
    return 1 << max(1, (r1cs.n_constraints + r1cs.n_public).bit_length())


def qap_coefficients(r1cs: R1CS) -> tuple[Coefficient, ...]:
    """List A and B of every row, then the rows wire·0 = 0 of the public wires.

    Those rows make the A polynomials of the public wires independent, without which a proof could be
    moved from one public input to another (Parno, "A note on the unsoundness of vnTinyRAM's SNARK",
    eprint 2015/437).
    """
    entries = []
    for row, (a, b, _) in enumerate(r1cs.rows()):
        entries += [Coefficient(MATRIX_A, row, wire, value) for wire, value in a]
        entries += [Coefficient(MATRIX_B, row, wire, value) for wire, value in b]
    first = r1cs.n_constraints
    entries += [Coefficient(MATRIX_A, first + wire, wire, 1) for wire in range(r1cs.n_public + 1)]
    return tuple(entries)
