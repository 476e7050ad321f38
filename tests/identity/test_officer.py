from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from identity.errors import OfficerKeyError
from identity.officer import DOMAIN_TAG, OfficerKey, canonical_json, sign_document, verify_document

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = {"kind": "decision", "at": 1_800_000_000, "names": ["b", "a"], "none": None, "yes": True}


@pytest.fixture
def key() -> OfficerKey:
    return OfficerKey.create()


def test_a_signature_holds_for_its_document_and_key(key: OfficerKey) -> None:
    assert verify_document(DOCUMENT, sign_document(DOCUMENT, key), key.public_key_hex)


@pytest.mark.parametrize(
    "change",
    [{"kind": "other"}, {"at": 1_800_000_001}, {"names": ["a", "b"]}, {"none": ""}, {"yes": False}, {"x": 1}],
)
def test_a_signature_does_not_hold_for_another_document(key: OfficerKey, change: dict[str, object]) -> None:
    assert not verify_document(DOCUMENT | change, sign_document(DOCUMENT, key), key.public_key_hex)


def test_a_signature_does_not_hold_for_another_key(key: OfficerKey) -> None:
    assert not verify_document(DOCUMENT, sign_document(DOCUMENT, key), OfficerKey.create().public_key_hex)


def test_the_order_of_members_says_nothing(key: OfficerKey) -> None:
    turned = dict(reversed(DOCUMENT.items()))
    assert verify_document(turned, sign_document(DOCUMENT, key), key.public_key_hex)


def test_bytes_signed_without_the_domain_tag_are_no_signed_document(key: OfficerKey) -> None:
    assert not verify_document(DOCUMENT, key.sign(canonical_json(DOCUMENT)), key.public_key_hex)
    assert verify_document(DOCUMENT, key.sign(DOMAIN_TAG + canonical_json(DOCUMENT)), key.public_key_hex)


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_a_signature_of_another_length_does_not_hold(key: OfficerKey, length: int) -> None:
    signature = (sign_document(DOCUMENT, key) * 2)[:length]
    assert not verify_document(DOCUMENT, signature, key.public_key_hex)


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, "ab" * 33])
def test_what_is_no_public_key_is_refused(key: OfficerKey, text: str) -> None:
    with pytest.raises(OfficerKeyError):
        verify_document(DOCUMENT, sign_document(DOCUMENT, key), text)


def test_canonical_json_is_the_bytes_that_other_programs_rebuild() -> None:
    assert canonical_json({"b": [1, None], "a": "投\n", "c": {"z": True}}) == (
        '{"a":"投\\n","b":[1,null],"c":{"z":true}}'.encode()
    )


@pytest.mark.parametrize(
    "value", [0.5, float("nan"), 2**53 + 1, -(2**60), "\ud800", {1: 2}, b"x", {"x": 1.0}]
)
def test_a_value_that_has_no_one_encoding_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  UnicodeEncodeError is one
        canonical_json({"value": value})


@pytest.mark.parametrize("password", [None, "correct horse"])
def test_a_saved_key_is_private_and_the_same_when_loaded(
    key: OfficerKey, tmp_path: Path, password: str | None
) -> None:
    key.save(tmp_path / "key.pem", password)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert OfficerKey.load(tmp_path / "key.pem", password).public_key_hex == key.public_key_hex


def test_saving_never_replaces_a_file(key: OfficerKey, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("something")
    with pytest.raises(FileExistsError):
        key.save(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").read_text() == "something"


@pytest.mark.parametrize(("saved", "given"), [("right", "wrong"), ("right", None), (None, "needless")])
def test_a_wrong_password_is_an_error_with_a_next_step(
    key: OfficerKey, tmp_path: Path, saved: str | None, given: str | None
) -> None:
    key.save(tmp_path / "key.pem", saved)
    with pytest.raises(OfficerKeyError) as raised:
        OfficerKey.load(tmp_path / "key.pem", given)
    assert raised.value.hint


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    with pytest.raises(OfficerKeyError):
        OfficerKey.load(tmp_path / "key.pem")


def test_no_key_file_at_all_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"\x00 no PEM")
    with pytest.raises(OfficerKeyError):
        OfficerKey.load(tmp_path / "key.pem")


def test_the_private_key_is_never_printed(key: OfficerKey) -> None:
    secret = key.private.private_bytes_raw().hex()
    assert secret not in repr(key)
    assert secret not in str(key)
