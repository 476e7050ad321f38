"""Whether every leaf of the tree belongs to one eligible person, from the registrar's evidence archive.

Trusts the chain as a node tells it, the card authorities that the auditor names, and the officers' public
keys. It does not trust the registrar: every signature is verified again, everybody is matched with the roll
again, and the registrar's log must be the one whose heads are on chain.

Shown: whose leaf each is. Not shown: that the officers put the right people on the roll, nor anything about
ballots. That the contract is what it says, `tohyo audit` checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audit.anchors import missing_phases
from audit.errors import AuditImpossibleError
from audit.evidence import gather
from audit.leaf_evidence import LeafEvidence
from audit.log_replay import AFTERWARDS, APPLIED, CHECK, LogReplay
from audit.recount import place_of
from audit.report import CONSISTENT, INCONSISTENT, Examination, InArchive, Where
from audit.roll_lists import SignedRoll
from chain.events import Deposited, RegistrarLogAnchored
from election.cryptography import CRYPTOGRAPHY
from election.errors import ElectionFileError
from election.file import ElectionFile, parse_election_file
from election.phase import phase_at
from zk.errors import ZkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from web3 import Web3

    from audit.credentials import Rechecks
    from audit.evidence import Evidence as ChainEvidence
    from audit.report import Check, Finding
    from identity.evidence import Evidence

    Progress = Callable[[int, int], None]

FORMAT = "tohyo-eligibility/1"
OFFICERS_FROM_ARCHIVE = (
    "the officers' public keys were taken from the archive itself: give those that you know with --officers"
)
_CHAIN, _WHOLE = 200, 1000  # shares of the work, as the progress bar shows them


@dataclass(frozen=True)
class EligibilityReport:
    """The verdict on everybody who registered, and what it rests on. Names nobody: pseudonyms only."""

    chain_id: int
    contract: str
    block_number: int
    block_hash: str
    title: str
    registrar: str
    archive_created_at: int
    leaves: int
    registrations: int
    on_roll: int
    log_entries: int
    anchors: int
    reviewed: int
    checks: tuple[Check, ...]
    findings: list[Finding] = field(default_factory=list)
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Return “consistent” if nothing was found wrong, else “inconsistent”."""
        return INCONSISTENT if self.findings else CONSISTENT

    def to_json(self) -> dict[str, Any]:
        """Return the whole report as JSON values."""
        return {
            "format": FORMAT,
            "verdict": self.verdict,
            "chain_id": self.chain_id,
            "contract": self.contract,
            "block_number": self.block_number,
            "block_hash": self.block_hash,
            "title": self.title,
            "registrar": self.registrar,
            "archive_created_at": self.archive_created_at,
            "leaves": self.leaves,
            "registrations": self.registrations,
            "reviewed": self.reviewed,
            "on_roll": self.on_roll,
            "log_entries": self.log_entries,
            "anchors": self.anchors,
            "checks": [check.to_json() for check in self.checks],
            "findings": [finding.to_json() for finding in self.findings],
            "warnings": list(self.warnings),
        }


