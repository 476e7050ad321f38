"""Another proof made from a ballot's proof is the same ballot: it is counted once, whoever sends it first."""

from __future__ import annotations

import pytest

from chain import contract_errors as errors
from tests.support.malleability import EQUIVALENT, TrueClaim
from tests.support.small_election import classic_keys


@pytest.mark.parametrize("title", ["A and B negated", "A times k, B by k", "B + s·δ, C + s·A"])
def test_a_proof_made_from_a_proof_is_counted_once(booth, reverts, title):
    ballot = booth.ballot()
    key = classic_keys().verifying_key
    true = TrueClaim(key, ballot.proof, ballot.proof, (), ballot.proof, ())
    changed = EQUIVALENT[title](true).words
    assert changed != ballot.proof.to_evm()
    booth.withdraw(ballot, proof=changed)
    assert booth.client.tally() == (1, 0)
    with reverts(errors.NullifierAlreadySpentError, nullifier_hash=ballot.nullifier_hash):
        booth.withdraw(ballot)
