from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from election.errors import ReceiptError, RefusalError
from election.permit import DepositPermit
from election.receipt import Promise, Receipt, Refusal, sign_receipt, sign_refusal
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ACCOUNT = Account.from_key("0x" + "11" * 32)
CONTRACT = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
REGISTRATION, ENTRY = "ab" * 16, "cd" * 16
FIELDS: dict[str, Any] = {
    "registration_id": REGISTRATION,
    "election_id": 77,
    "commitment": 12345,
    "roll_entry": ENTRY,
    "promise": Promise.DEPOSIT,
    "issued_at": 1_800_000_000,
    "deposit_by": 1_800_100_000,
}
REFUSAL: dict[str, Any] = {
    "refusal_id": REGISTRATION,
    "election_id": 77,
    "request_digest": bytes(range(32)),
    "reason": "certificate_revoked",
    "refused_at": 1_800_000_000,
}


@pytest.fixture
def receipt() -> Receipt:
    return sign_receipt(ACCOUNT, 31337, CONTRACT, **FIELDS)


@pytest.fixture
def refusal() -> Refusal:
    return sign_refusal(ACCOUNT, 31337, CONTRACT, **REFUSAL)


@settings(max_examples=20)
@given(
    commitment=st.integers(0, SCALAR_FIELD - 1),
    issued_at=st.integers(0, 2**64),
    promise=st.sampled_from(Promise),
)
def test_a_receipt_survives_as_json_and_names_its_signer(
    commitment: int, issued_at: int, promise: Promise
) -> None:
    changed = FIELDS | {"commitment": commitment, "issued_at": issued_at, "promise": promise}
    receipt = sign_receipt(ACCOUNT, 31337, CONTRACT, **changed)
    assert Receipt.from_json(json.loads(json.dumps(receipt.to_json()))) == receipt
    assert receipt.signer(31337, CONTRACT) == ACCOUNT.address


def test_a_refusal_survives_as_json_and_names_its_signer(refusal: Refusal) -> None:
    assert Refusal.from_json(json.loads(json.dumps(refusal.to_json()))) == refusal
    assert refusal.signer(31337, CONTRACT) == ACCOUNT.address


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("registration_id", "ef" * 16),
        ("election_id", 78),
        ("commitment", 12346),
        ("roll_entry", "ef" * 16),
        ("promise", Promise.PERMIT),
        ("issued_at", 1),
        ("deposit_by", 0),
    ],
)
def test_a_receipt_is_bound_to_everything_it_says(receipt: Receipt, name: str, value: object) -> None:
    assert replace(receipt, **{name: value}).signer(31337, CONTRACT) != ACCOUNT.address


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("refusal_id", "ef" * 16),
        ("election_id", 78),
        ("request_digest", bytes(32)),
        ("reason", "certificate_expired"),
        ("refused_at", 1),
    ],
)
def test_a_refusal_is_bound_to_everything_it_says(refusal: Refusal, name: str, value: object) -> None:
    assert replace(refusal, **{name: value}).signer(31337, CONTRACT) != ACCOUNT.address


@pytest.mark.parametrize(("chain_id", "contract"), [(1, CONTRACT), (31337, ACCOUNT.address)])
def test_both_are_bound_to_chain_and_contract(
    receipt: Receipt, refusal: Refusal, chain_id: int, contract: str
) -> None:
    assert receipt.signer(chain_id, contract) != ACCOUNT.address
    assert refusal.signer(chain_id, contract) != ACCOUNT.address


def test_a_registration_in_review_names_nobody_yet() -> None:
    review = FIELDS | {"roll_entry": "", "promise": Promise.REVIEW}
    receipt = sign_receipt(ACCOUNT, 31337, CONTRACT, **review)
    assert Receipt.from_json(receipt.to_json()) == receipt
    with pytest.raises(ReceiptError, match="roll_entry"):
        sign_receipt(ACCOUNT, 31337, CONTRACT, **(review | {"promise": Promise.DEPOSIT}))


def test_the_token_is_the_signature_and_is_not_printed(receipt: Receipt) -> None:
    assert base64.urlsafe_b64decode(receipt.token + "=") == receipt.signature
    for secret in (receipt.token, receipt.signature.hex(), repr(receipt.signature)):
        assert secret not in repr(receipt)


