"""The record of a ceremony: one JSON document whose hash the verifier contract carries.

It holds what is needed to check offline, without a node, circuit or powers, that the verifying key's δ is
the product of what the named people contributed, and α, β, τ likewise; with the hashes of the files that
the rest can be checked against (`tohyo zk ceremony verify`). Points are uncompressed hexadecimal, as they
were hashed.

    canonical bytes   JSON in UTF-8: members sorted, no blanks
    hash              keccak256 of the canonical bytes = `ceremonyTranscriptHash()`

Not shown by it: that the rest of the key (IC) belongs to the circuit, that contributors forgot their
secrets, and that two names are two people.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_utils.crypto import keccak

from zk.ceremony.curve_bytes import G1_BYTES, G2_BYTES, stored
from zk.ceremony.errors import CeremonyIncompleteError, TranscriptInvalidError
from zk.ceremony.group import G1, G2, Group, same_ratio
from zk.ceremony.key_check import verify_key_chain
from zk.ceremony.powers_check import verify_powers_chain
from zk.ceremony.transcript_hash import contribution_hash
from zk.errors import ZkError
from zk.field import BASE_FIELD, FIELD_BYTES, TWO_ADICITY
from zk.formats.contribution_records import (
    HASH_BYTES,
    PARTIAL_HASH_BYTES,
    Beacon,
    FirstPoints,
    KeyContribution,
    KeyProof,
    PowersContribution,
)
from zk.groth16.points import G2_GENERATOR
from zk.groth16.types import VerifyingKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from zk.groth16.points import G2Point

FORMAT = "tohyo-ceremony/1"
MIN_PEOPLE = 2
MAX_BYTES = 10_000_000
MAX_NESTING = 16
_SHA256_BYTES = 32
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # never goes back: one pass over any bytes
_HEX = re.compile(r"0x([0-9a-f]{2})*")


@dataclass(frozen=True)
class Transcript:
    """A finished ceremony. `circuit_hash` is what contributions start from; files are known by SHA-256."""

    circuit: str
    depth: int
    constraints: int
    circuit_hash: bytes
    ceremony_power: int
    r1cs_sha256: bytes
    powers_sha256: bytes
    zkey_sha256: bytes
    verifying_key: VerifyingKey
    powers: tuple[PowersContribution, ...]
    contributions: tuple[KeyContribution, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "format": FORMAT,
            "circuit": {
                "name": self.circuit,
                "depth": self.depth,
                "constraints": self.constraints,
                "hash": _hex(self.circuit_hash),
                "r1cs_sha256": _hex(self.r1cs_sha256),
            },
            "powers": {
                "power": self.ceremony_power,
                "sha256": _hex(self.powers_sha256),
                "contributions": [_powers_json(contribution) for contribution in self.powers],
            },
            "key": {
                "zkey_sha256": _hex(self.zkey_sha256),
                "verifying_key": self.verifying_key.to_json(),
                "contributions": [_contribution_json(contribution) for contribution in self.contributions],
            },
        }

    def canonical_bytes(self) -> bytes:
        """Return the one encoding that is hashed."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def hash(self) -> bytes:
        """keccak256 of the canonical bytes: what the verifier contract carries."""
        return bytes(keccak(self.canonical_bytes()))


