"""The records of contributions inside `.ptau` (section 7) and `.zkey` (section 10), as snarkjs writes them.

Points stay as bytes, in stored form: what they mean is judged by `zk.ceremony`. A record ends with
parameters, each a number and its value, in ascending order: 1 the contributor's name, 2 and 3 exponent and
value of a beacon.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from zk.formats.container import FileMalformedError, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_BYTES = 64
PARTIAL_HASH_BYTES = 216
_G1, _G2 = 64, 128
_NAME, _EXPONENT, _BEACON = 1, 2, 3
_CONTRIBUTOR, _PUBLIC_BEACON = 0, 1
MAX_NAME_BYTES = 255


@dataclass(frozen=True)
class Beacon:
    """A public value that nobody could know in advance, hashed 2^exponent times."""

    value: bytes
    exponent: int


@dataclass(frozen=True)
class KeyProof:
    """Public key of a secret x with its proof of knowledge: P, x·P in G1 and x·Q in G2, Q from a hash."""

    g1_s: bytes
    g1_sx: bytes
    g2_spx: bytes


@dataclass(frozen=True)
class KeyContribution:
    """One step of phase 2: δ became delta_after."""

    delta_after: bytes
    proof: KeyProof
    transcript: bytes
    name: str
    beacon: Beacon | None = None


class FirstPoints(NamedTuple):
    """What powers of tau begin with, apart from the generators."""

    tau_g1: bytes
    tau_g2: bytes
    alpha_g1: bytes
    beta_g1: bytes
    beta_g2: bytes


@dataclass(frozen=True)
class PowersContribution:
    """One step of phase 1: the first points after it, and proofs for τ, α, β."""

    after: FirstPoints
    proofs: tuple[KeyProof, KeyProof, KeyProof]
    partial_hash: bytes
    next_challenge: bytes
    name: str
    beacon: Beacon | None = None


def pack_key_contributions(circuit_hash: bytes, contributions: Sequence[KeyContribution]) -> bytes:
    """Encode section 10 of a `.zkey`."""
    parts = [circuit_hash, struct.pack("<I", len(contributions))]
    for c in contributions:
        parts += [c.delta_after, c.proof.g1_s, c.proof.g1_sx, c.proof.g2_spx, c.transcript, _pack_origin(c)]
    return b"".join(parts)


def read_key_contributions(reader: Reader) -> tuple[bytes, tuple[KeyContribution, ...]]:
    """Decode section 10 of a `.zkey` into the circuit's hash and the contributions."""
    circuit_hash = reader.take(HASH_BYTES)
    contributions = []
    for _ in range(reader.u32()):
        delta_after = reader.take(_G1)
        proof = KeyProof(reader.take(_G1), reader.take(_G1), reader.take(_G2))
        transcript = reader.take(HASH_BYTES)
        contributions.append(KeyContribution(delta_after, proof, transcript, *_read_origin(reader)))
    reader.require_end()
    return circuit_hash, tuple(contributions)


def pack_powers_contributions(contributions: Sequence[PowersContribution]) -> bytes:
    """Encode section 7 of a `.ptau`."""
    parts = [struct.pack("<I", len(contributions))]
    for c in contributions:
        parts += c.after
        parts += [point for proof in c.proofs for point in (proof.g1_s, proof.g1_sx)]
        parts += [proof.g2_spx for proof in c.proofs]
        parts += [c.partial_hash, c.next_challenge, _pack_origin(c)]
    return b"".join(parts)


def read_powers_contributions(reader: Reader) -> tuple[PowersContribution, ...]:
    """Decode section 7 of a `.ptau`."""
    contributions = tuple(_read_powers_contribution(reader) for _ in range(reader.u32()))
    reader.require_end()
    return contributions


def _read_powers_contribution(reader: Reader) -> PowersContribution:
    after = FirstPoints(*(reader.take(size) for size in (_G1, _G2, _G1, _G1, _G2)))
    g1 = [reader.take(_G1) for _ in range(6)]
    g2 = [reader.take(_G2) for _ in range(3)]
    tau, alpha, beta = (KeyProof(g1[2 * i], g1[2 * i + 1], g2[i]) for i in range(3))
    hashes = reader.take(PARTIAL_HASH_BYTES), reader.take(HASH_BYTES)
    return PowersContribution(after, (tau, alpha, beta), *hashes, *_read_origin(reader))


def _pack_origin(contribution: KeyContribution | PowersContribution) -> bytes:
    name, beacon = contribution.name.encode(), contribution.beacon
    parameters = bytes([_NAME, len(name)]) + name if name else b""
    if beacon is not None:
        parameters += bytes([_EXPONENT, beacon.exponent, _BEACON, len(beacon.value)]) + beacon.value
    kind = _CONTRIBUTOR if beacon is None else _PUBLIC_BEACON
    return struct.pack("<II", kind, len(parameters)) + parameters


def _read_origin(reader: Reader) -> tuple[str, Beacon | None]:
    """Read name and beacon; refuses what snarkjs would refuse, and a beacon without its parameters."""
    kind = reader.u32()
    parameters = Reader(reader.take(reader.u32()), reader.what)
    values: dict[int, bytes] = {}
    while not parameters.at_end():
        (number,) = parameters.take(1)
        if number not in (_NAME, _EXPONENT, _BEACON) or number <= max(values, default=0):
            raise FileMalformedError(reader.what, f"has a parameter {number} where none may stand")
        size = 1 if number == _EXPONENT else parameters.take(1)[0]
        values[number] = parameters.take(size)
    if kind not in (_CONTRIBUTOR, _PUBLIC_BEACON) or (kind == _PUBLIC_BEACON) != (_BEACON in values):
        raise FileMalformedError(reader.what, "has a contribution that is neither a person's nor a beacon's")
    if (_EXPONENT in values) != (_BEACON in values):
        raise FileMalformedError(reader.what, "has half a beacon")
    beacon = Beacon(values[_BEACON], values[_EXPONENT][0]) if _BEACON in values else None
    try:
        return values.get(_NAME, b"").decode(), beacon
    except UnicodeDecodeError as error:
        raise FileMalformedError(reader.what, "has a name that is no UTF-8 text") from error
