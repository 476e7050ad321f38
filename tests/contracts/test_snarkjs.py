"""A proof that the published snarkjs makes with our keys verifies on chain."""

from __future__ import annotations

import json
import subprocess

import pytest

from chain.paths import PROJECT_ROOT
from election.address import ZERO_ADDRESS
from election.ballot import Ballot, vote_signal
from zk.formats.wtns_file import pack_wtns
from zk.groth16 import Proof
from zk.statement import VoteStatement, VoteWitness, nullifier_hash_of

SNARKJS = PROJECT_ROOT / "node_modules" / ".bin" / "snarkjs"


@pytest.mark.slow
def test_a_ballot_proved_by_snarkjs_is_counted(voting, vote_keys, tmp_path):
    booth = voting()
    voter, election_id = booth.voters[0], booth.deployment.election_id
    nullifier_hash = nullifier_hash_of(voter.nullifier, election_id)
    statement = VoteStatement(booth.tree.root, nullifier_hash, election_id, vote_signal(2, ZERO_ADDRESS, 0))
    secret = VoteWitness(voter.nullifier, voter.secret, 0, booth.tree.path(0).elements)
    witness, proof, public = (tmp_path / name for name in ("vote.wtns", "proof.json", "public.json"))
    witness.write_bytes(pack_wtns(booth.prover.witness_of(statement, secret)))
    subprocess.run([SNARKJS, "groth16", "prove", vote_keys.zkey_path, witness, proof, public], check=True)
    made = Proof.from_json(json.loads(proof.read_text(encoding="utf-8")))
    booth.client.cast_vote(Ballot(2, booth.tree.root, nullifier_hash, ZERO_ADDRESS, 0, made), booth.sender)
    assert booth.client.tally() == (0, 0, 1)
