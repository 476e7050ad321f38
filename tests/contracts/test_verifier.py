"""The rendered verifier: real proofs, every door, and the key it tells."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from chain import contract_errors as errors
from chain.compiler import compile_verifier, contract
from chain.connection import typed_errors
from chain.deploy import FOLDED_INPUT, deploy_contract
from chain.sender import UnlockedSender
from election.cryptography import CRYPTOGRAPHY
from election.scheme import Scheme
from zk.field import BASE_FIELD, SCALAR_FIELD
from zk.groth16 import VerifyingKeyMalformedError
from zk.solidity import VerifierRenderError, render_verifier, verifying_key_from_words

G1 = (1, 2)


@pytest.fixture
def verifier(w3, standing_booth):
    return w3.eth.contract(address=standing_booth.deployment.verifier, abi=contract("IVoteVerifier").abi)


@pytest.fixture
def case(standing_booth):
    """A true statement's proof words and public inputs."""
    ballot = standing_booth.ballot()
    config = standing_booth.client.config()
    statement = CRYPTOGRAPHY[Scheme.CREAM].statement(ballot, config.election_id, config.candidates)
    inputs = statement.public_inputs()
    return list(ballot.proof.to_evm()), list(inputs)


def folded(verifier, proof, inputs):
    base = verifier.functions.foldInput(inputs[FOLDED_INPUT]).call()
    rest = inputs[:FOLDED_INPUT] + inputs[FOLDED_INPUT + 1 :]
    return verifier.functions.verifyFolded(tuple(proof), list(base), rest).call()


def plain(verifier, proof, inputs):
    return verifier.functions.verifyProof(tuple(proof), inputs).call()


BOTH = pytest.mark.parametrize("verify", [plain, folded])


@BOTH
def test_a_true_proof_verifies(verifier, case, verify):
    assert verify(verifier, *case) is True


@BOTH
@pytest.mark.parametrize("place", range(4))
def test_changing_any_public_input_is_refused(verifier, case, verify, place):
    proof, inputs = case
    inputs[place] = (inputs[place] + 1) % SCALAR_FIELD
    assert verify(verifier, proof, inputs) is False


@BOTH
@pytest.mark.parametrize("place", range(8))
def test_changing_any_coordinate_is_refused(verifier, case, verify, place):
    proof, inputs = case
    proof[place] = (proof[place] + 1) % BASE_FIELD
    assert verify(verifier, proof, inputs) is False


@BOTH
@pytest.mark.parametrize("place", range(4))
def test_an_input_plus_r_is_malformed(verifier, case, verify, reverts, place):
    proof, inputs = case
    inputs[place] += SCALAR_FIELD
    with reverts(errors.FieldElementOutOfRangeError, value=inputs[place]), typed_errors():
        verify(verifier, proof, inputs)


@BOTH
@pytest.mark.parametrize("place", range(8))
def test_a_coordinate_plus_q_is_malformed(verifier, case, verify, reverts, place):
    proof, inputs = case
    proof[place] += BASE_FIELD
    with reverts(errors.CoordinateOutOfRangeError, value=proof[place]), typed_errors():
        verify(verifier, proof, inputs)


def test_a_folded_point_off_the_curve_is_no_false_proof_but_an_error(verifier, case, reverts):
    proof, inputs = case
    with reverts(errors.PrecompileFailedError), typed_errors():
        verifier.functions.verifyFolded(tuple(proof), [1, 3], inputs[:3]).call()


def test_another_folded_point_verifies_another_statement(verifier, case):
    proof, inputs = case
    rest = [inputs[0], inputs[1], inputs[3]]
    assert verifier.functions.verifyFolded(tuple(proof), list(G1), rest).call() is False


def test_the_fold_of_an_input_plus_r_is_refused(verifier, reverts):
    with reverts(errors.FieldElementOutOfRangeError, value=SCALAR_FIELD), typed_errors():
        verifier.functions.foldInput(SCALAR_FIELD).call()


def test_it_tells_its_key_and_says_that_development_keys_are(verifier, vote_keys):
    assert verifying_key_from_words(verifier.functions.verifyingKey().call()) == vote_keys.verifying_key
    assert verifier.functions.ceremonyTranscriptHash().call() == bytes(32)


def test_a_ceremonys_transcript_hash_stands_in_the_code(w3, vote_keys):
    source = render_verifier(
        vote_keys.verifying_key, folded_input=FOLDED_INPUT, transcript_hash=bytes(range(32))
    )
    sender = UnlockedSender(w3, w3.eth.accounts[0])
    receipt = deploy_contract(w3, sender, compile_verifier(source))
    deployed = w3.eth.contract(address=receipt["contractAddress"], abi=contract("IVoteVerifier").abi)
    assert deployed.functions.ceremonyTranscriptHash().call() == bytes(range(32))


def test_the_rendered_contract_has_the_interface_of_ivoteverifier(vote_keys):
    rendered = compile_verifier(render_verifier(vote_keys.verifying_key, folded_input=FOLDED_INPUT)).abi
    shapes = {signature(entry) for entry in rendered}
    assert {signature(entry) for entry in contract("IVoteVerifier").abi} == shapes


def signature(entry):
    def kinds(parts):
        return tuple((part["type"], kinds(part.get("components", []))) for part in parts)

    return entry["type"], entry["name"], kinds(entry["inputs"]), kinds(entry.get("outputs", []))


def test_rendering_uses_no_memory_that_grows(vote_keys):
    source = render_verifier(vote_keys.verifying_key, folded_input=FOLDED_INPUT)
    assert not re.search(r"mstore\(0x40", source)
    assert "delegatecall" not in source
    assert "selfdestruct" not in source


@pytest.mark.parametrize("place", [-1, 4])
def test_an_input_that_is_not_there_cannot_be_folded(vote_keys, place):
    with pytest.raises(VerifierRenderError):
        render_verifier(vote_keys.verifying_key, folded_input=place)


def test_a_transcript_hash_of_another_length_is_refused(vote_keys):
    with pytest.raises(VerifierRenderError):
        render_verifier(vote_keys.verifying_key, folded_input=FOLDED_INPUT, transcript_hash=b"short")


def test_a_key_off_the_curve_is_not_rendered(vote_keys):
    damaged = replace(vote_keys.verifying_key, alpha_g1=(1, 3))
    with pytest.raises(VerifyingKeyMalformedError):
        render_verifier(damaged, folded_input=FOLDED_INPUT)
