"""`deposit` by the registrar, one or many at once."""

from __future__ import annotations

import pytest

from chain import contract_errors as errors
from zk.domain import domain_tag
from zk.field import SCALAR_FIELD

DENOMINATION = 10**15
TREASURY = "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"


def test_the_registrar_deposits_a_commitment(registering):
    booth = registering()
    booth.client.deposit(77, booth.registrar)
    (event,) = booth.client.events(names={"Deposited"})
    assert (event.commitment, event.leaf_index, event.depositor) == (77, 0, booth.registrar.address)
    assert booth.client.is_deposited(77)
    assert booth.client.leaf_count() == 1


def test_many_commitments_get_leaves_in_their_order(registering):
    booth = registering()
    booth.client.deposit(5, booth.registrar)
    booth.client.deposit_many([9, 8, 7], booth.registrar)
    assert booth.client.leaves() == [5, 9, 8, 7]
    assert [event.leaf_index for event in booth.client.events(names={"Deposited"})] == [0, 1, 2, 3]


def test_no_commitments_at_all_change_nothing(registering):
    booth = registering()
    booth.client.deposit_many([], booth.registrar)
    assert booth.client.leaf_count() == 0


def test_only_the_registrar_deposits_without_a_permit(registering, reverts):
    booth = registering()
    with reverts(errors.NotRegistrarError, account=booth.sender.address):
        booth.client.deposit(77, booth.sender)
    with reverts(errors.NotRegistrarError, account=booth.sender.address):
        booth.client.deposit_many([77], booth.sender)


def test_a_commitment_is_refused_a_second_time(registering, reverts):
    booth = registering()
    booth.client.deposit(77, booth.registrar)
    with reverts(errors.CommitmentAlreadyDepositedError, commitment=77):
        booth.client.deposit(77, booth.registrar)


def test_a_commitment_repeated_within_many_is_refused_and_nothing_is_kept(registering, reverts):
    booth = registering()
    with reverts(errors.CommitmentAlreadyDepositedError, commitment=2):
        booth.client.deposit_many([1, 2, 3, 2], booth.registrar)
    assert booth.client.leaf_count() == 0
    assert not booth.client.is_deposited(1)


def test_the_empty_leaf_counts_as_taken(registering, reverts):
    booth = registering()
    with reverts(errors.CommitmentAlreadyDepositedError, commitment=domain_tag("empty")):
        booth.client.deposit(domain_tag("empty"), booth.registrar)


@pytest.mark.parametrize("commitment", [SCALAR_FIELD, SCALAR_FIELD + 77, 2**256 - 1])
def test_a_commitment_at_or_above_r_is_refused(registering, reverts, commitment):
    booth = registering()
    with reverts(errors.FieldElementOutOfRangeError, value=commitment):
        booth.client.deposit(commitment, booth.registrar)
    with reverts(errors.FieldElementOutOfRangeError, value=commitment):
        booth.client.deposit_many([1, commitment], booth.registrar)


def test_r_minus_one_is_a_commitment_like_any_other(registering):
    booth = registering()
    booth.client.deposit(SCALAR_FIELD - 1, booth.registrar)
    assert booth.client.leaves() == [SCALAR_FIELD - 1]


@pytest.mark.parametrize("value", [0, DENOMINATION - 1, DENOMINATION + 1])
def test_a_deposit_carries_exactly_the_denomination(registering, reverts, value):
    booth = registering(denomination=DENOMINATION, treasury=TREASURY)
    with reverts(errors.WrongDepositValueError, expected=DENOMINATION, sent=value):
        booth.call("deposit(uint256)", 77, sender=booth.registrar, value=value)


def test_many_deposits_carry_the_denomination_each(registering, reverts):
    booth = registering(denomination=DENOMINATION, treasury=TREASURY)
    with reverts(errors.WrongDepositValueError, expected=2 * DENOMINATION, sent=DENOMINATION):
        booth.call("depositMany(uint256[])", [1, 2], sender=booth.registrar, value=DENOMINATION)
    booth.client.deposit_many([1, 2], booth.registrar)
    assert booth.w3.eth.get_balance(booth.client.address) == 2 * DENOMINATION


def test_money_is_refused_where_no_denomination_is(registering, reverts):
    booth = registering()
    with reverts(errors.WrongDepositValueError, expected=0, sent=1):
        booth.call("deposit(uint256)", 77, sender=booth.registrar, value=1)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_full_tree_takes_no_more(registering, reverts, depth):
    booth = registering(depth=depth)
    commitments = list(range(1, 2**depth + 1))
    booth.client.deposit_many(commitments, booth.registrar)
    with reverts(errors.TreeFullError, capacity=2**depth):
        booth.client.deposit(99, booth.registrar)
    booth.tree.extend(commitments)
    booth.client.checkpoint(booth.sender)
    assert booth.client.latest_root() == booth.tree.root


def test_more_than_fits_is_refused_whole(registering, reverts):
    booth = registering(depth=2)
    with reverts(errors.TreeFullError, capacity=4):
        booth.client.deposit_many([1, 2, 3, 4, 5], booth.registrar)
    assert booth.client.leaf_count() == 0