def audit_eligibility(
    w3: Web3,
    address: str,
    archive: Evidence,
    rechecks: Rechecks,
    on_progress: Progress | None = None,
    *,
    officers: Mapping[str, str] | None = None,
    to_block: int | None = None,
) -> EligibilityReport:
    """Hold every leaf, as of `to_block` or the newest block, against the archive.

    `rechecks` are `audit.credentials.rechecks`; `officers` the public keys that the auditor knows, by id, and
    those of the archive if there are none.

    Raises:
        AuditImpossibleError: no verdict was possible: no node, no election there, the archive is another
            election's, or it has credentials that nobody named roots or keys for.

    """
    report = on_progress or (lambda _done, _total: None)
    _require_kinds(archive, rechecks)
    chain = gather(w3, address, to_block, lambda done, total: report(_CHAIN * done // max(total, 1), _WHOLE))
    _require_same_election(chain, archive)
    examination = Examination()
    deposits = [event for event in chain.events if isinstance(event, Deposited)]
    anchors = [event for event in chain.events if isinstance(event, RegistrarLogAnchored)]
    _examine_tree(chain, deposits, examination)
    known = _officers(archive, officers, examination)
    replay = LogReplay(archive, examination)
    replay.examine_anchors((event, examination.rules(CHECK, place_of(event))) for event in anchors)
    replay.examine_roll()
    SignedRoll(archive, known, examination).examine(replay.entries(APPLIED))
    leaves = LeafEvidence(chain, archive, rechecks, known, examination)
    for number, event in enumerate(deposits):
        leaves.examine(event)
        report(_CHAIN + (_WHOLE - _CHAIN) * (number + 1) // len(deposits), _WHOLE)
    leaves.examine_claims([event.commitment for event in deposits])
    replay.examine_ledger(leaves.people)
    replay.examine_records([event.commitment for event in deposits])
    report(_WHOLE, _WHOLE)
    warnings = [*_warnings(chain, archive, anchors, officers), *leaves.warnings]
    counted = {"anchors": len(anchors), "reviewed": leaves.reviewed}
    return _report(chain, archive, examination, counted, tuple(warnings))


def _require_kinds(archive: Evidence, rechecks: Rechecks) -> None:
    kinds = {record.kind for record in archive.registrations.values()}
    if missing := sorted(kinds - set(rechecks)):
        raise AuditImpossibleError(
            f"The archive has credentials of the kind {' and '.join(missing)}, which cannot be checked.",
            hint="Name the card authorities with --roots, the keys of sign-in services with --sign-in-key.",
        )


def _require_same_election(chain: ChainEvidence, archive: Evidence) -> None:
    header = archive.header
    if (header.chain_id, header.contract) != (chain.chain_id, chain.contract):
        raise AuditImpossibleError(
            f"The archive is about contract {header.contract} on chain {header.chain_id}, not about "
            f"{chain.contract} on chain {chain.chain_id}.",
            hint="Name the election that the archive was made for.",
        )


def _examine_tree(chain: ChainEvidence, deposits: list[Deposited], examination: Examination) -> None:
    """Make sure that the node told of every leaf: their number and, once voting opened, their root."""
    rules = examination.rules("deposits", Where(chain.block.number))
    rules.equal("the contract's number of leaves", expected=len(deposits), found=chain.state.leaf_count)
    in_order = [event.leaf_index for event in deposits] == list(range(len(deposits)))
    rules.that("a deposit for each leaf, in order", holds=in_order, found="another order")
    if chain.block.timestamp < chain.state.schedule[1] or not chain.state.latest_root:
        return  # a root may still lag behind
    commitments = [event.commitment for event in deposits]
    try:
        root = CRYPTOGRAPHY[chain.scheme].tree(chain.state.depth, commitments).root
    except ZkError as failure:
        rules.that("commitments that a tree can hold", holds=False, found=failure)
        return
    rules.equal("the root over all leaves", expected=root, found=chain.state.latest_root)


def _officers(
    archive: Evidence, given: Mapping[str, str] | None, examination: Examination
) -> Mapping[str, str]:
    """Return whose signatures count; nobody gives both halves of a decision under two names."""
    known = archive.officers if given is None else given
    for officer, key in known.items():
        rules = examination.rules("officers", InArchive("officer", officer))
        others = sorted(name for name, other in known.items() if other == key and name != officer)
        rules.that("a key of the officer's own", holds=not others, found=f"the key of {', '.join(others)}")
        if officer in archive.officers:
            rules.equal("the officer's key in the archive", expected=key, found=archive.officers[officer])
    return known


def _warnings(
    chain: ChainEvidence,
    archive: Evidence,
    anchors: list[RegistrarLogAnchored],
    officers: Mapping[str, str] | None,
) -> list[str]:
    told = [] if officers is not None else [OFFICERS_FROM_ARCHIVE]
    if not anchors:
        told.append(
            "the registrar's log was never anchored: nothing shows that it was not written afterwards"
        )
    else:
        told += missing_phases(anchors, phase_at(_election_file(chain).schedule, chain.block.timestamp))
    if anchors and (
        beyond := sum(entry.action not in AFTERWARDS for entry in archive.log[anchors[-1].entries :])
    ):
        told.append(f"the last {beyond} entries of the registrar's log are not anchored yet")
    return told


def _report(
    chain: ChainEvidence,
    archive: Evidence,
    examination: Examination,
    counted: Mapping[str, int],
    warnings: tuple[str, ...],
) -> EligibilityReport:
    return EligibilityReport(
        chain_id=chain.chain_id,
        contract=chain.contract,
        block_number=chain.block.number,
        block_hash=chain.block.hash,
        title=_election_file(chain).title,
        registrar=chain.state.registrar,
        archive_created_at=archive.header.created_at,
        leaves=chain.state.leaf_count,
        registrations=len(archive.registrations),
        on_roll=sum(entry.removed_at is None for entry in archive.roll.values()),
        log_entries=len(archive.log),
        **counted,
        checks=examination.checks(),
        findings=examination.findings,
        warnings=warnings,
    )


def _election_file(chain: ChainEvidence) -> ElectionFile:
    try:
        return parse_election_file(chain.file_bytes.decode("utf-8"))
    except (ElectionFileError, UnicodeDecodeError) as failure:
        raise AuditImpossibleError(f"The published election file cannot be read: {failure}") from failure
