"""`deposit` with the registrar's EIP-712 permit."""

from __future__ import annotations

import pytest
from eth_account import Account
from hexbytes import HexBytes

from chain import contract_errors as errors
from chain.time import block_time
from election.permit import permit_message

DEPOSIT = "deposit(uint256,uint256,bytes)"
OTHER_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ZERO_ADDRESS = "0x" + 40 * "0"


def signer_of(booth, permit):
    """What the contract recovers from a signature over its own message."""
    commitment, deadline, signature = permit
    message = permit_message(booth.deployment.chain_id, booth.client.address, commitment, deadline)
    return Account.recover_message(message, signature=HexBytes(signature))


def test_anyone_deposits_with_a_permit(registering):
    booth = registering()
    booth.call(DEPOSIT, *booth.permit(77))
    (event,) = booth.client.events(names={"Deposited"})
    assert (event.commitment, event.depositor) == (77, booth.sender.address)


def test_a_permit_serves_once(registering, reverts):
    booth = registering()
    booth.call(DEPOSIT, *booth.permit(77))
    with reverts(errors.CommitmentAlreadyDepositedError, commitment=77):
        booth.call(DEPOSIT, *booth.permit(77))


def test_a_permit_is_good_in_the_second_of_its_deadline_and_not_after(registering, reverts):
    booth = registering()
    deadline = block_time(booth.w3) + 100
    permit = booth.permit(77, deadline)
    taken = booth.w3.provider.make_request("evm_snapshot", [])["result"]
    booth.w3.provider.make_request("evm_setNextBlockTimestamp", [deadline])
    booth.call(DEPOSIT, *permit)
    booth.w3.provider.make_request("evm_revert", [taken])
    booth.w3.provider.make_request("evm_setNextBlockTimestamp", [deadline + 1])
    booth.w3.provider.make_request("evm_mine", [])
    with pytest.raises(errors.PermitExpiredError) as raised:
        booth.call(DEPOSIT, *permit)
    assert raised.value.values["deadline"] == deadline
    assert raised.value.values["timestamp"] > deadline


@pytest.mark.parametrize(
    "changes",
    [{"key": OTHER_KEY}, {"chain_id": 1}, {"contract": "0x" + 40 * "1"}],
    ids=["another signer", "another chain", "another contract"],
)
def test_a_permit_for_something_else_is_refused(registering, reverts, changes):
    booth = registering()
    permit = booth.permit(77, **changes)
    with reverts(errors.PermitNotFromRegistrarError, signer=signer_of(booth, permit)):
        booth.call(DEPOSIT, *permit)


def test_a_permit_for_another_commitment_or_deadline_is_refused(registering, reverts):
    booth = registering()
    commitment, deadline, signature = booth.permit(77)
    for changed in ((commitment + 1, deadline, signature), (commitment, deadline + 1, signature)):
        with reverts(errors.PermitNotFromRegistrarError, signer=signer_of(booth, changed)):
            booth.call(DEPOSIT, *changed)


def test_a_malleable_signature_is_refused(registering, reverts):
    booth = registering()
    commitment, deadline, signature = booth.permit(77)
    r, s, v = signature[:32], int.from_bytes(signature[32:64]), signature[64]
    twin = r + (SECP256K1_ORDER - s).to_bytes(32) + bytes([55 - v])
    with reverts(errors.PermitNotFromRegistrarError, signer=ZERO_ADDRESS):
        booth.call(DEPOSIT, commitment, deadline, twin)


@pytest.mark.parametrize("signature", [b"", bytes(65), bytes(64), bytes(66)])
def test_what_is_no_signature_is_refused(registering, reverts, signature):
    booth = registering()
    with reverts(errors.PermitNotFromRegistrarError, signer=ZERO_ADDRESS):
        booth.call(DEPOSIT, 77, 2**40, signature)


def test_a_deposit_with_a_permit_carries_the_denomination(registering, reverts):
    booth = registering(denomination=5, treasury="0x14dC79964da2C08b23698B3D3cc7Ca32193d9955")
    with reverts(errors.WrongDepositValueError, expected=5, sent=0):
        booth.call(DEPOSIT, *booth.permit(77))
    booth.call(DEPOSIT, *booth.permit(77), value=5)


def test_the_contract_tells_wallets_its_signing_domain(registering):
    booth = registering()
    fields, name, version, chain_id, contract, _, _ = booth.cream.functions.eip712Domain().call()
    assert fields == b"\x0f"
    assert (name, version, chain_id, contract) == (
        "tohyo",
        "1",
        booth.deployment.chain_id,
        booth.client.address,
    )
