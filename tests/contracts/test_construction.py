"""What an election cannot be deployed with, and what it says of itself once deployed."""

from __future__ import annotations

import re

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from chain import contract_errors as errors
from chain.compiler import CODE_SIZE_LIMIT, compile_contracts
from chain.deploy import contract_config
from chain.paths import CONTRACTS_DIR
from election.identity import election_id

ZERO_ADDRESS = "0x" + 40 * "0"
FIELDS = (
    "file",
    "registrar",
    "treasury",
    "denomination",
    "depth",
    "schedule",
    "candidates",
    "verifier",
    "hasher",
)
ALICE, BOB = "0x" + 40 * "1", "0x" + 40 * "2"
MAX_CANDIDATES = 255
TRANSACTION_GAS_LIMIT = 16_777_216  # EIP-7825


@pytest.fixture
def deploy_with(w3, standing_booth, deploy):
    """Deploy Cream with some fields of its configuration changed."""

    def make(**changes):
        deployment = standing_booth.deployment
        config = contract_config(
            standing_booth.election,
            w3.eth.accounts[0],
            verifier=deployment.verifier,
            hasher=deployment.hasher,
        )
        return deploy("Cream", tuple((dict(zip(FIELDS, config, strict=True)) | changes).values()))

    return make


@pytest.mark.parametrize(
    ("changes", "error", "values"),
    [
        ({"registrar": ZERO_ADDRESS}, errors.RegistrarMissingError, {}),
        ({"denomination": 1}, errors.TreasuryMissingError, {}),
        ({"candidates": []}, errors.CandidatesMissingError, {}),
        ({"depth": 0}, errors.DepthOutOfRangeError, {"depth": 0}),
        ({"depth": 33}, errors.DepthOutOfRangeError, {"depth": 33}),
        ({"hasher": ALICE}, errors.WrongHasherError, {"hasher": ALICE}),
        (
            {"candidates": [ALICE, ZERO_ADDRESS]},
            errors.CandidateAddressRefusedError,
            {"choice": 1, "account": ZERO_ADDRESS},
        ),
        (
            {"candidates": [ALICE, BOB, ALICE]},
            errors.CandidateRepeatedError,
            {"choice": 2, "account": ALICE},
        ),
    ],
)
def test_an_unsound_configuration_is_refused(deploy_with, reverts, changes, error, values):
    with reverts(error, **values):
        deploy_with(**changes)


@pytest.mark.parametrize("times", [(5, 5, 6), (5, 6, 6), (6, 5, 7), (0, 0, 0)])
def test_times_that_do_not_increase_are_refused(deploy_with, reverts, times):
    names = ("registration_opens", "voting_opens", "voting_closes")
    with reverts(errors.ScheduleNotIncreasingError, **dict(zip(names, times, strict=True))):
        deploy_with(schedule=times)


def test_the_election_itself_cannot_be_a_candidate(deploy_with, w3, reverts):
    sender = w3.eth.accounts[0]
    nonce = w3.eth.get_transaction_count(sender)
    future = _create_address(sender, nonce)
    with reverts(errors.CandidateAddressRefusedError, choice=0, account=future):
        deploy_with(candidates=[future])


def test_a_verifier_without_code_is_refused(deploy_with):
    with pytest.raises(errors.UnknownRevertError):
        deploy_with(verifier=ALICE)


def test_the_contract_answers_for_its_configuration(standing_booth, vote_keys):
    config, deployment = standing_booth.client.config(), standing_booth.deployment
    election = standing_booth.election
    assert config.election_file_hash == election.file_hash()
    assert config.election_id == deployment.election_id
    assert config.election_id == election_id(deployment.chain_id, deployment.contract, election.file_hash())
    assert (
        config.registration_opens,
        config.voting_opens,
        config.voting_closes,
    ) == election.schedule.timestamps()
    assert config.candidates == tuple(candidate.address for candidate in election.candidates)
    assert (config.verifier, config.hasher) == (deployment.verifier, deployment.hasher)
    assert (config.depth, config.denomination, config.treasury) == (4, 0, ZERO_ADDRESS)
    assert config.registrar == standing_booth.registrar.address
    assert standing_booth.client.verifying_key() == vote_keys.verifying_key


def test_the_election_file_is_published(standing_booth):
    assert standing_booth.client.election_file() == standing_booth.election.canonical_bytes()


def test_the_largest_election_fits_into_one_transaction(pending):
    names = [{"name": f"{i:03} " + 17 * "候"} for i in range(MAX_CANDIDATES)]
    booth = pending(candidates=names, description=1800 * "x")
    assert len(booth.election.canonical_bytes()) > 19_000
    assert booth.deployment.gas["contract"] < TRANSACTION_GAS_LIMIT
    assert len(booth.client.tally()) == MAX_CANDIDATES


def test_no_contract_passes_the_code_size_limit():
    for compiled in compile_contracts().values():
        assert len(compiled.runtime) <= CODE_SIZE_LIMIT, compiled.name


def test_no_source_can_change_itself_or_hand_over_its_storage():
    for path in CONTRACTS_DIR.rglob("*.sol"):
        code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        for word in (
            "selfdestruct",
            "delegatecall",
            "callcode",
            "tx.origin",
            "onlyOwner",
            "Ownable",
            "Initializable",
        ):
            assert word not in code, f"{word} in {path.name}"


def _create_address(sender, nonce):
    """Address of the contract that `sender` creates next: keccak256(rlp([sender, nonce]))."""
    encoded = bytes([0x94]) + bytes.fromhex(sender[2:]) + _rlp_int(nonce)
    return to_checksum_address(keccak(bytes([0xC0 + len(encoded)]) + encoded)[-20:])


def _rlp_int(number):
    if number == 0:
        return b"\x80"
    data = number.to_bytes((number.bit_length() + 7) // 8)
    return data if number < 0x80 else bytes([0x80 + len(data)]) + data
