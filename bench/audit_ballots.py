"""How long a stranger needs to recount an election: `python bench/audit_ballots.py [--ballots N]`.

The election is real (every proof is made and verified) and is kept under build/bench, so that a second run
only audits it. Each audit runs in a process of its own, as `tohyo audit` would. The result goes to
bench/results/audit_<ballots>.json, with the time that verifying the same proofs one by one takes, as a
yardstick.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from audit.replay import audit_election
from chain.compiler import contract
from chain.connection import connect
from chain.cream import CreamClient
from chain.deploy import Deployment, deploy_election
from chain.events import BallotCast
from chain.node import start_node
from chain.paths import BUILD_DIR, KEYS_DIR, PROJECT_ROOT
from chain.sender import UnlockedSender
from chain.time import travel_to
from election.ballot import vote_signal
from election.file import ElectionFile, parse_election_document
from voter.note import Note
from voter.wallet import unproven_ballot
from zk.circuits import CircuitName
from zk.keys import CircuitKeys, ensure_keys
from zk.merkle import IncrementalMerkleTree
from zk.proving import StatementProver, StatementVerifier
from zk.statement import VoteStatement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from web3 import Web3

    from election.ballot import Ballot
    from voter.wallet import UnprovenBallot

RESULTS = PROJECT_ROOT / "bench" / "results"
CANDIDATES = 13
DEPOSITS_PER_CHECKPOINT = 100
AUDITS = 3
OPENS, VOTES, CLOSES = (f"2033-05-{day}T00:00:00Z" for day in (18, 19, 20))

_prover: StatementProver | None = None


def election_file(voters: int, depth: int) -> ElectionFile:
    """Write an election of the wished size, without money."""
    return parse_election_document(
        {
            "format": "tohyo-election/1",
            "title": f"Bench: {voters} ballots",
            "candidates": [{"name": f"Candidate {number}"} for number in range(CANDIDATES)],
            "schedule": {"registration_opens": OPENS, "voting_opens": VOTES, "voting_closes": CLOSES},
            "depth": depth,
            "electorate": voters,
        }
    )


def fingerprint(election: ElectionFile, keys: CircuitKeys) -> str:
    """Hash what a kept election depends on; another contract, key or size needs a new one."""
    parts = [contract("Cream").runtime, contract("PoseidonT3").runtime, election.canonical_bytes()]
    parts.append(json.dumps(keys.verifying_key.to_json(), sort_keys=True).encode())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def start_prover(keys: CircuitKeys) -> None:
    """Give a worker process its prover."""
    global _prover  # noqa: PLW0603  a worker process serves one circuit for its whole life
    _prover = StatementProver(keys)


def prove(unproven: UnprovenBallot) -> Ballot:
    """Prove one ballot in a worker process."""
    assert _prover is not None  # noqa: S101  the initializer ran, or the pool would be broken
    return unproven.with_proof(_prover.prove(unproven.statement, unproven.witness))


def run_election(w3: Web3, election: ElectionFile, keys: CircuitKeys) -> Deployment:
    """Deploy, deposit, vote, close."""
    sender = UnlockedSender(w3, w3.eth.accounts[0])
    deployment = deploy_election(w3, sender, election, keys.verifying_key, sender.address)
    client = CreamClient(w3, deployment.contract)
    notes = [Note.create(deployment.chain_id, deployment.contract) for _ in range(election.electorate)]
    for start in range(0, len(notes), DEPOSITS_PER_CHECKPOINT):
        chunk = notes[start : start + DEPOSITS_PER_CHECKPOINT]
        for note in chunk:
            client.deposit(note.commitment, sender)
        client.checkpoint(sender)
    times = election.schedule.timestamps()
    travel_to(w3, times[1])
    client.advance(sender)
    cast_all(client, sender, prepare_all(client, election, notes), keys)
    travel_to(w3, times[2])
    client.advance(sender)
    return deployment


def prepare_all(client: CreamClient, election: ElectionFile, notes: Sequence[Note]) -> list[UnprovenBallot]:
    """Make everything but the proofs."""
    tree, config = IncrementalMerkleTree.from_leaves(election.depth, client.leaves()), client.config()
    return [unproven_ballot(note, tree, config, i * i % CANDIDATES) for i, note in enumerate(notes)]


def cast_all(
    client: CreamClient, sender: UnlockedSender, unproven: list[UnprovenBallot], keys: CircuitKeys
) -> None:
    """Prove on two cores, cast as the proofs come."""
    pool = ProcessPoolExecutor(2, get_context("spawn"), start_prover, (keys,))
    with pool:
        waiting: list[Ballot] = []
        for done, ballot in enumerate(pool.map(prove, unproven), 1):
            waiting.append(ballot)
            if len(waiting) == 25 or done == len(unproven):
                client.cast_votes(waiting, sender)
                waiting = []
                print(f"\r{done} of {len(unproven)} ballots cast", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def build(directory: Path, election: ElectionFile, keys: CircuitKeys) -> None:
    """Run the election on a chain that keeps its state; the record is written last."""
    shutil.rmtree(directory, ignore_errors=True)
    with start_node(state_dir=directory / "chain", timestamp=election.schedule.timestamps()[0]) as node:
        deployment = run_election(connect(node.rpc_url), election, keys)
    deployment.save(directory / "deployment.json")
    (directory / "fingerprint").write_text(fingerprint(election, keys))


def is_kept(directory: Path, election: ElectionFile, keys: CircuitKeys) -> bool:
    """Whether a whole election of this kind is there."""
    path = directory / "fingerprint"
    return path.exists() and path.read_text() == fingerprint(election, keys)


def audit_here(rpc: str, address: str) -> dict[str, Any]:
    """Audit in this process and say what it took."""
    w3 = connect(rpc)
    started = time.perf_counter()
    report = audit_election(w3, address)
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    checked = {check.name: check.checked for check in report.checks}
    return {
        "seconds": round(seconds, 3),
        "max_rss_mib": round(memory, 1),
        "verdict": report.verdict,
        "ballots": report.ballots,
        "checked": checked,
    }


def audit_in_a_process(rpc: str, address: str) -> dict[str, Any]:
    """Audit as a stranger would: in a fresh process."""
    started = time.perf_counter()
    command = [sys.executable, __file__, "--rpc", rpc, "--contract", address]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT_ROOT)
    result: dict[str, Any] = json.loads(done.stdout)
    return result | {"seconds_with_start": round(time.perf_counter() - started, 3)}


def verify_one_by_one(w3: Web3, address: str) -> float:
    """Time the yardstick: nothing but the proofs, each on its own."""
    client = CreamClient(w3, address)
    verifier, identity = StatementVerifier(client.verifying_key()), client.config().election_id
    events = [event for event in client.events(names={"BallotCast"}) if isinstance(event, BallotCast)]
    started = time.perf_counter()
    for event in events:
        signal = vote_signal(event.choice, event.relayer, event.fee)
        statement = VoteStatement(event.root, event.nullifier_hash, identity, signal)
        if not verifier.verify(event.proof, statement):
            raise SystemExit(f"the proof of {event.nullifier_hash} does not hold")
    return time.perf_counter() - started


def measure(directory: Path, ballots: int, depth: int) -> dict[str, Any]:
    """Audit the kept election a few times."""
    deployment = Deployment.load(directory / "deployment.json")
    with start_node(state_dir=directory / "chain") as node:
        runs = [audit_in_a_process(node.rpc_url, deployment.contract) for _ in range(AUDITS)]
        yardstick = verify_one_by_one(connect(node.rpc_url), deployment.contract)
    seconds = statistics.median(run["seconds"] for run in runs)
    return {
        "command": f"python bench/audit_ballots.py --ballots {ballots} --depth {depth}",
        "ballots": runs[0]["ballots"],
        "depth": depth,
        "verdict": "consistent" if all(run["verdict"] == "consistent" for run in runs) else "inconsistent",
        "seconds": seconds,
        "seconds_of_each_run": [run["seconds"] for run in runs],
        "seconds_with_start_of_python": statistics.median(run["seconds_with_start"] for run in runs),
        "max_rss_mib": max(run["max_rss_mib"] for run in runs),
        "seconds_to_verify_the_proofs_one_by_one": round(yardstick, 3),
        "ratio_to_one_by_one_verification": round(seconds / yardstick, 2),
        "checked": runs[0]["checked"],
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }


def main() -> None:
    """Build the election if it is not kept, measure, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ballots", type=int, default=1000)
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--rpc", help=argparse.SUPPRESS)
    parser.add_argument("--contract", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rpc:
        print(json.dumps(audit_here(options.rpc, options.contract)))
        return
    keys = ensure_keys(CircuitName.VOTE, options.depth, KEYS_DIR)
    election = election_file(options.ballots, options.depth)
    directory = BUILD_DIR / "bench" / f"audit-{options.ballots}-{options.depth}"
    if not is_kept(directory, election, keys):
        build(directory, election, keys)
    result = measure(directory, options.ballots, options.depth)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"audit_{options.ballots}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    if result["verdict"] != "consistent":
        raise SystemExit("the kept election is not consistent: remove build/bench and run again")


if __name__ == "__main__":
    main()
