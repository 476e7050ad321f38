"""Whether code on chain is what our sources compile to.

Immutables, which differ between elections, are masked; the verifier is rendered again from the key that it
answers with, so that one comparison settles what it verifies. Not decided here: whether the key itself is to
be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.compiler import CompiledContract, compile_verifier, contract
from chain.connection import typed_errors
from chain.deploy import FOLDED_INPUT
from zk.solidity import render_verifier, verifying_key_from_words

if TYPE_CHECKING:
    from web3 import Web3
    from web3.types import BlockIdentifier


@dataclass(frozen=True)
class CodeComparison:
    """One contract of an election, and whether its code equals `name` as compiled here."""

    name: str
    address: str
    matches: bool


def code_matches(code: bytes, compiled: CompiledContract) -> bool:
    """Compare runtime code with a compiled contract, immutables aside."""
    return len(code) == len(compiled.runtime) and _masked(code, compiled) == _masked(
        compiled.runtime, compiled
    )


def immutable_words(code: bytes, compiled: CompiledContract) -> set[int]:
    """Return the values that stand where `compiled` has immutables."""
    return {int.from_bytes(code[start : start + length]) for start, length in compiled.immutables}


def expected_verifier(w3: Web3, address: str, block: BlockIdentifier = "latest") -> CompiledContract:
    """Compile the verifier of the key and transcript hash that the contract at `address` answers with.

    Raises VerifyingKeyMalformedError, ContractError.
    """
    verifier = w3.eth.contract(address=w3.to_checksum_address(address), abi=contract("IVoteVerifier").abi)
    with typed_errors():
        words = verifier.functions.verifyingKey().call(block_identifier=block)
        transcript_hash = bytes(verifier.functions.ceremonyTranscriptHash().call(block_identifier=block))
    key = verifying_key_from_words(words)
    return compile_verifier(render_verifier(key, folded_input=FOLDED_INPUT, transcript_hash=transcript_hash))


def compare_election_code(
    w3: Web3, address: str, block: BlockIdentifier = "latest"
) -> tuple[CodeComparison, ...]:
    """Compare Cream at `address`, the input it verifies with folded, and the verifier and hasher it names.

    The folded input is an immutable without a getter: code that is ours, installed by another constructor,
    could carry
    another election's, so it is looked up among the immutables.
    """
    cream = contract("Cream")
    code = _code(w3, address, block)
    if not code_matches(code, cream):
        return (CodeComparison("Cream", address, matches=False),)
    election = w3.eth.contract(address=w3.to_checksum_address(address), abi=cream.abi)
    with typed_errors():
        verifier = election.functions.verifier().call(block_identifier=block)
        hasher = election.functions.hasher().call(block_identifier=block)
        election_id = election.functions.electionId().call(block_identifier=block)
    verifier_code = expected_verifier(w3, verifier, block)
    rendered = w3.eth.contract(address=verifier, abi=contract("IVoteVerifier").abi)
    with typed_errors():
        folded = rendered.functions.foldInput(election_id).call(block_identifier=block)
    return (
        CodeComparison("Cream", address, matches=set(folded) <= immutable_words(code, cream)),
        CodeComparison(
            "Groth16Verifier", verifier, matches=code_matches(_code(w3, verifier, block), verifier_code)
        ),
        CodeComparison(
            "PoseidonT3", hasher, matches=code_matches(_code(w3, hasher, block), contract("PoseidonT3"))
        ),
    )


def _code(w3: Web3, address: str, block: BlockIdentifier) -> bytes:
    with typed_errors():
        return bytes(w3.eth.get_code(w3.to_checksum_address(address), block))


def _masked(code: bytes, compiled: CompiledContract) -> bytes:
    masked = bytearray(code)
    for start, length in compiled.immutables:
        masked[start : start + length] = bytes(length)
    return bytes(masked)
