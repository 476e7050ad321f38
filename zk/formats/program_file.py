"""The witness program as a file of a few bytes a step; `web/witness.mjs` runs it in a browser or in Node.

    magic      "twpg", then the version as u32 (little-endian, as all fixed-width numbers here)
    wires      varint: length of the witness; wire 0 is the constant 1
    public     varint: how many of the inputs are public
    inputs     varint count; each a varint length and that many bytes of UTF-8, public ones first
    numbers    varint count; each 32 bytes: the coefficients, once each
    sums       varint count; each a varint count of terms, a term being two varints, (wire, place in numbers)
    steps      varint count; each one byte and varints, which are places in sums unless another name says so

        0  product    a b        w ← a·b
        1  remainder  a b c      w ← a·b − c
        2  inverse    a          w ← 1/a, or 0 if a = 0
        3  quotient   a b        w ← a/b, or 0 if b = 0
        4  bits       a count    w, w+1, … ← the `count` lowest bits of a as an integer in [0, r)

Inputs take the first wires after the constant, and each step the next ones, so that a sum which names a
wire of the future is a malformed file. A varint is unsigned LEB128, at most five bytes.

Steps are those of `zk.circuit.program`. The file holds no secret, and nobody has to trust it: a wrong
program gives a witness that the constraints refuse.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from zk.circuit.program import Operation
from zk.formats.container import element_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zk.circuit import Circuit
    from zk.circuit.evaluation import Terms
    from zk.circuit.program import Step

MAGIC = b"twpg"
VERSION = 1
PROGRAM_SUFFIX = ".program"

_SEVEN_BITS = 0x7F
_PRODUCT, _REMAINDER, _INVERSE, _QUOTIENT, _BITS = range(5)


def pack_program(circuit: Circuit) -> bytes:
    """Encode the program of a circuit; the same circuit gives the same bytes."""
    writer = _Writer(circuit)
    steps = b"".join([writer.step(step) for step in circuit.steps])
    names = [name.encode() for name in (*circuit.public_names, *circuit.private_names)]
    return b"".join(
        (
            MAGIC,
            struct.pack("<I", VERSION),
            _varints(circuit.r1cs.n_wires, len(circuit.public_names), len(names)),
            *(_varints(len(name)) + name for name in names),
            _varints(len(writer.numbers)),
            *map(element_bytes, writer.numbers),
            _varints(len(writer.sums)),
            *(_varints(len(terms) // 2, *terms) for terms in writer.sums),
            _varints(len(circuit.steps)),
            steps,
        )
    )


class _Writer:
    """Numbers the coefficients and sums in the order in which the steps need them."""

    def __init__(self, circuit: Circuit) -> None:
        self._combinations = circuit.r1cs.combinations
        self._next_wire = 1 + len(circuit.public_names) + len(circuit.private_names)
        self.numbers: dict[int, int] = {}
        self.sums: dict[tuple[int, ...], int] = {}

    def step(self, step: Step) -> bytes:
        if step.wire != self._next_wire:
            raise ValueError(f"the step for wire {step.wire} stands where wire {self._next_wire} is due")
        self._next_wire += step.right if step.operation is Operation.BITS else 1
        left = self._sum(self._combinations[step.left])
        if step.operation is Operation.BITS:
            return _operation(_BITS, left, step.right)
        if step.operation is Operation.INVERSE:
            return _operation(_INVERSE, left)
        right = self._sum(self._combinations[step.right])
        if step.operation is Operation.QUOTIENT:
            return _operation(_QUOTIENT, left, right)
        rest = [(wire, value) for wire, value in self._combinations[step.rest] if wire != step.wire]
        return (
            _operation(_REMAINDER, left, right, self._sum(rest))
            if rest
            else _operation(_PRODUCT, left, right)
        )

    def _sum(self, terms: Terms | Iterable[tuple[int, int]]) -> int:
        key = tuple(
            number
            for wire, value in terms
            for number in (wire, self.numbers.setdefault(value, len(self.numbers)))
        )
        return self.sums.setdefault(key, len(self.sums))


def _operation(code: int, *operands: int) -> bytes:
    return bytes((code,)) + _varints(*operands)


def _varints(*values: int) -> bytes:
    """Unsigned LEB128: seven bits a byte, lowest first, the top bit set on all but the last."""
    encoded = bytearray()
    for value in values:
        rest = value
        while rest > _SEVEN_BITS:
            encoded.append(rest & _SEVEN_BITS | _SEVEN_BITS + 1)
            rest >>= 7
        encoded.append(rest)
    return bytes(encoded)
