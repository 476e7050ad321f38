"""A bent proof is refused by every verifier in Python and by snarkjs; on chain see tests/contracts.

What snarkjs 0.7.6 itself does is written down here, since it is not ours: `SNARKJS_ACCEPTS`.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.malleability import CASES, EQUIVALENT, PLACES, Claim, TrueClaim, make_true_claim
from zk.circuits import CircuitName
from zk.errors import ZkError
from zk.groth16.native import NativeBackend
from zk.groth16.reference import ReferenceBackend
from zk.keys import CircuitKeys, ensure_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from zk.groth16 import VerifyingKey

    Bend = Callable[[TrueClaim], Claim]

MODULES = Path(__file__).parents[2] / "node_modules"
DEPTHS = {CircuitName.VOTE: 3, CircuitName.WITHDRAW: 1}

# snarkjs reduces coordinates mod q, so a proof has many writings; Python and the contract refuse all but one.
SNARKJS_ACCEPTS = {f"{place} + q" for place in PLACES}


@pytest.fixture(scope="module")
def true_claims(keys_directory: Path) -> dict[CircuitName, TrueClaim]:
    def keys_of(name: CircuitName) -> CircuitKeys:
        return ensure_keys(name, DEPTHS[name], keys_directory)

    return {name: make_true_claim(keys_of(name)) for name in CircuitName}


def native(key: VerifyingKey, claim: Claim, true: TrueClaim) -> bool:
    del true
    return NativeBackend().verifier(key).verify(claim.proof, claim.inputs)


def reference(key: VerifyingKey, claim: Claim, true: TrueClaim) -> bool:
    del true
    return ReferenceBackend().verifier(key).verify(claim.proof, claim.inputs)


def batch(key: VerifyingKey, claim: Claim, true: TrueClaim) -> bool:
    """Between two true claims, which must not be refused for it."""
    honest = (true.proof, true.inputs)
    answers = NativeBackend().verifier(key).verify_many([honest, (claim.proof, claim.inputs), honest])
    assert answers[::2] == [True, True]
    return answers[1]


def accepts(verify: Callable[..., bool], claim: Claim, true: TrueClaim) -> bool:
    try:
        return verify(true.key, claim, true)
    except ZkError:
        return False


FAST = pytest.mark.parametrize("verify", [native, batch])
EACH = pytest.mark.parametrize(
    ("name", "bend"),
    [(name, bend) for name, _, bend in CASES],
    ids=[f"{n}: {title}" for n, title, _ in CASES],
)


@FAST
@EACH
def test_a_bent_proof_is_refused(
    true_claims: dict[CircuitName, TrueClaim], verify: Callable[..., bool], name: CircuitName, bend: Bend
) -> None:
    true = true_claims[name]
    assert not accepts(verify, bend(true), true)


REFERENCE_CASES = [case for case in CASES if case[0] is CircuitName.VOTE]


@pytest.mark.parametrize(
    "bend", [bend for *_, bend in REFERENCE_CASES], ids=[title for _, title, _ in REFERENCE_CASES]
)
@pytest.mark.slow
def test_a_bent_proof_is_refused_by_the_readable_verifier(
    true_claims: dict[CircuitName, TrueClaim], bend: Bend
) -> None:
    true = true_claims[CircuitName.VOTE]
    assert not accepts(reference, bend(true), true)


@pytest.mark.parametrize("name", CircuitName)
@pytest.mark.parametrize("verify", [native, batch, reference])
def test_the_true_proof_is_accepted(
    true_claims: dict[CircuitName, TrueClaim], verify: Callable[..., bool], name: CircuitName
) -> None:
    true = true_claims[name]
    assert verify(true.key, true.claim, true)


@FAST
@pytest.mark.parametrize("name", CircuitName)
@pytest.mark.parametrize("bend", EQUIVALENT.values(), ids=EQUIVALENT)
def test_a_proof_made_from_a_proof_says_the_same_in_other_bytes(
    true_claims: dict[CircuitName, TrueClaim], verify: Callable[..., bool], name: CircuitName, bend: Bend
) -> None:
    """So bytes of a proof identify nothing; the nullifier hash, a public input, identifies the ballot."""
    true = true_claims[name]
    claim = bend(true)
    assert claim.words != true.claim.words
    assert claim.inputs == true.inputs
    assert verify(true.key, claim, true)


ASK_SNARKJS = """
import { createRequire } from "module";
import { readFileSync } from "fs";
const snarkjs = createRequire(process.argv[2])("snarkjs");
const answers = [];
for (const { key, claims } of JSON.parse(readFileSync(0))) {
    for (const { proof, inputs } of claims) {
        try { answers.push(await snarkjs.groth16.verify(key, inputs, proof)); }
        catch (error) { answers.push("error: " + error.message); }
    }
}
console.log(JSON.stringify(answers));
process.exit(0);
"""


@pytest.mark.slow
def test_what_snarkjs_does_is_known(true_claims: dict[CircuitName, TrueClaim], tmp_path: Path) -> None:
    titles = [title for name, title, _ in CASES if name is CircuitName.VOTE]
    true = true_claims[CircuitName.VOTE]
    bent = [bend(true) for name, _, bend in CASES if name is CircuitName.VOTE]
    equivalent = [bend(true) for bend in EQUIVALENT.values()]
    claims = [
        {"proof": claim.proof.to_json(), "inputs": list(map(str, claim.inputs))}
        for claim in (true.claim, *equivalent, *bent)
    ]
    script = tmp_path / "ask.mjs"
    script.write_text(ASK_SNARKJS)
    said = subprocess.run(
        ["node", script, MODULES / "x.js"],
        input=json.dumps([{"key": true.key.to_json(), "claims": claims}]),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answers = json.loads(said.stdout.splitlines()[-1])
    assert answers[: 1 + len(equivalent)] == [True] * (1 + len(equivalent))
    accepted = {
        title for title, answer in zip(titles, answers[1 + len(equivalent) :], strict=True) if answer is True
    }
    assert accepted == SNARKJS_ACCEPTS
