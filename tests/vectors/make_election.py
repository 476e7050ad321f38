"""Vectors of election/ and voter/: `python tests/vectors/make_election.py` writes election.json beside it.

Every implementation of the protocol, in any language, must reproduce them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_utils.crypto import keccak

from election.ballot import vote_signal
from election.file import candidate_address, load_election_file
from election.identity import election_id
from election.permit import permit_message, sign_permit
from voter.note import Note
from zk.field import SCALAR_FIELD

HERE = Path(__file__).parent
TARGET = HERE / "election.json"
EXAMPLE = HERE.parent.parent / "examples" / "tsukuba-2018" / "election.json"
CONTRACT = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
ZERO = "0x" + 40 * "0"
KEY = "0x" + 32 * "11"
LARGEST = SCALAR_FIELD - 1


def vectors() -> dict[str, Any]:
    """Compute every vector from fixed inputs."""
    return {
        "generated_by": "python tests/vectors/make_election.py",
        "election_file": _election_file(),
        "candidate_address": [
            _candidate(*row) for row in ((0, "A"), (1, "A"), (0, "青山"), (254, "x" * 200))
        ],
        "election_id": [
            _identity(chain_id, value) for chain_id in (1, 31337) for value in (0, 1, 2**256 - 1)
        ],
        "signal": [
            _signal(*row)
            for row in (
                (0, ZERO, 0),
                (1, ZERO, 0),
                (12, CONTRACT, 10**15),
                (2**256 - 1, CONTRACT, 2**256 - 1),
            )
        ],
        "note": [_note(*row) for row in ((0, 0), (1, 2), (2, 1), (LARGEST, LARGEST))],
        "permit": [_permit(*row) for row in ((0, 0), (7, 1_800_000_000), (LARGEST, 2**256 - 1))],
    }


def _election_file() -> dict[str, Any]:
    election = load_election_file(EXAMPLE)
    return {
        "path": "examples/tsukuba-2018/election.json",
        "canonical": election.canonical_bytes().decode(),
        "hash": _hex(election.file_hash()),
        "timestamps": list(election.schedule.timestamps()),
        "addresses": [candidate.address for candidate in election.candidates],
    }


def _candidate(index: int, name: str) -> dict[str, Any]:
    return {"index": index, "name": name, "address": candidate_address(index, name)}


def _identity(chain_id: int, value: int) -> dict[str, Any]:
    file_hash = value.to_bytes(32)
    identity = election_id(chain_id, CONTRACT, file_hash)
    return {
        "chain_id": chain_id,
        "contract": CONTRACT,
        "file_hash": _hex(file_hash),
        "election_id": str(identity),
    }


def _signal(choice: int, relayer: str, fee: int) -> dict[str, Any]:
    signal = vote_signal(choice, relayer, fee)
    return {"choice": str(choice), "relayer": relayer, "fee": str(fee), "signal": str(signal)}


def _note(nullifier: int, secret: int) -> dict[str, Any]:
    note = Note(31337, CONTRACT, nullifier, secret)
    return {
        "chain_id": 31337,
        "contract": CONTRACT,
        "nullifier": str(nullifier),
        "secret": str(secret),
        "text": note.to_text(),
        "commitment": str(note.commitment),
        "nullifier_hash_in_election_5": str(note.nullifier_hash(5)),
    }


def _permit(commitment: int, deadline: int) -> dict[str, Any]:
    account = Account.from_key(KEY)
    message = permit_message(31337, CONTRACT, commitment, deadline)
    digest = keccak(b"\x19" + message.version + message.header + message.body)
    permit = sign_permit(account, 31337, CONTRACT, commitment, deadline)
    return {
        "chain_id": 31337,
        "contract": CONTRACT,
        "registrar_key": KEY,
        "registrar": account.address,
        "digest": _hex(digest),
        **permit.to_json(),
    }


def _hex(data: bytes) -> str:
    return "0x" + bytes(data).hex()


def main() -> None:
    """Write the file."""
    TARGET.write_text(json.dumps(vectors(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
