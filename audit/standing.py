"""What the contract holds now, against its election file and against the recount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.report import Where

if TYPE_CHECKING:
    from audit.evidence import CoinState, Evidence
    from audit.recount import Recount
    from audit.report import Examination, Rules
    from election.file import ElectionFile


def examine_parameters(evidence: Evidence, election: ElectionFile, examination: Examination) -> None:
    """Hold what the contract was deployed with against the election file that it published."""
    state, where = evidence.state, Where(evidence.block.number)
    rules = examination.rules("election file", where)
    rules.equal(
        "the hash that the contract keeps", expected=evidence.file_hash.hex(), found=state.file_hash.hex()
    )
    is_canonical = evidence.file_bytes == election.canonical_bytes()
    rules.that("a published file in its canonical form", holds=is_canonical, found="another form")
    rules.equal("the scheme", expected=election.scheme, found=evidence.scheme)
    rules.equal("the schedule", expected=election.schedule.timestamps(), found=state.schedule)
    rules.equal("the depth", expected=election.depth, found=state.depth)
    rules.equal("the denomination", expected=election.denomination, found=state.denomination)
    rules.equal("the treasury", expected=election.treasury, found=state.treasury)
    accounts = [account for account, _ in state.candidates]
    rules.equal("the list of candidates", expected=[c.address for c in election.candidates], found=accounts)
    examination.rules("election id", where).equal(
        "the election id", expected=evidence.election_id, found=state.election_id
    )


def examine_state(evidence: Evidence, recount: Recount, votes: list[int], examination: Examination) -> None:
    """Hold what the contract counted against what the events amount to."""
    state, where = evidence.state, Where(evidence.block.number)
    deposits = examination.rules("deposits", where)
    deposits.equal("the contract's number of deposits", expected=recount.deposits, found=state.leaf_count)
    if state.coins is not None:
        _examine_coins(state.coins, recount, votes, examination.rules("coins", where))
    newest = (recount.roots or [0])[-1]
    examination.rules("checkpoints", where).equal("the newest root", expected=newest, found=state.latest_root)
    _examine_count(evidence, votes, examination)
    _examine_flags(evidence, recount, examination)
    _examine_money(evidence, recount, examination)


def expected_ether(evidence: Evidence, recount: Recount) -> int:
    """Return deposits less ballots, plus what the treasury refused, less what was released to it later.

    A ballot takes one denomination out in either scheme: fee and rest go to relayer and treasury, or to
    relayer and candidate.
    """
    unspent = recount.deposits - recount.ballot_events
    return evidence.state.denomination * unspent + recount.deferred - recount.released


def unexplained_accounts(evidence: Evidence, recount: Recount) -> list[str]:
    """Name candidates whose account holds less than its votes paid, and does not show how that left.

    A warning and no verdict: a contract that is made and destroyed in one transaction takes the coins of its
    address along and leaves neither code nor nonce. A candidate could do so to discredit an honest election.
    """
    return [
        f"candidate {index} holds {account.ether} of {due} wei that votes paid, in an account without code "
        "that never sent a transaction: ask where they went"
        for index, (account, due) in enumerate(zip(evidence.candidate_accounts, recount.paid, strict=False))
        if account.looks_untouched and account.ether < due
    ]


def _examine_count(evidence: Evidence, votes: list[int], examination: Examination) -> None:
    """Compare the places where the count stands: the tally and the candidates."""
    state = evidence.state
    count = examination.rules("count", Where(evidence.block.number))
    count.equal("the tally", expected=tuple(votes), found=state.tally)
    for index, (expected, (_, standing)) in enumerate(zip(votes, state.candidates, strict=False)):
        count.equal(f"the number of votes for candidate {index}", expected=expected, found=standing)


def _examine_coins(coins: CoinState, recount: Recount, votes: list[int], rules: Rules) -> None:
    """Compare the count once more with where the voting coins lie."""
    rules.equal("the supply of coins", expected=recount.deposits, found=coins.total_supply)
    rules.equal("the number of coins not voted", expected=recount.deposits - sum(votes), found=coins.held)
    for index, (expected, balance) in enumerate(zip(votes, coins.balances, strict=False)):
        rules.equal(f"the number of coins of candidate {index}", expected=expected, found=balance)


def _examine_flags(evidence: Evidence, recount: Recount, examination: Examination) -> None:
    where = Where(evidence.block.number)
    for commitment, flag in evidence.is_deposited.items():
        rules = examination.rules("deposits", where)
        rules.that("memory of every commitment", holds=flag, found=f"{commitment} forgotten")
    for nullifier_hash, flag in evidence.is_spent.items():
        rules = examination.rules("nullifiers", where)
        rules.that("memory of every nullifier hash", holds=flag, found=f"{nullifier_hash} could vote again")
    known = set(recount.known_roots())
    for root, flag in evidence.is_known_root.items():
        rules = examination.rules("checkpoints", where)
        rules.equal(f"whether root {root} is accepted", expected=root in known, found=flag)


def _examine_money(evidence: Evidence, recount: Recount, examination: Examination) -> None:
    """Ether can be sent to any account, so more than expected is no fault of the election."""
    expected, found = expected_ether(evidence, recount), evidence.state.ether
    rules = examination.rules("money", Where(evidence.block.number))
    rules.that(f"at least {expected} wei in the contract", holds=found >= expected, found=found)
