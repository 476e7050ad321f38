"""Circuits around one gadget, and ways to cheat in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from zk.circuit import R1CS, Circuit, ConstraintSystem, Linear, LinearCombination, compile_circuit
from zk.field import SCALAR_FIELD

Build = Callable[..., Linear | tuple[Linear, ...] | list[LinearCombination] | None]


def gadget_circuit(n_inputs: int, build: Build) -> Circuit:
    """Inputs x0, x1, … and, if the gadget returns something, a public input `out` that must equal it.

    A gadget with several results has public inputs out0, out1, …
    """
    n_results = result_count(n_inputs, build)
    names = [f"out{i}" for i in range(n_results)] if n_results > 1 else ["out"]

    def describe(cs: ConstraintSystem) -> None:
        outs = [cs.public_input(name) for name in names]
        for result, out in zip(results_of(cs, n_inputs, build), outs, strict=n_results > 0):
            cs.enforce_equal(result, out, "the result is out")

    return compile_circuit("gadget", describe)


def results_of(cs: ConstraintSystem, n_inputs: int, build: Build) -> tuple[Linear, ...]:
    result = build(cs, *(cs.private_input(f"x{i}") for i in range(n_inputs)))
    if result is None:
        return ()
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def result_count(n_inputs: int, build: Build) -> int:
    return len(results_of(ConstraintSystem(), n_inputs, build))


def named_inputs(circuit: Circuit, inputs: tuple[int, ...], out: int | tuple[int, ...]) -> dict[str, int]:
    outs = out if isinstance(out, tuple) else (out,)
    named = dict(zip(circuit.public_names, outs, strict=True))
    return {**named, **{f"x{i}": x for i, x in enumerate(inputs)}}


def accepts(circuit: Circuit, *inputs: int, out: int | tuple[int, ...] = 0) -> bool:
    witness = circuit.witness(named_inputs(circuit, inputs, out))
    return circuit.r1cs.broken_constraint(witness) is None


def cost_of(n_inputs: int, build: Build) -> int:
    cs = ConstraintSystem()
    build(cs, *(cs.private_input(f"x{i}") for i in range(n_inputs)))
    return cs.n_constraints


def without(r1cs: R1CS, meaning: str) -> R1CS:
    """The same system with the constraints of this meaning deleted; at least one."""
    kept = tuple(row for row in r1cs.constraints if not row.meaning.endswith(meaning))
    assert len(kept) < len(r1cs.constraints)
    return replace(r1cs, constraints=kept)


def loose_wires(circuit: Circuit, witness: list[int], step: int = 1) -> list[str]:
    """Names of the computed wires (every `step`-th) that can be changed alone without breaking anything."""
    first = 1 + len(circuit.public_names) + len(circuit.private_names)
    names = []
    for wire in range(first, len(witness), step):
        changed = list(witness)
        changed[wire] = (changed[wire] + 1) % SCALAR_FIELD
        if circuit.r1cs.broken_constraint(changed) is None:
            names.append(circuit.wire_names[wire])
    return names
