"""What the contract holds now, against its election file and against the recount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from audit.report import Where
from election.identity import election_id

if TYPE_CHECKING:
    from audit.evidence import Evidence
    from audit.recount import Recount
    from audit.report import Examination
    from election.file import ElectionFile


def examine_parameters(evidence: Evidence, election: ElectionFile, examination: Examination) -> None:
    """Hold what the contract was deployed with against the election file that it published."""
    state, where = evidence.state, Where(evidence.block.number)
    file_hash = bytes(keccak(evidence.file_bytes))
    identity = election_id(evidence.chain_id, evidence.contract, file_hash)
    compared: list[tuple[str, str, object, object]] = [
        ("election file", "the published file's hash is not the contract's", file_hash.hex(), state.file_hash.hex()),
        ("election file", "the published file is not in its canonical form", election.canonical_bytes(), evidence.file_bytes),
        ("election file", "the schedule is not the file's", election.schedule.timestamps(), state.schedule),
        ("election file", "the depth is not the file's", election.depth, state.depth),
        ("election file", "the denomination is not the file's", election.denomination, state.denomination),
        ("election file", "the treasury is not the file's", election.treasury, state.treasury),
        (
            "election file",
            "the candidates are not the file's",
            [candidate.address for candidate in election.candidates],
            [account for account, _ in state.candidates],
        ),
        ("election id", "the election id does not follow from chain, contract and file", identity, state.election_id),
    ]
    for check, message, expected, found in compared:
        examination.equal(check, where, message, expected=expected, found=found)


def examine_state(evidence: Evidence, recount: Recount, votes: list[int], examination: Examination) -> None:
    """Hold what the contract counted against what the events amount to."""
    state, where = evidence.state, Where(evidence.block.number)
    names = [f"candidate {index}" for index in range(len(votes))]
    compared: list[tuple[str, str, object, object]] = [
        ("deposits", "the contract counts another number of deposits", recount.deposits, state.leaf_count),
        ("checkpoints", "the contract's newest root is another", (recount.roots or [0])[-1], state.latest_root),
        ("coins", "the supply of coins is not the number of deposits", recount.deposits, state.total_supply),
        ("coins", "the coins left are not deposits less ballots", recount.deposits - sum(votes), state.held),
        ("count", "the number of candidates counted for is another", len(votes), len(state.tally)),
    ]
    for name, counted, found, standing, coins in zip(
        names, votes, state.tally, (votes for _, votes in state.candidates), state.balances, strict=False
    ):
        compared += [
            ("count", f"the contract's tally for {name} is not the recount's", counted, found),
            ("count", f"the contract's votes of {name} are not the recount's", counted, standing),
            ("coins", f"the coins of {name} are not the recount's votes", counted, coins),
        ]
    for check, message, expected, found in compared:
        examination.equal(check, where, message, expected=expected, found=found)
    _examine_flags(evidence, recount, where, examination)
    _examine_money(evidence, recount, where, examination)


def _examine_flags(evidence: Evidence, recount: Recount, where: Where, examination: Examination) -> None:
    for commitment, flag in evidence.is_deposited.items():
        message = f"the contract does not remember commitment {commitment}"
        examination.holds("deposits", where, message, flag, expected="deposited", found="not deposited")
    for nullifier_hash, flag in evidence.is_spent.items():
        message = f"the contract does not remember nullifier hash {nullifier_hash}: it could vote again"
        examination.holds("nullifiers", where, message, flag, expected="spent", found="not spent")
    known = set(recount.known_roots())
    for root, flag in evidence.is_known_root.items():
        message = f"the contract is wrong on whether it accepts root {root}"
        examination.equal("checkpoints", where, message, expected=root in known, found=flag)


def _examine_money(evidence: Evidence, recount: Recount, where: Where, examination: Examination) -> None:
    """Ether can be forced on any contract, so more than expected is not a fault of the election."""
    expected = expected_ether(evidence, recount)
    enough = evidence.state.ether >= expected
    examination.holds(
        "money", where, "ether is missing from the contract", enough, expected=expected, found=evidence.state.ether
    )


def expected_ether(evidence: Evidence, recount: Recount) -> int:
    """Return deposits less ballots, plus what the treasury refused, less what was released to it later."""
    unspent = recount.deposits - recount.ballot_events
    return evidence.state.denomination * unspent + recount.deferred - recount.released
