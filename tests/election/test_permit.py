from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from election.errors import PermitError, PermitOfAnotherCommitmentError
from election.permit import DepositPermit, permit_message, sign_permit
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ACCOUNT = Account.from_key("0x" + "11" * 32)
CONTRACT = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def permit() -> DepositPermit:
    return sign_permit(ACCOUNT, 31337, CONTRACT, 12345, 1_800_000_000)


@settings(max_examples=20)
@given(commitment=st.integers(0, SCALAR_FIELD - 1), deadline=st.integers(0, 2**256 - 1))
def test_a_permit_survives_as_json_and_names_its_signer(commitment: int, deadline: int) -> None:
    permit = sign_permit(ACCOUNT, 31337, CONTRACT, commitment, deadline)
    assert DepositPermit.from_json(json.loads(json.dumps(permit.to_json()))) == permit
    assert permit.signer(31337, CONTRACT) == ACCOUNT.address


def test_a_permit_is_bound_to_everything_it_says(permit: DepositPermit) -> None:
    assert permit.signer(1, CONTRACT) != ACCOUNT.address
    assert permit.signer(31337, ACCOUNT.address) != ACCOUNT.address
    for commitment, deadline in ((12346, permit.deadline), (12345, permit.deadline + 1)):
        changed = DepositPermit(commitment, deadline, permit.signature)
        assert changed.signer(31337, CONTRACT) != ACCOUNT.address


def test_the_typed_data_is_what_wallets_show() -> None:
    message = permit_message(31337, CONTRACT, 1, 2)
    assert message.version == b"\x01"
    assert len(message.header) == len(message.body) == 32


def test_a_permit_for_another_commitment_is_refused(permit: DepositPermit) -> None:
    assert permit.require_commitment(12345) is permit
    with pytest.raises(PermitOfAnotherCommitmentError):
        permit.require_commitment(12346)


@pytest.mark.parametrize("commitment", [-1, SCALAR_FIELD, SCALAR_FIELD + 12345])
def test_a_commitment_out_of_range_is_not_signed(commitment: int) -> None:
    with pytest.raises(FieldElementOutOfRangeError):
        sign_permit(ACCOUNT, 31337, CONTRACT, commitment, 1)


BROKEN: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("x + r", lambda d: d.update(commitment=str(12345 + SCALAR_FIELD)), "commitment: is out of range"),
    ("a number without quotation marks", lambda d: d.update(commitment=12345), "commitment"),
    ("a negative number", lambda d: d.update(commitment="-1"), "commitment"),
    ("leading zeros", lambda d: d.update(commitment="012345"), "commitment"),
    ("digits of another script", lambda d: d.update(commitment="１２３"), "commitment"),
    ("a huge deadline", lambda d: d.update(deadline=str(2**256)), "deadline: is out of range"),
    ("a thousand digits", lambda d: d.update(deadline="9" * 5000), "deadline"),
    ("a short signature", lambda d: d.update(signature="0x12"), "signature"),
    ("a signature without 0x", lambda d: d.update(signature=d["signature"][2:] + "00"), "signature"),
    ("a signature that is no text", lambda d: d.update(signature=None), "signature"),
    ("a missing member", lambda d: d.pop("deadline"), "deadline is missing"),
    ("an unknown member", lambda d: d.update(voter="me"), "voter"),
    ("another format", lambda d: d.update(format="tohyo-ballot/1"), "format"),
]


@pytest.mark.parametrize(("_what", "breaking", "message"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_permit_is_refused(
    permit: DepositPermit, _what: str, breaking: Callable[[dict[str, Any]], object], message: str
) -> None:
    document = permit.to_json()
    breaking(document)
    with pytest.raises(PermitError, match="line") as caught:
        DepositPermit.from_json(document)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [[], "text", 7, None])
def test_json_that_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(PermitError):
        DepositPermit.from_json(value)


def test_a_malleable_signature_is_refused_before_the_contract_does(permit: DepositPermit) -> None:
    r, s, v = permit.signature[:32], int.from_bytes(permit.signature[32:64]), permit.signature[64]
    mirrored = r + (SECP256K1_ORDER - s).to_bytes(32) + bytes([55 - v])
    with pytest.raises(PermitError, match="signature"):
        DepositPermit(permit.commitment, permit.deadline, mirrored)


def test_a_permit_is_read_from_a_file(permit: DepositPermit, tmp_path: Path) -> None:
    path = tmp_path / "permit.json"
    path.write_text(json.dumps(permit.to_json()))
    assert DepositPermit.load(path) == permit
    path.write_text("{")
    with pytest.raises(PermitError) as caught:
        DepositPermit.load(path)
    assert (caught.value.line, caught.value.column) == (1, 2)
    assert str(path) in str(caught.value)
