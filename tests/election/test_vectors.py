from __future__ import annotations

import json

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from election.permit import DepositPermit
from tests.vectors.make_election import TARGET, vectors
from voter.note import Note
from zk.field import SCALAR_FIELD


def pinned() -> dict:
    return json.loads(TARGET.read_text(encoding="utf-8"))


def test_the_vectors_are_what_their_program_makes() -> None:
    assert pinned() == vectors()


def test_the_file_hash_is_the_keccak_of_the_canonical_text() -> None:
    vector = pinned()["election_file"]
    assert keccak(vector["canonical"].encode()).hex() == vector["hash"][2:]


def test_election_ids_follow_the_formula() -> None:
    for vector in pinned()["election_id"]:
        contract = bytes.fromhex(vector["contract"][2:])
        words = (
            vector["chain_id"].to_bytes(32) + bytes(12) + contract + bytes.fromhex(vector["file_hash"][2:])
        )
        assert int(vector["election_id"]) == int.from_bytes(keccak(words)) % SCALAR_FIELD


def test_signals_follow_the_formula() -> None:
    for vector in pinned()["signal"]:
        relayer = bytes.fromhex(vector["relayer"][2:])
        words = int(vector["choice"]).to_bytes(32) + bytes(12) + relayer + int(vector["fee"]).to_bytes(32)
        assert int(vector["signal"]) == int.from_bytes(keccak(words)) % SCALAR_FIELD


def test_permit_digests_follow_eip_712() -> None:
    domain_type = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    for vector in pinned()["permit"]:
        domain = encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [
                keccak(text=domain_type),
                keccak(text="tohyo"),
                keccak(text="1"),
                vector["chain_id"],
                vector["contract"],
            ],
        )
        permit_type = keccak(text="DepositPermit(uint256 commitment,uint256 deadline)")
        body = permit_type + int(vector["commitment"]).to_bytes(32) + int(vector["deadline"]).to_bytes(32)
        assert keccak(b"\x19\x01" + keccak(domain) + keccak(body)).hex() == vector["digest"][2:]


def test_permits_name_their_registrar() -> None:
    for vector in pinned()["permit"]:
        permit = DepositPermit.from_json(
            {name: vector[name] for name in ("format", "commitment", "deadline", "signature")}
        )
        assert permit.signer(vector["chain_id"], vector["contract"]) == vector["registrar"]


def test_notes_parse_to_their_numbers() -> None:
    for vector in pinned()["note"]:
        note = Note.parse(vector["text"])
        assert (note.nullifier, note.secret) == (int(vector["nullifier"]), int(vector["secret"]))
        assert note.commitment == int(vector["commitment"])
