"""What names one election among all elections on all chains."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from zk.field import SCALAR_FIELD


def election_id(chain_id: int, contract: str, file_hash: bytes) -> int:
    """Return keccak256(abi.encode(uint256 chainId, address contract, bytes32 fileHash)) mod r.

    Proofs are bound to it: a ballot is worth nothing on another chain, contract or set of rules.
    """
    words = encode(["uint256", "address", "bytes32"], [chain_id, contract, file_hash])
    return int.from_bytes(keccak(words)) % SCALAR_FIELD
