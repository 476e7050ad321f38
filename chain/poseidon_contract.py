"""Writes `contracts/generated/PoseidonT3.sol`, Poseidon of two inputs, from `chain.poseidon_algebra`.

Additions are plain `add`: every product is below r, at most five values below r are summed, and 5·r < 2²⁵⁶,
so nothing wraps; `mulmod` takes the unreduced sums. `_combination` refuses to emit a longer one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.hash_contract import MAX_TERMS, render_hash_contract
from chain.poseidon_algebra import FullLayer, PartialRound, Schedule, schedule
from zk.field import SCALAR_FIELD

if TYPE_CHECKING:
    from zk.matrix import Row
    from zk.poseidon_parameters import PoseidonParameters


def _word(value: int) -> str:
    return f"0x{value:x}"


def _product(coefficient: int, term: str) -> str:
    return term if coefficient == 1 else f"mulmod({_word(coefficient)}, {term}, r)"


def _sum(terms: list[str]) -> str:
    nested = terms[-1]
    for term in reversed(terms[:-1]):
        nested = f"add({term}, {nested})"
    return nested


def _combination(row: Row, lanes: tuple[str, ...], constant: int, bounds: tuple[int, ...] = (1, 1, 1)) -> str:
    """Σ row[j]·lanes[j] + constant, where lane j is below bounds[j]·r."""
    kept = [(m, lane, bound) for m, lane, bound in zip(row, lanes, bounds, strict=True) if m]
    terms = [_product(m, lane) for m, lane, _ in kept]
    size = sum(bound if m == 1 else 1 for m, _, bound in kept)
    if constant:
        terms.append(_word(constant))
        size += 1
    if size > MAX_TERMS:
        raise ArithmeticError("the sum could pass 2^256")
    return _sum(terms)


def _sbox(lane: str) -> str:
    return f"{{ let q := mulmod({lane}, {lane}, r) {lane} := mulmod({lane}, mulmod(q, q, r), r) }}"


def _full_layer(layer: FullLayer, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> list[str]:
    return [
        f"{output} := {_combination(row, inputs, constant)}"
        for output, row, constant in zip(outputs, layer.rows, layer.constants, strict=True)
    ]


def _without_capacity(layer: FullLayer, capacity: int) -> FullLayer:
    """Move lane 0, whose first S-box output is the same for every input, into the constants."""
    constants = [
        (row[0] * capacity + c) % SCALAR_FIELD for row, c in zip(layer.rows, layer.constants, strict=True)
    ]
    return FullLayer(tuple((0, *row[1:]) for row in layer.rows), tuple(constants))


def _partial_round(coefficients: PartialRound, z1: str, z2: str) -> list[str]:
    """One round. Bounds: z2 < 2r, so the new z1 < 4r and u < 5r. The caller then swaps z1 and z2."""
    fed_back = [_product(coefficients.a, "y"), _product(coefficients.b, z1), z2]
    return [
        "{ let q := mulmod(a0, a0, r) let y := mulmod(a0, mulmod(q, q, r), r)",
        f"a0 := add(y, {z1})",
        f"{z2} := {_sum(fed_back)}",
        (
            f"{z1} := add(mulmod({_word(coefficients.c)}, add(y, {_word(coefficients.kappa)}), r), "
            f"{_product(coefficients.d, z1)}) }}"
        ),
    ]


def _opening(plan: Schedule) -> list[str]:
    now, then = ("a0", "a1", "a2"), ("b0", "b1", "b2")
    left, right = plan.input_constants
    lines = [f"let a1 := add(left, {_word(left)})", f"let a2 := add(right, {_word(right)})"]
    lines += ["let a0", "let b0", "let b1", "let b2"]
    layers = [_without_capacity(plan.opening[0], plan.capacity_sbox), *plan.opening[1:]]
    for number, layer in enumerate(layers):
        lines += [_sbox(lane) for lane in (now if number else now[1:])]
        lines += _full_layer(layer, now, then)
        now, then = then, now
    return [*lines, f"{now[2]} := mod({now[2]}, r)"]  # the partial rounds want z2 < 2r


def _middle(plan: Schedule) -> list[str]:
    z1, z2 = "a1", "a2"
    lines = []
    for coefficients in plan.partial:
        lines += _partial_round(coefficients, z1, z2)
        z1, z2 = z2, z1
    lines.append(_sbox("a0"))
    for output, row, constant in zip(
        ("b0", "b1", "b2"), plan.leaving.rows, plan.leaving.constants, strict=True
    ):
        lines.append(f"{output} := {_combination(row, ('a0', z1, z2), constant, bounds=(1, 4, 2))}")
    return lines


def _closing(plan: Schedule) -> list[str]:
    now, then = ("b0", "b1", "b2"), ("a0", "a1", "a2")
    lines = []
    for layer in plan.closing[:-1]:
        lines += [_sbox(lane) for lane in now]
        lines += _full_layer(layer, now, then)
        now, then = then, now
    lines += [_sbox(lane) for lane in now]
    lines.append(f"digest := mod({_combination(plan.closing[-1].rows[0], now, 0)}, r)")
    return lines


def render_poseidon(instance: PoseidonParameters) -> str:
    """Write the Solidity source of PoseidonT3."""
    plan = schedule(instance)
    lines = [*_opening(plan), *_middle(plan), *_closing(plan)]
    return render_hash_contract(
        name="PoseidonT3",
        title="Poseidon",
        function="hash",
        source="chain/poseidon_contract.py",
        loops="no loops",
        body="\n".join(" " * 12 + line for line in lines),
    )
