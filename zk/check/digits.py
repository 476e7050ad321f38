"""When Σ cᵢ·uᵢ = known determines every uᵢ: the rules `digits` and `canonical` of `uniqueness`.

With uᵢ = sᵢ + dᵢ·tᵢ and 0 ≤ tᵢ ≤ nᵢ, the sum is Σ ±kᵢ·tᵢ up to a constant, kᵢ = |cᵢ·dᵢ| for some choice of
integers congruent to the cᵢ·dᵢ.

    digits      If kᵢ > Σ_{j<i} kⱼ·nⱼ (superincreasing), different t give different integers: look at the
                highest place where they differ. If Σ kᵢ·nᵢ < p, the difference of two such integers is
                smaller than p, so sums that are equal mod p are equal.
    canonical   If all nᵢ = 1 but Σ kᵢ ≥ p, sums could differ by p, as x and x + p do. They cannot if every
                satisfying assignment has Σ kᵢ·tᵢ ≤ p − 1 (a t that counts down replaced by 1 − t).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zk.check.forms import symmetric

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zk.check.forms import Form
    from zk.check.ranges import Facts
    from zk.check.refutation import Refuter


class Digit(NamedTuple):
    """A part weight·t of a sum, 0 ≤ t ≤ most; `falling` if it is −weight·t."""

    weight: int
    most: int
    wire: int
    falling: bool


def determined_digits(equation: Form, facts: Facts) -> bool:
    """Whether the equation determines all its wires by the rule `digits`."""
    return any(
        is_superincreasing(digits) and sum(digit.weight * digit.most for digit in digits) < facts.modulus
        for digits in _readings(equation, facts)
    )


def canonical_digits(equation: Form, facts: Facts, refuter: Refuter) -> bool:
    """Whether the equation determines all its wires by the rule `canonical`."""
    return any(
        is_superincreasing(digits) and _stays_below(digits, facts, refuter)
        for digits in _readings(equation, facts)
    )


def is_superincreasing(digits: Iterable[Digit]) -> bool:
    """Whether each weight is more than all smaller ones together can make."""
    total = 0
    for digit in digits:
        if digit.weight <= total:
            return False
        total += digit.weight * digit.most
    return True


def _readings(equation: Form, facts: Facts) -> Iterator[list[Digit]]:
    """Read the equation's weights as integers, lowest first, in the ways that usually fit.

    Scaled so that the first or the last weight is 1, or not at all; as integers around 0 or from 0 to p.
    None if a wire has no range.
    """
    if any(wire not in facts.ranges for wire in equation):
        return
    ranges = [(wire, facts.ranges[wire]) for wire in equation]
    weights = [equation[wire] * found.step % facts.modulus for wire, found in ranges]
    if not all(weights):
        return
    for scale in dict.fromkeys(pow(w, -1, facts.modulus) for w in (weights[0], weights[-1], 1)):
        scaled = [weight * scale % facts.modulus for weight in weights]
        for integers in ([symmetric(weight, facts.modulus) for weight in scaled], scaled):
            yield sorted(
                Digit(abs(integer), found.most, wire, integer < 0)
                for integer, (wire, found) in zip(integers, ranges, strict=True)
            )


def _stays_below(digits: list[Digit], facts: Facts, refuter: Refuter) -> bool:
    """Whether Σ weight·t < p in every satisfying assignment, walking p − 1 from the top.

    Let ρ be what is left of p − 1 after the digits taken so far. A digit heavier than ρ must be 0: taking it
    has to be refuted, given the digits above. A digit that fits may be 0, and then all lower ones together
    weigh less than it, so the sum stays below p; or 1, and the walk goes on.
    """
    if any(digit.most != 1 for digit in digits):
        return False
    left = facts.modulus - 1
    try:
        for digit in reversed(digits):
            found = facts.ranges[digit.wire]
            none, one = found.start, found.start + found.step
            if digit.falling:
                none, one = one, none
            fits = digit.weight <= left
            if not fits and not refuter.refutes(digit.wire, one):
                return False
            left -= digit.weight if fits else 0
            if not refuter.assume(digit.wire, one if fits else none):
                return True  # no assignment goes on this way, and all that left it are below
    finally:
        refuter.forget()
    return True