def read_bounded(path: Path) -> bytes:
    """Read a transcript's bytes, and no more than make it too long."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def parse_transcript(content: bytes) -> Transcript:
    """Inverse of `canonical_bytes`: another spelling of the same document is refused."""
    if len(content) > MAX_BYTES:
        raise TranscriptInvalidError(f"it is longer than {MAX_BYTES:,} bytes")
    if _nesting(content) > MAX_NESTING:
        raise TranscriptInvalidError("it is nested too deeply")
    try:
        transcript = _from_json(json.loads(content.decode()))
        canonical = transcript.canonical_bytes()
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise TranscriptInvalidError(f"it cannot be read ({error!r})"[:300]) from error
    if canonical != content:
        raise TranscriptInvalidError("it is not in its canonical form")
    return transcript


def verify_transcript(transcript: Transcript) -> None:
    """Check everything that a transcript claims; raises a CeremonyError for the first fault."""
    for check in CHECKS.values():
        check(transcript)


def require_people(transcript: Transcript) -> None:
    """Raise CeremonyIncompleteError unless two people contributed to each phase, apart from beacons."""
    phases = {
        "powers of tau": people_of(transcript.powers),
        "circuit key": people_of(transcript.contributions),
    }
    for phase, people in phases.items():
        if len(people) < MIN_PEOPLE:
            raise CeremonyIncompleteError(
                f"{len(people)} contributed to the {phase}, not {MIN_PEOPLE} different people",
                hint="Whoever contributed alone could forge proofs. Let somebody else contribute as well.",
            )


def people_of(contributions: Sequence[PowersContribution | KeyContribution]) -> set[str]:
    """Names of those who contributed. Beacons are nobody, and who has no name is one nameless person."""
    return {
        " ".join(contribution.name.casefold().split())
        for contribution in contributions
        if contribution.beacon is None
    }


def _check_powers(transcript: Transcript) -> None:
    verify_powers_chain(transcript.powers, transcript.ceremony_power)


def _check_contributions(transcript: Transcript) -> None:
    verify_key_chain(transcript.circuit_hash, transcript.contributions)


def _check_key(transcript: Transcript) -> None:
    """Hold the key's α and β against the powers, its γ against 1, its δ against the last contribution."""
    key = transcript.verifying_key
    if not transcript.powers or not transcript.contributions:
        raise TranscriptInvalidError("it has no contributions to one of the phases")
    last = transcript.powers[-1].after
    if stored([key.alpha_g1]) != last.alpha_g1 or _stored_g2(key.beta_g2) != last.beta_g2:
        raise TranscriptInvalidError("α and β of the verifying key are not those of the powers of tau")
    if key.gamma_g2 != G2_GENERATOR:
        raise TranscriptInvalidError("γ of the verifying key is not 1")
    delta = transcript.contributions[-1].delta_after
    if not same_ratio((G1.stored_generator, delta), (G2.stored_generator, _stored_g2(key.delta_g2))):
        raise TranscriptInvalidError("δ of the verifying key is not that of the last contribution")


CHECKS: Mapping[str, Callable[[Transcript], None]] = {
    "contributions to the powers of tau": _check_powers,
    "contributions to the circuit key": _check_contributions,
    "the verifying key in the transcript": _check_key,
    "people who contributed": require_people,
}


def _nesting(content: bytes) -> int:
    """Count how deep JSON goes, before a parser that recurses sees it: a deep one would end the program."""
    depth = deepest = 0
    for byte in _STRING.sub(b"", content):
        depth += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, depth)
    return deepest


def _from_json(document: Any) -> Transcript:  # noqa: ANN401  JSON; what it lacks raises
    if document["format"] != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    circuit, powers, key = document["circuit"], document["powers"], document["key"]
    try:
        verifying_key = VerifyingKey.from_json(key["verifying_key"])
    except ZkError as error:
        raise ValueError(str(error)) from error
    return Transcript(
        circuit=_text(circuit["name"]),
        depth=_number(circuit["depth"], 1 << 10),
        constraints=_number(circuit["constraints"], 1 << TWO_ADICITY),
        circuit_hash=_bytes(circuit["hash"], HASH_BYTES),
        ceremony_power=_number(powers["power"], TWO_ADICITY),
        r1cs_sha256=_bytes(circuit["r1cs_sha256"], _SHA256_BYTES),
        powers_sha256=_bytes(powers["sha256"], _SHA256_BYTES),
        zkey_sha256=_bytes(key["zkey_sha256"], _SHA256_BYTES),
        verifying_key=verifying_key,
        powers=tuple(_powers_from_json(each) for each in powers["contributions"]),
        contributions=tuple(_contribution_from_json(each) for each in key["contributions"]),
    )


