"""Recounting an election from the chain alone, as a stranger would who trusts nobody who ran it.

Needs a node and the contract's address. Trusts this program's own sources (the contracts' code is
compared with what they compile to), and the node only where its answers agree with one another. One limit
remains: a node that hides the whole chain, or a fork of it, cannot be found out by asking that node
alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.code import examine_code, read_verifying_key
from audit.errors import AuditImpossibleError
from audit.evidence import gather
from audit.recount import Recount, place_of
from audit.report import AnchoredLog, AuditReport, Examination
from audit.standing import examine_parameters, examine_state, expected_ether, unexplained_accounts
from audit.transcript import NOT_CHECKED, examine_transcript
from election.errors import ElectionFileError
from election.file import ElectionFile, parse_election_file
from election.phase import Phase, phase_at
from zk.development import development_warning
from zk.errors import ZkError
from zk.proving import StatementVerifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from web3 import Web3

    from audit.evidence import Evidence
    from zk.circuits import Statement
    from zk.groth16 import Proof, VerifyingKey

    Progress = Callable[[int, int], None]

READING, PROVING, WHOLE = 300, 650, 1000  # shares of the work, as the progress bar shows them


def audit_election(
    w3: Web3,
    address: str,
    on_progress: Progress | None = None,
    *,
    to_block: int | None = None,
    transcript: bytes | None = None,
) -> AuditReport:
    """Recount an election as it stood at `to_block`, or at the newest block, and check all that it claims.

    `transcript` is the file of the ceremony that made the keys; without it they are taken as they are.

    Raises:
        AuditImpossibleError: no verdict was possible: no node, no election there, or old logs are gone.

    """
    report = on_progress or (lambda _done, _total: None)
    evidence = gather(w3, address, to_block, _share(report, 0, READING))
    election = _election_file(evidence)
    examination = Examination()
    key, transcript_hash = read_verifying_key(w3, evidence)
    examine_code(w3, evidence, examination)
    if transcript is not None:
        examine_transcript(transcript, (key, transcript_hash), evidence, election, examination)
    examine_parameters(evidence, election, examination)
    recount = Recount(evidence, election, examination)
    recount.replay()
    proofs = _verify_proofs(recount, key, examination, _share(report, READING, PROVING))
    votes = recount.votes(proofs)
    examine_state(evidence, recount, votes, examination)
    report(WHOLE, WHOLE)
    warnings = (*_key_warnings(transcript_hash, transcript), *_warnings(evidence, recount))
    return _report(evidence, recount, votes, examination, transcript_hash, warnings=warnings)


def _election_file(evidence: Evidence) -> ElectionFile:
    try:
        return parse_election_file(evidence.file_bytes.decode("utf-8"))
    except (ElectionFileError, UnicodeDecodeError) as failure:
        raise AuditImpossibleError(
            f"The election file that the contract published cannot be read: {failure}",
            hint="Either the contract was not deployed by tohyo, or the node altered its first event.",
        ) from failure


def _verify_proofs(
    recount: Recount, key: VerifyingKey | None, examination: Examination, on_progress: Progress
) -> list[bool]:
    """Verify the proof of every ballot; without a key none holds."""
    claims = [(ballot.event.proof, ballot.statement) for ballot in recount.ballots]
    answers = (
        [False] * len(claims) if key is None else _verify_all(StatementVerifier(key), claims, on_progress)
    )
    for ballot, is_proven in zip(recount.ballots, answers, strict=True):
        rules = examination.rules("proofs", place_of(ballot.event))
        rules.that("a proof that holds", holds=is_proven, found="one that does not")
    return answers


def _verify_all(
    verifier: StatementVerifier, claims: list[tuple[Proof, Statement]], on_progress: Progress
) -> list[bool]:
    """Verify in batches; if any proof is malformed, one by one."""
    try:
        return verifier.verify_many(claims, on_progress=on_progress)
    except ZkError:
        return [_verifies(verifier, proof, statement) for proof, statement in claims]


def _verifies(verifier: StatementVerifier, proof: Proof, statement: Statement) -> bool:
    try:
        return verifier.verify(proof, statement)
    except ZkError:
        return False


def _share(report: Progress, start: int, length: int) -> Progress:
    """Show a part of the work as its share of the whole."""
    return lambda done, total: report(start + length * done // max(total, 1), WHOLE)


def _key_warnings(transcript_hash: bytes, transcript: bytes | None) -> tuple[str, ...]:
    if warning := development_warning(transcript_hash):
        return (warning,)
    return (NOT_CHECKED,) if transcript is None else ()


def _warnings(evidence: Evidence, recount: Recount) -> tuple[str, ...]:
    surplus = evidence.state.ether - expected_ether(evidence, recount)
    left = [f"the contract holds {surplus} wei that nobody has to account for"] if surplus > 0 else []
    phase = phase_at(recount.election.schedule, evidence.block.timestamp)
    missing = recount.log.warnings(phase, recount.deposits)
    return (*left, *unexplained_accounts(evidence, recount), *missing)


def _anchored_log(recount: Recount) -> AnchoredLog | None:
    anchors = recount.log.anchors
    if not anchors:
        return None
    return AnchoredLog(len(anchors), anchors[-1].entries, anchors[-1].head, anchors[-1].roll_size)


def _report(
    evidence: Evidence,
    recount: Recount,
    votes: list[int],
    examination: Examination,
    transcript_hash: bytes,
    *,
    warnings: tuple[str, ...],
) -> AuditReport:
    election = recount.election
    phase = phase_at(election.schedule, evidence.block.timestamp)
    names = [candidate.name for candidate in election.candidates]
    return AuditReport(
        chain_id=evidence.chain_id,
        contract=evidence.contract,
        block_number=evidence.block.number,
        block_hash=evidence.block.hash,
        title=election.title,
        election_id=evidence.election_id,
        file_hash=evidence.file_hash,
        registrar=evidence.state.registrar,
        transcript_hash=transcript_hash,
        phase=phase.name.lower(),
        final=phase is Phase.CLOSED,
        deposits=recount.deposits,
        ballots=recount.ballot_events,
        electorate=election.electorate,
        registrar_log=_anchored_log(recount),
        result=dict(zip(names, votes, strict=True)),
        checks=examination.checks(),
        findings=examination.findings,
        warnings=warnings,
    )
