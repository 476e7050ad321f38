"""The rendered verifier, on a real EVM, refuses every bent proof that Python refuses."""

from __future__ import annotations

import pytest

from chain.compiler import compile_verifier
from chain.connection import typed_errors
from chain.contract_errors import ContractError
from chain.deploy import deploy_contract
from chain.sender import UnlockedSender
from tests.support.malleability import CASES, EQUIVALENT, make_true_claim
from zk.circuits import CircuitName
from zk.keys import ensure_keys
from zk.solidity import render_verifier

FOLDED = 2  # any place will do: the table bends every input


@pytest.fixture(scope="module")
def true_claims(vote_keys, tmp_path_factory):
    keys = {
        CircuitName.VOTE: vote_keys,
        CircuitName.WITHDRAW: ensure_keys(CircuitName.WITHDRAW, 1, tmp_path_factory.mktemp("keys")),
    }
    return {name: make_true_claim(keys[name]) for name in CircuitName}


@pytest.fixture(scope="module")
def verifiers(chain, true_claims):
    sender = UnlockedSender(chain, chain.eth.accounts[0])

    def deployed(key):
        compiled = compile_verifier(render_verifier(key, folded_input=FOLDED))
        receipt = deploy_contract(chain, sender, compiled)
        return chain.eth.contract(address=receipt["contractAddress"], abi=compiled.abi)

    return {name: deployed(true.key) for name, true in true_claims.items()}


def plain(verifier, claim):
    return verifier.functions.verifyProof(claim.words, claim.inputs).call()


def folded(verifier, claim):
    base = verifier.functions.foldInput(claim.inputs[FOLDED]).call()
    rest = claim.inputs[:FOLDED] + claim.inputs[FOLDED + 1 :]
    return verifier.functions.verifyFolded(claim.words, base, rest).call()


BOTH = pytest.mark.parametrize("verify", [plain, folded])


@BOTH
@pytest.mark.parametrize(
    ("name", "bend"),
    [(name, bend) for name, _, bend in CASES],
    ids=[f"{n}: {title}" for n, title, _ in CASES],
)
def test_a_bent_proof_is_refused(verifiers, true_claims, verify, name, bend):
    """With false, or with an error of the contract that says which word is too large."""
    claim = bend(true_claims[name])
    try:
        with typed_errors():
            answer = verify(verifiers[name], claim)
    except ContractError:
        answer = False
    assert answer is False


@BOTH
@pytest.mark.parametrize("name", CircuitName)
def test_the_true_proof_is_accepted(verifiers, true_claims, verify, name):
    assert verify(verifiers[name], true_claims[name].claim) is True


@BOTH
@pytest.mark.parametrize("name", CircuitName)
@pytest.mark.parametrize("bend", EQUIVALENT.values(), ids=EQUIVALENT)
def test_a_proof_made_from_a_proof_is_accepted_and_so_identifies_nothing(
    verifiers, true_claims, verify, name, bend
):
    assert verify(verifiers[name], bend(true_claims[name])) is True
