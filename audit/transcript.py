"""Whether the verifier's key comes from the key ceremony whose hash the verifier carries.

Needs the ceremony's transcript, a file that whoever ran the election publishes: the chain has only its
hash. Checks the record (`zk.ceremony.transcript`) and that its key is the one on chain. That the rest of
the key belongs to the circuit is checked with circuit and powers of tau, by `tohyo zk ceremony verify`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from audit.report import Where
from election.scheme import TRAITS
from zk.ceremony.errors import CeremonyError
from zk.ceremony.transcript import CHECKS, Transcript, parse_transcript

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.evidence import Evidence
    from audit.report import Examination, Rules
    from election.file import ElectionFile
    from zk.groth16 import VerifyingKey

CHECK = "key ceremony"
NOT_CHECKED = "the key ceremony was not checked: give its transcript with --transcript FILE"


def examine_transcript(
    content: bytes,
    on_chain: tuple[VerifyingKey | None, bytes],
    evidence: Evidence,
    election: ElectionFile,
    examination: Examination,
) -> None:
    """Hold a transcript against the key and the transcript hash of the verifier on chain."""
    key, transcript_hash = on_chain
    rules = examination.rules(CHECK, Where(evidence.block.number))
    found = bytes(keccak(content))
    rules.equal("the transcript's hash", expected=transcript_hash.hex(), found=found.hex())
    transcript = _parsed(content, rules)
    if transcript is None:
        return
    checks = CHECKS if found == transcript_hash else {}  # the beacons of another file may take hours to hash
    for what, check in checks.items():
        rules.that(f"sound: {what}", holds=not (fault := _fault(transcript, check)), found=fault or "sound")
    traits = TRAITS[evidence.scheme]
    rules.equal("the transcript's circuit", expected=traits.circuit, found=transcript.circuit)
    rules.equal("the transcript's depth", expected=election.depth, found=transcript.depth)
    same = key is not None and transcript.verifying_key == key
    rules.that("the verifying key of the transcript on chain", holds=same, found="another key")


def _parsed(content: bytes, rules: Rules) -> Transcript | None:
    try:
        transcript = parse_transcript(content)
    except CeremonyError as error:
        rules.that("a transcript that can be read", holds=False, found=error)
        return None
    rules.that("a transcript that can be read", holds=True, found="one")
    return transcript


def _fault(transcript: Transcript, check: Callable[[Transcript], None]) -> str:
    try:
        check(transcript)
    except CeremonyError as error:
        return str(error)
    return ""