def _powers_json(contribution: PowersContribution) -> dict[str, Any]:
    return {
        **_origin_json(contribution),
        "after": {name: _point_hex(point) for name, point in contribution.after._asdict().items()},
        "proofs": [_proof_json(proof) for proof in contribution.proofs],
        "partial_hash": _hex(contribution.partial_hash),
        "next_challenge": _hex(contribution.next_challenge),
    }


def _powers_from_json(document: Any) -> PowersContribution:  # noqa: ANN401  as above
    tau, alpha, beta = (_proof_from_json(proof) for proof in document["proofs"])
    return PowersContribution(
        FirstPoints(
            **{
                name: _point(document["after"][name], G2 if name.endswith("_g2") else G1)
                for name in FirstPoints._fields
            }
        ),
        (tau, alpha, beta),
        _bytes(document["partial_hash"], PARTIAL_HASH_BYTES),
        _bytes(document["next_challenge"], HASH_BYTES),
        *_origin_from_json(document),
    )


def _contribution_json(contribution: KeyContribution) -> dict[str, Any]:
    return {
        **_origin_json(contribution),
        "delta_after": _point_hex(contribution.delta_after),
        "proof": _proof_json(contribution.proof),
        "transcript": _hex(contribution.transcript),
        "contribution_hash": _hex(contribution_hash(contribution)),
    }


def _contribution_from_json(document: Any) -> KeyContribution:  # noqa: ANN401  as above
    return KeyContribution(
        _point(document["delta_after"], G1),
        _proof_from_json(document["proof"]),
        _bytes(document["transcript"], HASH_BYTES),
        *_origin_from_json(document),
    )


def _proof_json(proof: KeyProof) -> dict[str, str]:
    return {name: _point_hex(getattr(proof, name)) for name in ("g1_s", "g1_sx", "g2_spx")}


def _proof_from_json(document: Any) -> KeyProof:  # noqa: ANN401  as above
    return KeyProof(
        _point(document["g1_s"], G1), _point(document["g1_sx"], G1), _point(document["g2_spx"], G2)
    )


def _origin_json(contribution: PowersContribution | KeyContribution) -> dict[str, Any]:
    beacon = contribution.beacon
    public = None if beacon is None else {"value": _hex(beacon.value), "exponent": beacon.exponent}
    return {"name": contribution.name, "beacon": public}


def _origin_from_json(document: Any) -> tuple[str, Beacon | None]:  # noqa: ANN401  as above
    name, beacon = _text(document["name"]), document["beacon"]
    if beacon is None:
        return name, None
    return name, Beacon(_bytes(beacon["value"]), _number(beacon["exponent"], 255))


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _bytes(text: object, size: int | None = None) -> bytes:
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise ValueError("a value is not 0x and lower-case hexadecimal digits")
    value = bytes.fromhex(text[2:])
    if size is not None and len(value) != size:
        raise ValueError(f"a value has {len(value)} bytes, not {size}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a name is not text")
    return value


def _number(value: object, maximum: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= maximum:
        raise ValueError(f"a number is not in [0, {maximum}]")
    return value


def _point_hex(point: bytes) -> str:
    return _hex((G1 if len(point) == G1_BYTES else G2).uncompressed(point))


def _point(text: object, group: Group) -> bytes:
    """Return a point in stored form. Whether it is a point is checked where it is used."""
    value = _bytes(text, group.size)
    coordinates = [
        int.from_bytes(value[i : i + FIELD_BYTES], "big") for i in range(0, group.size, FIELD_BYTES)
    ]
    if any(c >= BASE_FIELD for c in coordinates):
        raise ValueError("a coordinate is not below q")
    if group.size == G2_BYTES:
        x1, x0, y1, y0 = coordinates
        coordinates = [x0, x1, y0, y1]
    return stored([coordinates])


def _stored_g2(point: G2Point) -> bytes:
    (x0, x1), (y0, y1) = point
    return stored([(x0, x1, y0, y1)])
