"""A point at infinity is refused even where the pairing equation holds (for a key with known secrets)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from py_ecc.bn128 import G1, G2, multiply

from chain.compiler import compile_verifier, contract
from chain.deploy import FOLDED_INPUT, deploy_contract
from chain.sender import UnlockedSender
from zk.field import SCALAR_FIELD
from zk.groth16 import Proof, ProofMalformedError, VerifyingKey
from zk.groth16.native import NativeBackend
from zk.groth16.reference import ReferenceBackend
from zk.solidity import render_verifier

ALPHA, BETA, GAMMA, DELTA, IC = 3, 5, 7, 11, (13, 17, 19, 23, 29)
INPUTS = (2, 4, 6, 8)
INFINITY = (0, 0)


def g1(scalar):
    return tuple(int(c) for c in multiply(G1, scalar % SCALAR_FIELD))


def g2(scalar):
    return tuple(tuple(int(c) for c in part.coeffs) for part in multiply(G2, scalar % SCALAR_FIELD))


TOTAL = ALPHA * BETA + (IC[0] + sum(x * y for x, y in zip(INPUTS, IC[1:], strict=True))) * GAMMA
BALANCING_C = -TOTAL * pow(DELTA, -1, SCALAR_FIELD) % SCALAR_FIELD


def proof_with(c):
    """A = α·β + Σ·γ + c·δ over B = 1: the equation holds for every c."""
    a = (TOTAL + c * DELTA) % SCALAR_FIELD
    return Proof(g1(a) if a else INFINITY, g2(1), g1(c) if c else INFINITY)


@pytest.fixture
def key():
    return VerifyingKey(g1(ALPHA), g2(BETA), g2(GAMMA), g2(DELTA), tuple(g1(x) for x in IC))


@pytest.fixture
def verifier(w3, key):
    compiled = compile_verifier(render_verifier(key, folded_input=FOLDED_INPUT))
    receipt = deploy_contract(w3, UnlockedSender(w3, w3.eth.accounts[0]), compiled)
    return w3.eth.contract(address=receipt["contractAddress"], abi=contract("IVoteVerifier").abi)


@pytest.mark.parametrize(
    ("proof", "valid"),
    [
        (proof_with(1), True),
        (proof_with(0), False),
        (proof_with(BALANCING_C), False),
        (replace(proof_with(BALANCING_C), a=g1(5), b=(INFINITY, INFINITY)), False),
        (replace(proof_with(BALANCING_C), b=(INFINITY, INFINITY)), False),
    ],
    ids=["finite", "C", "A", "B", "A and B"],
)
def test_only_finite_points_are_accepted(verifier, key, proof, valid):
    assert verifier.functions.verifyProof(proof.to_evm(), list(INPUTS)).call() is valid
    for backend in (NativeBackend(), ReferenceBackend()):
        if valid:
            assert backend.verifier(key).verify(proof, INPUTS)
            assert backend.verifier(key).verify_many([(proof, INPUTS)]) == [True]
        else:
            with pytest.raises(ProofMalformedError, match="infinity"):
                backend.verifier(key).verify(proof, INPUTS)
            with pytest.raises(ProofMalformedError, match="infinity"):
                backend.verifier(key).verify_many([(proof, INPUTS)])
