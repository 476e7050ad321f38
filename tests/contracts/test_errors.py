"""Every Solidity error has its Python class, with the same name and fields, and nothing is left over."""

from __future__ import annotations

import string

import pytest

from chain.compiler import contract
from chain.contract_errors import (
    CONTRACTS_WITH_ERRORS,
    UnknownRevertError,
    error_classes,
    error_from_revert,
    snake_case,
)

ABI_ERRORS = {
    entry["name"]: entry
    for name in CONTRACTS_WITH_ERRORS
    for entry in contract(name).abi
    if entry["type"] == "error"
}


def test_every_solidity_error_has_its_class():
    assert set(error_classes()) - {"UnknownRevert"} == set(ABI_ERRORS)


@pytest.mark.parametrize("name", sorted(ABI_ERRORS))
def test_a_class_speaks_of_the_fields_its_error_carries(name):
    fields = {snake_case(argument["name"]) for argument in ABI_ERRORS[name]["inputs"]}
    spoken = {part[1] for part in string.Formatter().parse(error_classes()[name].sentence) if part[1]}
    assert {part.removesuffix("_name") for part in spoken} <= fields


def test_the_code_on_the_wire_is_the_errors_name():
    assert error_classes()["NullifierAlreadySpent"].code == "nullifier_already_spent"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no data"),
        (bytes.fromhex("4e487b71") + (0x11).to_bytes(32), "panic 0x11"),
        (bytes.fromhex("deadbeef"), "0xdeadbeef"),
        (bytes.fromhex("08c379a0") + (32).to_bytes(32) + (2).to_bytes(32) + b"no".ljust(32, b"\0"), "no"),
    ],
)
def test_a_revert_that_is_not_ours_is_told_as_it_is(data, reason):
    error = error_from_revert(data)
    assert isinstance(error, UnknownRevertError)
    assert reason in str(error)


def test_a_truncated_error_is_told_as_malformed():
    from eth_utils.crypto import keccak  # noqa: PLC0415 - one test

    error = error_from_revert(keccak(text="UnknownRoot(uint256)")[:4] + b"\x01")
    assert "malformed UnknownRoot" in str(error)
