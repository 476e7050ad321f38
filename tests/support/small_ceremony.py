"""A whole ceremony over a circuit of a few constraints: 2⁴ powers, two people and a beacon in each phase."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from zk.ceremony.circuit_key import begin
from zk.ceremony.contributor import Contributor
from zk.ceremony.key_contribution import contribute_key
from zk.ceremony.lagrange import prepare
from zk.ceremony.powers import contribute_powers, new_powers
from zk.ceremony.transcript import Transcript
from zk.circuit import Circuit, ConstraintSystem, compile_circuit
from zk.field import SCALAR_FIELD
from zk.formats.contribution_records import Beacon
from zk.formats.key_sections import KeyFile
from zk.formats.ptau_file import PowersFile
from zk.formats.r1cs_file import pack_r1cs
from zk.formats.zkey_file import read_verifying_key

if TYPE_CHECKING:
    from pathlib import Path

POWER = 4
BEACON = Beacon(bytes.fromhex("0102030405060708"), 10)
PUBLIC = ("a", "b", "c", "d")  # as many as the vote circuit has


def describe_small(cs: ConstraintSystem) -> None:
    """a = x·y, b = (a + x)·(y + 7), c = x², d = (x + y + …)², and a wire that stands in no constraint."""
    a, b, c, d = (cs.public_input(name) for name in PUBLIC)
    x, y = cs.private_input("x"), cs.private_input("y")
    cs.private_input("unused")
    big = SCALAR_FIELD // 3
    square = cs.multiply(x, x)
    cs.enforce_product(x, y, a, "a is the product")
    cs.enforce_product(a + x, y + 7, b, "b is the shifted product")
    cs.enforce_equal(square, c, "c is the square")
    cs.enforce_product(x * big - y + 3, x * big - y + 3, d, "d is a square of a sum")


def small_circuit() -> Circuit:
    """Compile it."""
    return compile_circuit("small", describe_small)


def small_witness(circuit: Circuit) -> list[int]:
    """Compute a witness for random x and y."""
    x, y = (secrets.randbelow(SCALAR_FIELD) for _ in range(2))
    a, term = x * y, x * (SCALAR_FIELD // 3) - y + 3
    values = {"a": a, "b": (a + x) * (y + 7), "c": x * x, "d": term * term, "x": x, "y": y, "unused": 5}
    return circuit.witness({name: value % SCALAR_FIELD for name, value in values.items()})


@dataclass(frozen=True)
class Ceremony:
    """Files of a ceremony, in the order they were made."""

    folder: Path
    circuit: Circuit
    r1cs: Path
    powers: tuple[Path, ...]
    prepared: Path
    keys: tuple[Path, ...]


def person(name: str) -> Contributor:
    """Somebody who types their name."""
    return Contributor.person(name, name.encode())


def hold_ceremony(folder: Path) -> Ceremony:
    """Carry out both phases."""
    circuit = small_circuit()
    r1cs, prepared = folder / "small.r1cs", folder / "prepared.ptau"
    r1cs.write_bytes(pack_r1cs(circuit.r1cs))
    powers = tuple(folder / f"{i}.ptau" for i in range(4))
    keys = tuple(folder / f"{i}.zkey" for i in range(4))
    new_powers(powers[0], POWER)
    for old, new, who in zip(powers, powers[1:], contributors(), strict=False):
        contribute_powers(old, new, who)
    prepare(powers[-1], prepared)
    begin(circuit.r1cs, PowersFile(prepared), keys[0])
    for old, new, who in zip(keys, keys[1:], contributors(), strict=False):
        contribute_key(old, new, who)
    return Ceremony(folder, circuit, r1cs, powers, prepared, keys)


def contributors() -> tuple[Contributor, ...]:
    """Two people and a beacon."""
    return person("Ann"), person("花子"), Contributor.public_beacon("block 7", BEACON)


def transcript_of(ceremony: Ceremony, circuit: str = "small", depth: int = 1) -> Transcript:
    """Write the record of a ceremony, as `zk.ceremony.finish` does."""
    key, powers = KeyFile(ceremony.keys[-1]), PowersFile(ceremony.prepared)
    return Transcript(
        circuit=circuit,
        depth=depth,
        constraints=ceremony.circuit.n_constraints,
        circuit_hash=key.circuit_hash,
        ceremony_power=powers.ceremony_power,
        r1cs_sha256=sha256(ceremony.r1cs.read_bytes()).digest(),
        powers_sha256=sha256(ceremony.prepared.read_bytes()).digest(),
        zkey_sha256=sha256(ceremony.keys[-1].read_bytes()).digest(),
        verifying_key=read_verifying_key(ceremony.keys[-1]),
        powers=powers.contributions,
        contributions=key.contributions,
    )
