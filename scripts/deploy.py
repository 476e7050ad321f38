"""Deploys an election, from Brownie (`brownie run deploy`) or alone (`python -m scripts.deploy`).

Both ways call `chain.deploy.deploy_election`, as `tohyo election deploy` does. Needs web3 alone: Brownie's
environment has no proving library, so the verifying key is read from
`verification_key.json` beside the proving key.

Under Brownie the environment says what to deploy: TOHYO_ELECTION (default: the example), TOHYO_KEYS (a key
folder), TOHYO_RECORD (where to write the record).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

# Brownie runs this file by path, from anywhere
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chain.connection import connect
from chain.deploy import Deployment, deploy_election
from chain.errors import ChainError
from chain.paths import BUILD_DIR, EXAMPLE, KEYS_DIR
from chain.sender import UnlockedSender
from election.file import load_election_file
from election.scheme import TRAITS
from zk.development import development_warning
from zk.errors import TohyoError
from zk.groth16 import VerifyingKey

if TYPE_CHECKING:
    from web3 import Web3


class VerifyingKeyMissingError(ChainError):
    """The folder holds no verifying key."""


def read_verifying_key(folder: Path) -> tuple[VerifyingKey, bytes]:
    """Return the folder's verifying key and its ceremony's transcript hash.

    Raises VerifyingKeyMissingError, VerifyingKeyMalformedError.
    """
    try:
        document = json.loads((folder / "verification_key.json").read_text(encoding="utf-8"))
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        transcript_hash = bytes.fromhex(manifest["transcript_hash"].removeprefix("0x"))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise VerifyingKeyMissingError(
            f"{folder} holds no usable keys: {error}", hint="make them with `tohyo zk setup vote --depth D`"
        ) from error
    return VerifyingKey.from_json(document), transcript_hash


def deploy(
    w3: Web3, address: str, election_path: Path, keys: Path | None, registrar: str | None
) -> Deployment:
    """Deploy the election of a file from an account that the node holds."""
    election = load_election_file(election_path)
    key, transcript_hash = read_verifying_key(
        keys or KEYS_DIR / f"{TRAITS[election.scheme].circuit}-{election.depth}"
    )
    if warning := development_warning(transcript_hash):
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201 - this is a command
    sender = UnlockedSender(w3, address)
    return deploy_election(w3, sender, election, key, registrar or address, transcript_hash)


def main() -> str:
    """`brownie run deploy`: return the contract's address."""
    from brownie import accounts, web3  # type: ignore[import-not-found]  # noqa: PLC0415 - only under Brownie

    keys = os.environ.get("TOHYO_KEYS")
    deployment = deploy(
        web3,
        str(accounts[0].address),
        Path(os.environ.get("TOHYO_ELECTION", EXAMPLE / "election.json")),
        Path(keys) if keys else None,
        None,
    )
    record = Path(os.environ.get("TOHYO_RECORD", BUILD_DIR / "deployment.json"))
    deployment.save(record)
    print(f"Election deployed at {deployment.contract} (record: {record})")  # noqa: T201 - this is a command
    return deployment.contract


def run(arguments: list[str] | None = None) -> int:
    """`python -m scripts.deploy`: return the exit code."""
    parser = argparse.ArgumentParser(description="Deploy an election from an account that the node holds.")
    parser.add_argument("--rpc", default="http://127.0.0.1:8545", help="JSON-RPC address of the chain")
    parser.add_argument("--election", type=Path, default=EXAMPLE / "election.json", help="election file")
    parser.add_argument("--registrar", help="who may deposit (default: the deploying account)")
    parser.add_argument("--keys", type=Path, help="key folder (default: build/keys/<circuit>-<depth>)")
    parser.add_argument("--account", type=int, default=0, help="number of the node's account to deploy from")
    options = parser.parse_args(arguments)
    try:
        w3 = connect(options.rpc)
        address = w3.eth.accounts[options.account]
        deployment = deploy(w3, address, options.election, options.keys, options.registrar)
    except (TohyoError, OSError, IndexError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        if isinstance(error, TohyoError) and error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)  # noqa: T201 - same
        return 1
    print(json.dumps(deployment.to_json(), indent=2))  # noqa: T201 - same
    return 0


if __name__ == "__main__":
    sys.exit(run())
