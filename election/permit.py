"""The registrar's permission to deposit one commitment: a signature over EIP-712 typed data.

It is bound to chain, contract, commitment and deadline, and says nothing about the voter, so whoever sees it
learns only that the registrar agreed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from election.errors import PermitError, PermitOfAnotherCommitmentError, Problem
from election.fields import UINT256, DocumentReader
from election.source import decode_text, parse_json
from zk.field import SCALAR_FIELD, require_field_element

if TYPE_CHECKING:
    from pathlib import Path

    from eth_account.messages import SignableMessage
    from eth_account.signers.local import LocalAccount

FORMAT = "tohyo-permit/1"
DOMAIN_NAME, DOMAIN_VERSION = "tohyo", "1"
SIGNATURE_BYTES = 65
_SECP256K1_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_MEMBERS = ("format", "commitment", "deadline", "signature")
_TYPES = {
    "DepositPermit": [{"name": "commitment", "type": "uint256"}, {"name": "deadline", "type": "uint256"}]
}


def signer_of(message: SignableMessage, signature: bytes) -> str:
    """Return the address whose key signed; empty if no key can have: half of all numbers are no signature."""
    try:
        return str(Account.recover_message(message, signature=signature))
    except (BadSignature, ValidationError, ValueError):
        return ""


def permit_message(chain_id: int, contract: str, commitment: int, deadline: int) -> SignableMessage:
    """Return the typed data that a registrar signs and the contract rebuilds."""
    domain = {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": chain_id,
        "verifyingContract": contract,
    }
    return encode_typed_data(domain, _TYPES, {"commitment": commitment, "deadline": deadline})


def sign_permit(
    account: LocalAccount, chain_id: int, contract: str, commitment: int, deadline: int
) -> DepositPermit:
    """Sign a permit; `deadline` is in seconds since 1970, the last second in which it may be used.

    Raises:
        FieldElementOutOfRangeError: the commitment is not below r.

    """
    require_field_element(commitment, "commitment")
    signed = account.sign_message(permit_message(chain_id, contract, commitment, deadline))
    return DepositPermit(commitment, deadline, bytes(signed.signature))


@dataclass(frozen=True)
class DepositPermit:
    """A signed permission to deposit one commitment until a deadline."""

    commitment: int
    deadline: int
    signature: bytes

    def __post_init__(self) -> None:
        """Refuse numbers and signatures that the contract would refuse."""
        require_field_element(self.commitment, "commitment")
        if not 0 <= self.deadline < UINT256:
            raise PermitError([Problem(0, 0, "deadline: is out of range")])
        s = int.from_bytes(self.signature[32:64])
        if (
            len(self.signature) != SIGNATURE_BYTES
            or self.signature[64] not in {27, 28}
            or s > _SECP256K1_HALF_ORDER
        ):
            raise PermitError(
                [Problem(0, 0, "signature: is not a signature as the contract accepts it (65 bytes, low s)")]
            )

    def signer(self, chain_id: int, contract: str) -> str:
        """Return the address that signed this permit for an election's contract, empty if none can have."""
        message = permit_message(chain_id, contract, self.commitment, self.deadline)
        return signer_of(message, self.signature)

    def require_commitment(self, commitment: int) -> DepositPermit:
        """Return the permit if it is for this commitment.

        Raises:
            PermitOfAnotherCommitmentError: it is for another one.

        """
        if self.commitment != commitment:
            raise PermitOfAnotherCommitmentError(
                "The permit was given for another commitment.",
                hint="Use the permit that was made for this note, or the note that it was made for.",
            )
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the document that `from_json` reads."""
        return {
            "format": FORMAT,
            "commitment": str(self.commitment),
            "deadline": str(self.deadline),
            "signature": "0x" + self.signature.hex(),
        }

    @staticmethod
    def from_json(document: object) -> DepositPermit:
        """Read a permit from JSON values.

        Raises:
            PermitError: the document is malformed or holds a number out of range.

        """
        return DepositPermit.parse(json.dumps(document, indent=2))

    @staticmethod
    def parse(text: str, source: str = "") -> DepositPermit:
        """Read a permit from text.

        Raises:
            PermitError: the text is malformed or holds a number out of range; says where.

        """
        reader = DocumentReader(parse_json(text, PermitError, source), PermitError, source)
        reader.require_members(_MEMBERS)
        reader.literal("format", FORMAT)
        return DepositPermit(
            reader.number("commitment", SCALAR_FIELD),
            reader.number("deadline"),
            reader.data("signature", SIGNATURE_BYTES),
        )

    @staticmethod
    def load(path: Path) -> DepositPermit:
        """Read a permit from a file.

        Raises:
            PermitError: the file is malformed or holds a number out of range; says where.
            OSError: the file cannot be read.

        """
        return DepositPermit.parse(decode_text(path.read_bytes(), PermitError, str(path)), str(path))
