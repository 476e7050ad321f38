"""Single-party Groth16 set-up: development keys, since whoever ran it could have kept the secrets.

    Aⱼ, Bⱼ, Cⱼ at τ from the columns of the R1CS in the Lagrange basis;  Kⱼ = β·Aⱼ + α·Bⱼ + Cⱼ
    key: [α]₁ [β]₁ [β]₂ [δ]₁ [δ]₂ [γ]₂  [Aⱼ]₁ [Bⱼ]₁ [Bⱼ]₂  [Kⱼ/γ]₁ public  [Kⱼ/δ]₁ private  [Lᵢ/δ]₁ odd
    2n-th roots

Source: Groth, eprint 2016/260, section 3.2; the basis of H as in snarkjs. The scalars are computed here;
the multiples of the generators by a back end, which is where the time goes: 4 points a wire and 1 a row,
one of them in G2.

Randomness is `secrets`; the scalars live in this process only, and Python cannot wipe them: another
reason why a real election needs a ceremony.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from zk.field import SCALAR_FIELD, batch_inverse, inverse, root_of_unity
from zk.groth16.proving_key import MATRIX_A, ProvingKey, qap_coefficients, qap_domain_size
from zk.groth16.types import VerifyingKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zk.circuit.r1cs import R1CS
    from zk.groth16.points import G1Point, G2Point
    from zk.groth16.proving_key import Coefficient

_CHUNK = 1024
_Point = TypeVar("_Point")


class GeneratorMultiples(Protocol):
    """Multiples of the generators; 0 gives None."""

    def g1_multiples(self, scalars: Sequence[int]) -> list[G1Point | None]:
        """[s]₁ for each s."""
        ...

    def g2_multiples(self, scalars: Sequence[int]) -> list[G2Point | None]:
        """[s]₂ for each s."""
        ...


@dataclass(frozen=True, repr=False)
class ToxicWaste:
    """The secrets of a set-up: whoever knows them forges proofs."""

    tau: int
    alpha: int
    beta: int
    gamma: int
    delta: int

    @classmethod
    def random(cls) -> ToxicWaste:
        """Draw five non-zero scalars."""
        return cls(*(1 + secrets.randbelow(SCALAR_FIELD - 1) for _ in range(5)))


def lagrange_at(tau: int, size: int, shift: int = 1) -> list[int]:
    """Evaluate at τ the Lagrange polynomials of the points shift·ωⁱ, ω of order `size`.

    With s = τ/shift: Lᵢ = (s^size − 1)·ωⁱ / (size·(s − ωⁱ)). Raises ZeroDivisionError if τ is one of the
    points.
    """
    scaled = tau * inverse(shift) % SCALAR_FIELD
    omega = root_of_unity(size.bit_length() - 1)
    points = [1]
    for _ in range(size - 1):
        points.append(points[-1] * omega % SCALAR_FIELD)
    factor = (pow(scaled, size, SCALAR_FIELD) - 1) * inverse(size) % SCALAR_FIELD
    inverses = batch_inverse([(scaled - point) % SCALAR_FIELD for point in points])
    return [
        factor * point % SCALAR_FIELD * i % SCALAR_FIELD for point, i in zip(points, inverses, strict=True)
    ]


def odd_lagrange_at(tau: int, size: int) -> list[int]:
    """Evaluate at τ the Lagrange polynomials of the 2·size-th roots of unity, those of odd index.

    They are those of the odd coset alone times (τⁿ − 1)/(−2): xⁿ − 1 is 0 on even points, −2 on odd ones.
    """
    shift = root_of_unity(size.bit_length())
    vanishing = (pow(tau, size, SCALAR_FIELD) - 1) * inverse(-2) % SCALAR_FIELD
    return [vanishing * value % SCALAR_FIELD for value in lagrange_at(tau, size, shift)]


def run_setup(
    r1cs: R1CS,
    group: GeneratorMultiples,
    waste: ToxicWaste | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ProvingKey:
    """Make a proving key; `waste` is fresh unless a test wants to look at it."""
    secret = waste or ToxicWaste.random()
    size = qap_domain_size(r1cs)
    coefficients = qap_coefficients(r1cs)
    a, b, k = _columns_at_tau(r1cs, coefficients, secret, lagrange_at(secret.tau, size))
    n_public_wires = r1cs.n_public + 1
    by_delta = inverse(secret.delta)
    multiples = _ProgressingMultiples(group, 4 * len(a) + size, on_progress)
    ic = multiples.g1([x * inverse(secret.gamma) % SCALAR_FIELD for x in k[:n_public_wires]])
    alpha_g1, beta_g1, delta_g1 = _finite(group.g1_multiples([secret.alpha, secret.beta, secret.delta]))
    beta_g2, gamma_g2, delta_g2 = _finite(group.g2_multiples([secret.beta, secret.gamma, secret.delta]))
    return ProvingKey(
        domain_size=size,
        n_wires=r1cs.n_wires,
        verifying_key=VerifyingKey(alpha_g1, beta_g2, gamma_g2, delta_g2, tuple(_finite(ic))),
        beta_g1=beta_g1,
        delta_g1=delta_g1,
        a_g1=tuple(multiples.g1(a)),
        b_g1=tuple(multiples.g1(b)),
        b_g2=tuple(multiples.g2(b)),
        c_g1=tuple(multiples.g1([x * by_delta % SCALAR_FIELD for x in k[n_public_wires:]])),
        h_g1=tuple(multiples.g1([x * by_delta % SCALAR_FIELD for x in odd_lagrange_at(secret.tau, size)])),
        coefficients=coefficients,
    )


def _columns_at_tau(
    r1cs: R1CS, coefficients: Sequence[Coefficient], secret: ToxicWaste, lagrange: Sequence[int]
) -> tuple[list[int], list[int], list[int]]:
    """Aⱼ(τ), Bⱼ(τ) and Kⱼ = β·Aⱼ + α·Bⱼ + Cⱼ for every wire j."""
    a, b, c = ([0] * r1cs.n_wires for _ in range(3))
    for matrix, row, wire, value in coefficients:
        column = a if matrix == MATRIX_A else b
        column[wire] += value * lagrange[row]
    for row, (_, _, terms) in enumerate(r1cs.rows()):
        for wire, value in terms:
            c[wire] += value * lagrange[row]
    k = [(secret.beta * x + secret.alpha * y + z) % SCALAR_FIELD for x, y, z in zip(a, b, c, strict=True)]
    return [x % SCALAR_FIELD for x in a], [x % SCALAR_FIELD for x in b], k


def _finite(points: Sequence[_Point | None]) -> list[_Point]:
    """Refuse the point at infinity where a key must not have it."""
    finite = [point for point in points if point is not None]
    if len(finite) != len(points):
        raise ArithmeticError("the set-up drew a zero: draw again")
    return finite


class _ProgressingMultiples:
    """Chunks the work so that a user sees it move."""

    def __init__(
        self, group: GeneratorMultiples, total: int, on_progress: Callable[[int, int], None] | None
    ) -> None:
        self._group = group
        self._done = 0
        self._total = total
        self._on_progress = on_progress

    def g1(self, scalars: Sequence[int]) -> list[G1Point | None]:
        return self._chunked(self._group.g1_multiples, scalars)

    def g2(self, scalars: Sequence[int]) -> list[G2Point | None]:
        return self._chunked(self._group.g2_multiples, scalars)

    def _chunked(
        self, multiples: Callable[[Sequence[int]], list[_Point]], scalars: Sequence[int]
    ) -> list[_Point]:
        points: list[_Point] = []
        for start in range(0, len(scalars), _CHUNK):
            chunk = scalars[start : start + _CHUNK]
            points += multiples(chunk)
            self._done += len(chunk)
            if self._on_progress is not None:
                self._on_progress(self._done, self._total)
        return points
