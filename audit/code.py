"""Whether the contracts on chain are the ones whose sources are here, and which key their proofs answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from web3.exceptions import Web3Exception

from audit.evidence import require_block
from audit.report import Where
from chain.code_check import compare_election_code, read_verifier
from chain.errors import ChainError
from zk.errors import ZkError

if TYPE_CHECKING:
    from web3 import Web3

    from audit.evidence import Evidence
    from audit.report import Examination
    from zk.groth16 import VerifyingKey

_NO_ANSWER = (ChainError, ZkError, Web3Exception)


def examine_code(w3: Web3, evidence: Evidence, examination: Examination) -> None:
    """Compare the code of contract, verifier and hasher with what the sources compile to."""
    where = Where(evidence.block.number)
    try:
        compared = compare_election_code(w3, evidence.contract, evidence.scheme, evidence.block.number)
    except _NO_ANSWER as failure:
        require_block(w3, evidence.block)
        examination.rules("code", where).that("a verifier rendered here", holds=False, found=failure)
        return
    for comparison in compared:
        examination.rules("code", where).that(
            f"{comparison.name} as compiled here",
            holds=comparison.matches,
            found=f"other code at {comparison.address}",
        )


def read_verifying_key(w3: Web3, evidence: Evidence) -> tuple[VerifyingKey | None, bytes]:
    """Return the key and the hash of its ceremony; no key if the verifier has none that makes sense."""
    try:
        return read_verifier(w3, evidence.state.verifier, evidence.scheme, evidence.block.number)
    except _NO_ANSWER:
        require_block(w3, evidence.block)
        return None, bytes(32)
