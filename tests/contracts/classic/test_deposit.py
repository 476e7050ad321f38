"""Deposits of a classic election: who may, with what money, and the root that each of them makes."""

from __future__ import annotations

import random

import pytest

from chain import contract_errors as errors
from chain.compiler import contract
from chain.cream_classic import CreamClassicClient
from chain.deploy import contract_config, deploy_contract
from chain.development import development_account
from election.address import ZERO_ADDRESS
from election.file import parse_election_document
from election.permit import sign_permit
from tests.support.small_election import CLASSIC, DENOMINATION, REGISTRAR, VOTES, document
from zk.domain import domain_tag
from zk.field import SCALAR_FIELD
from zk.merkle import IncrementalMerkleTree
from zk.mimc import mimc_compress

ROOT_HISTORY = 100
PER_TRANSACTION = 20  # each hashes 16 levels
CONFIG = next(entry for entry in contract("CreamClassic").abi if entry["type"] == "constructor")
FIELDS = [part["name"] for part in CONFIG["inputs"][0]["components"]]


def deposit_with(booth, commitment, deadline=VOTES, *, signer=REGISTRAR):
    address = booth.client.address
    account, chain_id = development_account(signer), booth.running.deployment.chain_id
    permit = sign_permit(account, chain_id, address, commitment, deadline)
    return booth.client.deposit_with_permit(permit, booth.sender)


def test_every_insertion_makes_the_root_of_zk_merkle_and_keeps_it(registering):
    chance = random.Random(16)  # noqa: S311 - test data
    leaves = [chance.randrange(SCALAR_FIELD) for _ in range(9)]
    registering.client.deposit_many(leaves[:4], registering.registrar)
    for leaf in leaves[4:]:
        registering.client.deposit(leaf, registering.registrar)
    twin = IncrementalMerkleTree(16, mimc_compress)
    events = registering.client.events(names={"Deposited", "Checkpointed"})
    assert [type(event).__name__ for event in events] == ["Deposited", "Checkpointed"] * len(leaves)
    for index, (deposited, kept) in enumerate(zip(events[::2], events[1::2], strict=True)):
        twin.append(deposited.commitment)
        assert (deposited.commitment, deposited.leaf_index) == (leaves[index], index)
        assert (kept.root, kept.leaf_count) == (twin.root, index + 1)
        assert registering.client.is_known_root(twin.root)
    assert registering.client.latest_root() == twin.root


def test_the_hundredth_newer_insertion_evicts_a_root(registering):
    leaves = list(range(1, ROOT_HISTORY + 3))
    for start in range(0, len(leaves), PER_TRANSACTION):
        some = leaves[start : start + PER_TRANSACTION]
        data = registering.client.contract.encode_abi("depositMany(uint256[])", [some])
        transaction = {"to": registering.client.address, "data": data, "value": len(some) * DENOMINATION}
        registering.registrar.send(transaction | {"gas": 16_000_000})  # an estimate would run it many times
    roots = [event.root for event in registering.client.events(names={"Checkpointed"})]
    known = [registering.client.is_known_root(root) for root in roots]
    assert known == [False, False] + [True] * ROOT_HISTORY
    assert not registering.client.is_known_root(0)


def test_a_deposit_carries_exactly_the_denomination(registering, reverts):
    data = registering.client.contract.encode_abi("deposit(uint256)", [5])
    for sent in (0, DENOMINATION - 1, DENOMINATION + 1):
        with reverts(errors.WrongDepositValueError, expected=DENOMINATION, sent=sent):
            registering.registrar.send({"to": registering.client.address, "data": data, "value": sent})
    registering.client.deposit_many([5, 6], registering.registrar)
    assert registering.balances(registering.client.address) == [2 * DENOMINATION]


def test_anyone_may_deposit_with_the_registrars_permit_and_with_no_other(registering, reverts):
    deposit_with(registering, 5)
    with reverts(errors.PermitNotFromRegistrarError, signer=development_account(7).address):
        deposit_with(registering, 6, signer=7)
    with reverts(errors.NotRegistrarError, account=registering.sender.address):
        registering.client.deposit(6, registering.sender)
    assert registering.client.leaves() == [5]


def test_a_commitment_is_deposited_once_and_the_empty_leaf_never(registering, reverts):
    registering.client.deposit(5, registering.registrar)
    for commitment in (5, domain_tag("empty")):
        with reverts(errors.CommitmentAlreadyDepositedError, commitment=commitment):
            registering.client.deposit(commitment, registering.registrar)


def test_a_commitment_at_or_above_r_is_refused(registering, reverts):
    with reverts(errors.FieldElementOutOfRangeError, value=SCALAR_FIELD):
        registering.client.deposit(SCALAR_FIELD, registering.registrar)


def test_a_deposit_outside_registration_is_refused(booth, reverts):
    with reverts(errors.WrongPhaseError, expected=1, actual=2):
        booth.client.deposit(5, booth.registrar)


def test_there_is_no_checkpoint_to_ask_for(registering):
    names = {entry["name"] for entry in contract("CreamClassic").abi if entry["type"] == "function"}
    assert "checkpoint" not in names
    assert {"deposit", "withdraw", "isSpent", "tally"} <= names


@pytest.fixture
def construct(registering):
    """Deploy CreamClassic with parts of its configuration changed; returns its client."""
    hasher, verifier = registering.client.config().hasher, registering.client.config().verifier

    def make(**changes):
        election = parse_election_document(document(**CLASSIC))
        sender = registering.registrar
        config = list(contract_config(election, sender.address, verifier=verifier, hasher=hasher))
        for name, value in changes.items():
            config[FIELDS.index(name)] = value
        receipt = deploy_contract(registering.w3, sender, contract("CreamClassic"), tuple(config))
        return CreamClassicClient(registering.w3, receipt["contractAddress"])

    return make


def test_what_it_is_built_with_is_what_it_answers(construct):
    config = construct().config()
    election = parse_election_document(document(**CLASSIC))
    found = (config.depth, config.denomination, config.treasury)
    assert found == (16, DENOMINATION, election.treasury)
    assert config.candidates == tuple(candidate.address for candidate in election.candidates)


@pytest.mark.parametrize("depth", [0, 15, 17, 20, 32])
def test_another_depth_than_16_is_refused(construct, reverts, depth):
    with reverts(errors.DepthOutOfRangeError, depth=depth):
        construct(depth=depth)


def test_a_denomination_of_nothing_is_refused(construct, reverts):
    with reverts(errors.DenominationMissingError):
        construct(denomination=0)


def test_a_missing_treasury_is_refused(construct, reverts):
    with reverts(errors.TreasuryMissingError):
        construct(treasury=ZERO_ADDRESS)


def test_a_hasher_that_is_none_is_refused(construct, registering, reverts):
    account = registering.sender.address
    with reverts(errors.WrongHasherError, hasher=account):
        construct(hasher=account)


def test_the_hasher_of_the_other_scheme_is_refused(construct, registering):
    poseidon = deploy_contract(registering.w3, registering.registrar, contract("PoseidonT3"))
    with pytest.raises(errors.ContractError):
        construct(hasher=poseidon["contractAddress"])
