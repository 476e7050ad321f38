"""Gas of `cream` at depth 20, and of Poseidon on chain: `python bench/gas_cream.py`.

Deploys on Anvil's default rules, makes 1,000 deposits with a checkpoint per 100, casts ballots with real
proofs, and hashes with our contract and with npm's poseidon-solidity in the same run. Writes
bench/results/gas_cream.json. Whole transactions unless said otherwise. Figures of other systems are quoted.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

PROJECT_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT_ROOT))

from eth_typing import HexStr  # noqa: E402 - the path comes first
from rich.console import Console  # noqa: E402 - the path comes first
from rich.table import Table  # noqa: E402

from chain.compiler import contract  # noqa: E402
from chain.connection import connect  # noqa: E402
from chain.cream import CreamClient  # noqa: E402
from chain.deploy import Deployment, deploy_contract, deploy_election  # noqa: E402
from chain.node import start_node  # noqa: E402
from chain.paths import KEYS_DIR, NODE_MODULES  # noqa: E402
from chain.sender import UnlockedSender  # noqa: E402
from chain.time import block_time, travel_to  # noqa: E402
from election.address import ZERO_ADDRESS  # noqa: E402
from election.ballot import Ballot, vote_signal  # noqa: E402
from election.file import ElectionFile, parse_election_document  # noqa: E402
from zk.circuits import CircuitName  # noqa: E402
from zk.field import SCALAR_FIELD  # noqa: E402
from zk.keys import CircuitKeys, ensure_keys  # noqa: E402
from zk.merkle import IncrementalMerkleTree  # noqa: E402
from zk.proving import StatementProver  # noqa: E402
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of  # noqa: E402

if TYPE_CHECKING:
    from web3 import Web3

DEPTH, DEPOSITS, CHECKPOINT_EVERY = 20, 1_000, 100
RESULT = PROJECT_ROOT / "bench" / "results" / "gas_cream.json"
BARS = {"castVote": 270_000, "deposit": 130_000}
HASHES = 50
# Measured elsewhere on Anvil, or published by their authors; quoted for comparison.
ELSEWHERE = {
    "castVote": {
        "CREAM 2020, vote": "405,300",
        "Tornado, withdraw": "318,000–343,000",
        "Semaphore v4, verify": "285,343",
    },
    "deposit": {
        "CREAM, depth 16": "953,702",
        "Tornado, depth 20": "910,246",
        "Semaphore, single add at 5,000 members": "344,040",
    },
}


def summary(amounts: list[int]) -> dict[str, float]:
    """Summarise as mean, min, max and count of gas amounts."""
    return {
        "mean": round(statistics.mean(amounts), 1),
        "min": min(amounts),
        "max": max(amounts),
        "count": len(amounts),
    }


def election_at(now: int) -> ElectionFile:
    """Return an election whose registration is open, without money."""
    times = (now - 1, now + 1_000_000, now + 2_000_000)
    names = ("registration_opens", "voting_opens", "voting_closes")
    return parse_election_document(
        {
            "format": "tohyo-election/1",
            "title": "Gas of cream",
            "scheme": "cream",
            "candidates": [{"name": f"Candidate {i + 1}"} for i in range(13)],
            "schedule": {
                n: datetime.fromtimestamp(t, UTC).isoformat() for n, t in zip(names, times, strict=True)
            },
            "depth": DEPTH,
            "denomination": 0,
            "treasury": ZERO_ADDRESS,
            "electorate": DEPOSITS,
        }
    )


def measure_deposits(client: CreamClient, registrar: UnlockedSender, leaves: list[int]) -> dict[str, Any]:
    """Deposit one by one with a checkpoint per hundred; the mean counts the checkpoints in."""
    deposits, checkpoints = [], []
    for start in range(0, len(leaves), CHECKPOINT_EVERY):
        batch = leaves[start : start + CHECKPOINT_EVERY]
        deposits += [result.gas_used for result in client.deposit_each(batch, registrar)]
        checkpoints.append(client.checkpoint(registrar).gas_used)
    with_checkpoints = (sum(deposits) + sum(checkpoints)) / len(deposits)
    return {
        "deposit": summary(deposits),
        "checkpoint": summary(checkpoints),
        "deposit, checkpoints counted in": round(with_checkpoints, 1),
    }


def measure_votes(
    client: CreamClient, keys: CircuitKeys, deployment: Deployment, secrets: list[tuple[int, int]], count: int
) -> dict[str, float]:
    """Cast `count` ballots with real proofs, fee 0, from an account that deposited nothing."""
    tree = IncrementalMerkleTree.from_leaves(
        DEPTH, [commitment_of(nullifier, secret) for nullifier, secret in secrets]
    )
    prover, sender = StatementProver(keys), UnlockedSender(client.w3, list(client.w3.eth.accounts)[1])
    election_id, used = deployment.election_id, []
    for voter in random.Random(1).sample(range(len(secrets)), count):  # noqa: S311 - a sample
        nullifier, secret = secrets[voter]
        choice = voter % 13
        nullifier_hash = nullifier_hash_of(nullifier, election_id)
        statement = VoteStatement(
            tree.root, nullifier_hash, election_id, vote_signal(choice, ZERO_ADDRESS, 0)
        )
        proof = prover.prove(statement, VoteWitness(nullifier, secret, voter, tree.path(voter).elements))
        ballot = Ballot(choice, tree.root, nullifier_hash, ZERO_ADDRESS, 0, proof)
        used.append(client.cast_vote(ballot, sender).gas_used)
    return summary(used)


def measure_poseidon(w3: Web3, sender: UnlockedSender) -> dict[str, dict[str, float]]:
    """Measure the execution gas of one hash, called through its ABI, less the transaction's own cost."""
    ours = deploy_contract(w3, sender, contract("PoseidonT3"))["contractAddress"]
    script = (NODE_MODULES / "poseidon-solidity" / "deploy" / "PoseidonT3.js").read_text(encoding="utf-8")
    published = re.search(r"data: '(0x[0-9a-f]+)'", script)
    if published is None:
        raise ValueError("poseidon-solidity's published bytecode is not where it was")
    factory = "0x4e59b44847b379578588920ca78fbf26c0b4956c"  # the deterministic deployer that Anvil comes with
    receipt = sender.send({"to": w3.to_checksum_address(factory), "data": HexStr(published[1])})
    theirs = w3.to_checksum_address("0x3333333C0A88F9BE4fd23ed0536F9B6c427e3B93")
    if not w3.eth.get_code(theirs) or receipt["status"] != 1:
        raise ValueError("poseidon-solidity was not deployed")
    chance = random.Random(2)  # noqa: S311 - a sample
    pairs = [(chance.randrange(SCALAR_FIELD), chance.randrange(SCALAR_FIELD)) for _ in range(HASHES)]
    return {
        "ours": summary([hash_gas(w3, sender, str(ours), "hash(uint256,uint256)", pair) for pair in pairs]),
        "poseidon-solidity": summary(
            [hash_gas(w3, sender, theirs, "hash(uint256[2])", pair) for pair in pairs]
        ),
    }


