from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.zk.conftest import make_vote
from zk.circuit import UnsatisfiedConstraintError
from zk.groth16 import Proof
from zk.keys import KeyFileDamagedError
from zk.prover_pool import ProverLostError, prover_pool
from zk.proving import StatementVerifier

if TYPE_CHECKING:
    from zk.keys import CircuitKeys


def test_a_pool_proves_what_is_true_and_says_why_the_rest_is_not(keys: CircuitKeys) -> None:
    votes = {name: make_vote() for name in "abc"}
    votes["b"] = votes["b"]._replace(statement=replace(votes["b"].statement, root=5))
    tasks = [(name, v.statement, v.witness) for name, v in votes.items()]
    verifier = StatementVerifier(keys.verifying_key)
    with prover_pool(keys, jobs=2) as pool:
        outcomes = dict(pool.outcomes(tasks))
        with pytest.raises(UnsatisfiedConstraintError, match="the path leads from the leaf to the root"):
            dict(pool.prove_all(tasks))
    assert isinstance(outcomes["b"], UnsatisfiedConstraintError)
    for name in "ac":
        proof = outcomes[name]
        assert isinstance(proof, Proof)
        assert verifier.verify(proof, votes[name].statement)


def test_a_worker_that_dies_is_reported_in_words(keys: CircuitKeys) -> None:
    vote = make_vote()
    with prover_pool(keys, jobs=1) as pool:
        pool._executor.submit(os._exit, 1)
        with pytest.raises(ProverLostError) as caught:
            list(pool.outcomes([("a", vote.statement, vote.witness)]))
    assert "--jobs" in caught.value.hint


def test_keys_of_another_circuit_are_refused_before_a_worker_starts(keys: CircuitKeys) -> None:
    with pytest.raises(KeyFileDamagedError, match="another version"), prover_pool(replace(keys, depth=4)):
        pytest.fail("the pool opened")