@pytest.mark.parametrize("commitment", [-1, SCALAR_FIELD, SCALAR_FIELD + 12345])
def test_a_commitment_out_of_range_gets_no_receipt(commitment: int) -> None:
    with pytest.raises(FieldElementOutOfRangeError):
        sign_receipt(ACCOUNT, 31337, CONTRACT, **(FIELDS | {"commitment": commitment}))


@pytest.mark.parametrize("reason", ["", "Because", "a b", "x" * 65, "café"])
def test_a_reason_is_an_error_code(reason: str) -> None:
    with pytest.raises(RefusalError, match="reason"):
        sign_refusal(ACCOUNT, 31337, CONTRACT, **(REFUSAL | {"reason": reason}))


BROKEN: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("a member is missing", lambda d: d.pop("issued_at"), "issued_at"),
    ("a member too many", lambda d: d.update(name="me"), "name"),
    ("another format", lambda d: d.update(format="tohyo-permit/1"), "format"),
    ("an id of another form", lambda d: d.update(registration_id="1"), "registration_id"),
    ("an id that is no text", lambda d: d.update(registration_id=1), "registration_id"),
    ("a promise nobody makes", lambda d: d.update(promise="money"), "promise"),
    ("a promise that is no text", lambda d: d.update(promise=[]), "promise"),
    ("a commitment plus r", lambda d: d.update(commitment=str(SCALAR_FIELD + 12345)), "commitment"),
    ("a number that is no text", lambda d: d.update(deposit_by=1), "deposit_by"),
    ("a short signature", lambda d: d.update(signature="0x00"), "signature"),
]


@pytest.mark.parametrize(("_what", "breaking", "message"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_receipt_is_refused(
    receipt: Receipt, _what: str, breaking: Callable[[dict[str, Any]], object], message: str
) -> None:
    document = receipt.to_json()
    breaking(document)
    with pytest.raises(ReceiptError) as caught:
        Receipt.from_json(document)
    assert message in str(caught.value)


BROKEN_REFUSALS: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("a member is missing", lambda d: d.pop("reason"), "reason"),
    ("a digest of another length", lambda d: d.update(request_digest="0x00"), "request_digest"),
    ("a reason that is no code", lambda d: d.update(reason="No!"), "reason"),
    ("a reason that is no text", lambda d: d.update(reason=7), "reason"),
    ("a receipt", lambda d: d.update(format="tohyo-receipt/1"), "format"),
]


@pytest.mark.parametrize(
    ("_what", "breaking", "message"), BROKEN_REFUSALS, ids=[row[0] for row in BROKEN_REFUSALS]
)
def test_a_broken_refusal_is_refused(
    refusal: Refusal, _what: str, breaking: Callable[[dict[str, Any]], object], message: str
) -> None:
    document = refusal.to_json()
    breaking(document)
    with pytest.raises(RefusalError) as caught:
        Refusal.from_json(document)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [[], "text", 7, None])
def test_json_that_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(ReceiptError):
        Receipt.from_json(value)
    with pytest.raises(RefusalError):
        Refusal.from_json(value)


def test_a_malleable_signature_is_refused(receipt: Receipt, refusal: Refusal) -> None:
    for document, error in ((receipt, ReceiptError), (refusal, RefusalError)):
        old = document.signature
        s, v = int.from_bytes(old[32:64]), old[64]
        mirrored = old[:32] + (SECP256K1_ORDER - s).to_bytes(32) + bytes([55 - v])
        with pytest.raises(error, match="signature"):
            replace(document, signature=mirrored)


def test_both_are_read_from_files(receipt: Receipt, refusal: Refusal, tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(receipt.to_json()))
    assert Receipt.load(path) == receipt
    path.write_text(json.dumps(refusal.to_json()))
    assert Refusal.load(path) == refusal
    path.write_text("{")
    with pytest.raises(ReceiptError, match=str(path)):
        Receipt.load(path)


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (5, 1), (SECP256K1_ORDER, 1), (2**256 - 1, 1)])
def test_a_signature_that_no_key_can_have_made_is_nobodys(
    receipt: Receipt, refusal: Refusal, numbers: tuple[int, int]
) -> None:
    impossible = b"".join(number.to_bytes(32) for number in numbers) + b"\x1b"
    for signed in (receipt, refusal, DepositPermit(1, 1, impossible)):
        assert replace(signed, signature=impossible).signer(31337, CONTRACT) == ""
