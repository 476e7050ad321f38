"""Writes `contracts/generated/MiMCSponge.sol`, classic CREAM's tree hash, from the constants of `zk.mimc`.

One round is b ← b + (a + cᵢ)⁵, after which a and b change places; here they change names instead. Each lane
is kept with the constant of its next round added, so that a round takes the fifth power of a lane as it
stands and adds one number: b + cᵢ₋₁ becomes b + (a + cᵢ)⁵ + cᵢ₊₁ with the number cᵢ₊₁ − cᵢ₋₁. First and
last constants are 0, so what goes in and comes out carries none.

Sums are left unreduced while they are below MAX_TERMS · r, which is below 2²⁵⁶; `mulmod` and `addmod` take
them so.
"""

from __future__ import annotations

from string import Template

from chain.hash_contract import MAX_TERMS, render_hash_contract
from zk.field import SCALAR_FIELD
from zk.mimc import sponge_constants

_BODY = Template("""\
            let a := left
            let b := 0
            for { let pass := 0 } 1 { pass := 1 } {
$rounds
                // the last round changes no places, so the rate is b
                if pass {
                    digest := mod(b, r)
                    break
                }
                let rate := addmod(b, right, r)
                b := mod(a, r)
                a := rate
            }""")


def _round(lane: str, other: str, number: int, *, reduces: bool) -> str:
    """`lane` + `other`⁵ + `number` in place of `lane`."""
    fifth = f"mulmod(mulmod(q, q, r), {other}, r)"
    if reduces:
        updated = f"addmod({lane}, add(0x{number:x}, {fifth}), r)"
    else:
        updated = f"add(add({lane}, 0x{number:x}), {fifth})"
    return f"{{ let q := mulmod({other}, {other}, r) {lane} := {updated} }}"


def render_mimc_sponge() -> str:
    """Write the Solidity source of MiMCSponge."""
    constants = sponge_constants()
    after = (*constants[1:], 0)
    before = (0, *constants[:-1])
    bounds = {"a": 1, "b": 1}  # in multiples of r
    lines = []
    for i, (now, last) in enumerate(zip(after, before, strict=True)):
        other, lane = ("a", "b") if i % 2 == 0 else ("b", "a")
        reduces = bounds[lane] + 2 > MAX_TERMS  # the power and the number
        bounds[lane] = 1 if reduces else bounds[lane] + 2
        lines.append(_round(lane, other, (now - last) % SCALAR_FIELD, reduces=reduces))
    return render_hash_contract(
        name="MiMCSponge",
        title="MiMCSponge",
        function="compress",
        source="chain/mimc_contract.py",
        loops="no inner loops",
        body=_BODY.substitute(rounds="\n".join(" " * 16 + line for line in lines)),
    )