def hash_gas(w3: Web3, sender: UnlockedSender, address: str, signature: str, words: tuple[int, ...]) -> int:
    """Return the execution gas of one call with these words, less the transaction's own cost."""
    data = w3.keccak(text=signature)[:4] + b"".join(x.to_bytes(32) for x in words)
    receipt = sender.send({"to": w3.to_checksum_address(address), "data": data})
    zeros = data.count(0)
    return int(receipt["gasUsed"]) - 21_000 - 4 * zeros - 16 * (len(data) - zeros)


def measure(ballots: int) -> dict[str, Any]:
    """Everything, on a fresh chain."""
    keys = ensure_keys(CircuitName.VOTE, DEPTH, KEYS_DIR)
    with start_node() as node:
        w3 = connect(node.rpc_url, node.chain_id)
        registrar = UnlockedSender(w3, w3.eth.accounts[0])
        election = election_at(block_time(w3))
        deployment = deploy_election(
            w3, registrar, election, keys.verifying_key, registrar.address, keys.transcript_hash
        )
        client = CreamClient(w3, deployment.contract)
        chance = random.Random(3)  # noqa: S311 - a sample
        secrets = [(chance.randrange(SCALAR_FIELD), chance.randrange(SCALAR_FIELD)) for _ in range(DEPOSITS)]
        figures = measure_deposits(
            client, registrar, [commitment_of(nullifier, secret) for nullifier, secret in secrets]
        )
        travel_to(w3, client.config().voting_opens)
        figures["castVote"] = measure_votes(client, keys, deployment, secrets, ballots)
        figures["deploy"] = deployment.gas
        figures["Poseidon of two, execution"] = measure_poseidon(w3, registrar)
        client_version = w3.client_version
    return {
        "command": f"python bench/gas_cream.py --ballots {ballots}",
        "chain": f"{client_version}, default rules",
        "depth": DEPTH,
        "gas": figures,
        "bars": BARS,
        "elsewhere": {"note": "published or measured elsewhere, not in this run", **ELSEWHERE},
    }


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    gas = result["gas"]
    table = Table(
        "figure", "gas here", "bar", "elsewhere (quoted, not measured in this run)", title="cream, depth 20"
    )
    rows = {
        "castVote": gas["castVote"]["mean"],
        "deposit": gas["deposit, checkpoints counted in"],
    }
    for name, mean in rows.items():
        quoted = "\n".join(f"{who}: {figure}" for who, figure in ELSEWHERE[name].items())
        table.add_row(name, f"{mean:,.0f}", f"≤ {BARS[name]:,}", quoted)
    table.add_row("checkpoint", f"{gas['checkpoint']['mean']:,.0f}", "", "")
    hashes = gas["Poseidon of two, execution"]
    theirs = f"poseidon-solidity, this run: {hashes['poseidon-solidity']['mean']:,.0f}"
    table.add_row("Poseidon of two", f"{hashes['ours']['mean']:,.0f}", "", theirs)
    Console().print(table)


def main() -> int:
    """Measure, write, print; exit 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description="Measure the gas of cream at depth 20.")
    parser.add_argument("--ballots", type=int, default=30, help="how many of the 1,000 vote")
    result = measure(parser.parse_args().ballots)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result)
    gas = result["gas"]
    met = gas["castVote"]["max"] <= BARS["castVote"]
    return 0 if met and gas["deposit, checkpoints counted in"] <= BARS["deposit"] else 1


if __name__ == "__main__":
    sys.exit(main())
