"""A ballot: a choice, the proof that an unnamed voter made it, and who may be paid for carrying it.

Everything a carrier could change is bound by the proof: in the scheme `cream` through its `signal`. A ballot
is identified by its nullifier hash, never by the bytes of its proof: those can be re-randomised by anybody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from election.errors import BallotError, Problem
from election.fields import UINT256, DocumentReader
from election.source import decode_text, parse_json
from zk.errors import ZkError
from zk.field import BASE_FIELD, SCALAR_FIELD, require_field_element
from zk.groth16 import Proof

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "tohyo-ballot/1"
_MEMBERS = ("format", "choice", "root", "nullifier_hash", "relayer", "fee", "proof")


def vote_signal(choice: int, relayer: str, fee: int) -> int:
    """Return keccak256(abi.encode(uint256 choice, address relayer, uint256 fee)) mod r."""
    words = encode(["uint256", "address", "uint256"], [choice, relayer, fee])
    return int.from_bytes(keccak(words)) % SCALAR_FIELD


@dataclass(frozen=True)
class BallotTerms:
    """What a ballot says, in any scheme; every number is in range from the start.

    `choice` stands for the candidate, whether a scheme proves the number or the candidate's account.

    Raises:
        FieldElementOutOfRangeError: root or nullifier hash is not below r.
        BallotError: another number is out of range.

    """

    choice: int
    root: int
    nullifier_hash: int
    relayer: str
    fee: int

    def __post_init__(self) -> None:
        """Refuse what no verifier may see: x + r is another number with the same residue."""
        require_field_element(self.root, "root")
        require_field_element(self.nullifier_hash, "nullifier hash")
        for name, value in (("choice", self.choice), ("fee", self.fee)):
            if not 0 <= value < UINT256:
                raise BallotError([Problem(0, 0, f"{name}: is out of range")])


@dataclass(frozen=True)
class Ballot(BallotTerms):
    """One vote on its way to the contract. What its proof must show: `election.cryptography`."""

    proof: Proof

    def __post_init__(self) -> None:
        """Refuse a proof of numbers that no verifier may see."""
        super().__post_init__()
        if not all(0 <= coordinate < BASE_FIELD for coordinate in self.proof.to_evm()):
            raise BallotError([Problem(0, 0, "proof: a coordinate is out of range: it must be less than q")])

    def to_json(self) -> dict[str, Any]:
        """Return the document that `from_json` reads."""
        return {
            "format": FORMAT,
            "choice": str(self.choice),
            "root": str(self.root),
            "nullifier_hash": str(self.nullifier_hash),
            "relayer": self.relayer,
            "fee": str(self.fee),
            "proof": self.proof.to_json(),
        }

    @staticmethod
    def from_json(document: object) -> Ballot:
        """Read a ballot from JSON values.

        Raises:
            BallotError: the document is malformed or holds a number out of range.

        """
        return Ballot.parse(json.dumps(document, indent=2))

    @staticmethod
    def parse(text: str, source: str = "") -> Ballot:
        """Read a ballot from text.

        Raises:
            BallotError: the text is malformed or holds a number out of range; says where.

        """
        reader = DocumentReader(parse_json(text, BallotError, source), BallotError, source)
        reader.require_members(_MEMBERS)
        reader.literal("format", FORMAT)
        return Ballot(
            choice=reader.number("choice"),
            root=reader.number("root", SCALAR_FIELD),
            nullifier_hash=reader.number("nullifier_hash", SCALAR_FIELD),
            relayer=reader.address("relayer"),
            fee=reader.number("fee"),
            proof=_read_proof(reader),
        )

    @staticmethod
    def load(path: Path) -> Ballot:
        """Read a ballot from a file.

        Raises:
            BallotError: the file is malformed or holds a number out of range; says where.
            OSError: the file cannot be read.

        """
        return Ballot.parse(decode_text(path.read_bytes(), BallotError, str(path)), str(path))


def _read_proof(reader: DocumentReader) -> Proof:
    try:
        return Proof.from_json(reader.member("proof"))
    except ZkError as failure:
        reader.refuse("proof", str(failure))
