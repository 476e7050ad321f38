"""Gas of `cream-classic`, and of MiMCSponge on chain: `python bench/gas_classic.py`.

Deploys on Anvil's default rules, makes deposits one by one, casts ballots with real proofs (half of them
through a relayer that takes a fee), and hashes with our contract and with the one that npm's circomlibjs
writes in the same run. Writes bench/results/gas_classic.json. Whole transactions unless said otherwise.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

PROJECT_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT_ROOT))

from eth_typing import HexStr  # noqa: E402 - the path comes first
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from web3.types import Wei  # noqa: E402

from bench.gas_cream import hash_gas, summary  # noqa: E402
from chain.compiler import contract  # noqa: E402
from chain.connection import connect  # noqa: E402
from chain.cream_classic import CreamClassicClient  # noqa: E402
from chain.deploy import deploy_contract, deploy_election  # noqa: E402
from chain.node import start_node  # noqa: E402
from chain.paths import KEYS_DIR  # noqa: E402
from chain.sender import UnlockedSender  # noqa: E402
from chain.time import block_time, travel_to  # noqa: E402
from election.address import ZERO_ADDRESS  # noqa: E402
from election.cryptography import CRYPTOGRAPHY  # noqa: E402
from election.file import ElectionFile, parse_election_document  # noqa: E402
from election.scheme import CLASSIC_DEPTH, Scheme  # noqa: E402
from voter.note import Note  # noqa: E402
from voter.wallet import unproven_ballot  # noqa: E402
from zk.field import SCALAR_FIELD  # noqa: E402
from zk.keys import CircuitKeys, ensure_keys  # noqa: E402
from zk.proving import StatementProver  # noqa: E402

if TYPE_CHECKING:
    from web3 import Web3

DEPOSITS, HASHES, CANDIDATES = 64, 30, 3
DENOMINATION, FEE = 10**15, 10**14
RESULT = PROJECT_ROOT / "bench" / "results" / "gas_classic.json"
TREASURY = "0x" + 40 * "7"
CIRCOMLIBJS = """
const { mimcSpongecontract } = require("circomlibjs");
const code = mimcSpongecontract.createCode("mimcsponge", 220);
process.stdout.write(code, () => process.exit(0));
"""


def election_at(now: int) -> ElectionFile:
    """Return a classic election whose registration is open."""
    times = {"registration_opens": now - 1, "voting_opens": now + 1_000_000, "voting_closes": now + 2_000_000}
    return parse_election_document(
        {
            "format": "tohyo-election/1",
            "title": "Gas of cream-classic",
            "scheme": Scheme.CREAM_CLASSIC.value,
            "candidates": [{"name": f"Candidate {i + 1}"} for i in range(CANDIDATES)],
            "schedule": {name: datetime.fromtimestamp(time, UTC).isoformat() for name, time in times.items()},
            "depth": CLASSIC_DEPTH,
            "denomination": DENOMINATION,
            "treasury": TREASURY,
            "electorate": DEPOSITS,
        }
    )


def measure_votes(
    client: CreamClassicClient, keys: CircuitKeys, notes: list[Note], count: int
) -> dict[str, dict[str, float]]:
    """Cast ballots; every candidate has coins before, as a new account costs 25,000 gas once."""
    tree = CRYPTOGRAPHY[client.scheme].tree(CLASSIC_DEPTH, client.leaves())
    prover, accounts = StatementProver(keys), list(client.w3.eth.accounts)
    relayer, config = UnlockedSender(client.w3, accounts[1]), client.config()
    giver = UnlockedSender(client.w3, accounts[2])
    for candidate in config.candidates:
        giver.send({"to": client.w3.to_checksum_address(candidate), "value": Wei(1)})
    used: dict[str, list[int]] = {"withdraw, sent directly": [], "withdraw, fee to a relayer": []}
    for turn, note in enumerate(random.Random(1).sample(notes, count)):  # noqa: S311 - a sample
        name = list(used)[turn % 2]
        payee, fee = (relayer.address, FEE) if turn % 2 else (ZERO_ADDRESS, 0)
        unproven = unproven_ballot(note, tree, config, turn % CANDIDATES, relayer=payee, fee=fee)
        ballot = unproven.with_proof(prover.prove(unproven.statement, unproven.witness))
        used[name].append(client.cast_vote(ballot, relayer).gas_used)
    return {name: summary(amounts) for name, amounts in used.items()}


def measure_mimc(w3: Web3, sender: UnlockedSender) -> dict[str, dict[str, float]]:
    """Measure the execution gas of one tree node: two calls of circomlibjs's contract, one for each input."""
    ours = str(deploy_contract(w3, sender, contract("MiMCSponge"))["contractAddress"])
    code = subprocess.run(
        ["node", "-e", CIRCOMLIBJS], check=True, capture_output=True, text=True, cwd=PROJECT_ROOT
    ).stdout
    theirs = str(sender.send({"data": HexStr(code)})["contractAddress"])
    chance = random.Random(2)  # noqa: S311 - a sample
    pairs = [(chance.randrange(SCALAR_FIELD), chance.randrange(SCALAR_FIELD)) for _ in range(HASHES)]
    feistel = "MiMCSponge(uint256,uint256,uint256)"
    return {
        "ours": summary([hash_gas(w3, sender, ours, "compress(uint256,uint256)", pair) for pair in pairs]),
        "circomlibjs": summary([2 * hash_gas(w3, sender, theirs, feistel, (*pair, 0)) for pair in pairs]),
    }


def measure(ballots: int) -> dict[str, Any]:
    """Everything, on a fresh chain."""
    keys = ensure_keys(CRYPTOGRAPHY[Scheme.CREAM_CLASSIC].circuit, CLASSIC_DEPTH, KEYS_DIR)
    with start_node() as node:
        w3 = connect(node.rpc_url, node.chain_id)
        registrar = UnlockedSender(w3, w3.eth.accounts[0])
        election = election_at(block_time(w3))
        deployment = deploy_election(
            w3, registrar, election, keys.verifying_key, registrar.address, keys.transcript_hash
        )
        client = CreamClassicClient(w3, deployment.contract)
        notes = [
            Note.create(deployment.chain_id, deployment.contract, client.scheme) for _ in range(DEPOSITS)
        ]
        deposits = client.deposit_each([note.commitment for note in notes], registrar)
        figures: dict[str, Any] = {"deposit": summary([result.gas_used for result in deposits])}
        travel_to(w3, client.config().voting_opens)
        figures |= measure_votes(client, keys, notes, ballots)
        figures["deploy"] = deployment.gas
        figures["MiMCSponge of two, execution"] = measure_mimc(w3, registrar)
        client_version = w3.client_version
    return {
        "command": f"python bench/gas_classic.py --ballots {ballots}",
        "chain": f"{client_version}, default rules",
        "depth": CLASSIC_DEPTH,
        "constraints": keys.n_constraints,
        "gas": figures,
    }


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    table = Table("figure", "gas here, mean", title="cream-classic, depth 16")
    gas = result["gas"]
    for name in ("deposit", "withdraw, sent directly", "withdraw, fee to a relayer"):
        table.add_row(name, f"{gas[name]['mean']:,.0f}")
    for whose, hashes in gas["MiMCSponge of two, execution"].items():
        table.add_row(f"MiMCSponge of two, {whose}", f"{hashes['mean']:,.0f}")
    Console().print(table)


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description="Measure the gas of cream-classic.")
    parser.add_argument("--ballots", type=int, default=20, help=f"how many of the {DEPOSITS} vote")
    result = measure(parser.parse_args().ballots)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result)


if __name__ == "__main__":
    main()
