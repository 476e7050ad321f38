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
from chain.schemes import CONTRACTS
from zk.solidity import render_verifier, verifying_key_from_words

if TYPE_CHECKING:
    from web3 import Web3
    from web3.types import BlockIdentifier

    from election.scheme import Scheme
    from zk.groth16 import VerifyingKey


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


def read_verifier(
    w3: Web3, address: str, scheme: Scheme, block: BlockIdentifier = "latest"
) -> tuple[VerifyingKey, bytes]:
    """Return the key and transcript hash that the verifier at `address` answers with.

    Raises VerifyingKeyMalformedError, ContractError.
    """
    abi = contract(CONTRACTS[scheme].verifier).abi
    verifier = w3.eth.contract(address=w3.to_checksum_address(address), abi=abi)
    with typed_errors():
        words = verifier.functions.verifyingKey().call(block_identifier=block)
        transcript_hash = bytes(verifier.functions.ceremonyTranscriptHash().call(block_identifier=block))
    return verifying_key_from_words(words), transcript_hash


def compare_election_code(
    w3: Web3, address: str, scheme: Scheme, block: BlockIdentifier = "latest"
) -> tuple[CodeComparison, ...]:
    """Compare the election at `address`, the input that it keeps folded, its verifier and its hasher."""
    names = CONTRACTS[scheme]
    compiled = contract(names.election)
    code = _code(w3, address, block)
    if not code_matches(code, compiled):
        return (CodeComparison(names.election, address, matches=False),)
    election = w3.eth.contract(address=w3.to_checksum_address(address), abi=compiled.abi)
    with typed_errors():
        verifier = election.functions.verifier().call(block_identifier=block)
        hasher = election.functions.hasher().call(block_identifier=block)
        election_id = election.functions.electionId().call(block_identifier=block)
    key, transcript_hash = read_verifier(w3, verifier, scheme, block)
    rendered = compile_verifier(
        render_verifier(key, folded_input=names.folded_input, transcript_hash=transcript_hash)
    )
    is_bound = not names.keeps_folded_input or _keeps_folded(w3, verifier, election_id, code, block)
    hasher_code = _code(w3, hasher, block)
    return (
        CodeComparison(names.election, address, matches=is_bound),
        CodeComparison(
            "Groth16Verifier", verifier, matches=code_matches(_code(w3, verifier, block), rendered)
        ),
        CodeComparison(names.hasher, hasher, matches=code_matches(hasher_code, contract(names.hasher))),
    )


def _keeps_folded(w3: Web3, verifier: str, election_id: int, code: bytes, block: BlockIdentifier) -> bool:
    """Say whether Cream's constants hold the folded input of this election.

    It is an immutable without a getter: code that is ours, installed by another constructor, could carry
    another election's.
    """
    abi = contract("IVoteVerifier").abi
    folding = w3.eth.contract(address=w3.to_checksum_address(verifier), abi=abi).functions.foldInput
    with typed_errors():
        folded = folding(election_id).call(block_identifier=block)
    return set(folded) <= immutable_words(code, contract("Cream"))


def _code(w3: Web3, address: str, block: BlockIdentifier) -> bytes:
    with typed_errors():
        return bytes(w3.eth.get_code(w3.to_checksum_address(address), block))


def _masked(code: bytes, compiled: CompiledContract) -> bytes:
    masked = bytearray(code)
    for start, length in compiled.immutables:
        masked[start : start + length] = bytes(length)
    return bytes(masked)
