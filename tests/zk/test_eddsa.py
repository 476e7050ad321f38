from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zk.circomlib.oracle import ask
from zk.babyjubjub import BASE8, IDENTITY, SUBGROUP_ORDER, Point, PointNotOnCurveError, add, negate, scale
from zk.eddsa import (
    MalformedSignatureError,
    Signature,
    SigningKey,
    SmallOrderKeyError,
    signature_challenge,
    verify_signature,
)
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError

ORDER_2 = Point(0, SCALAR_FIELD - 1)
ORDER_4 = Point(
    18930368022820495955728484915491405972470733850014661777449844430438130630919,  # a·x² = 1
    0,
)
MESSAGE = 20201221


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.from_seed(secrets.token_bytes(32))


@pytest.fixture(scope="module")
def signature(key: SigningKey) -> Signature:
    return key.sign(MESSAGE)


def test_keys_and_signatures_are_those_of_circomlibjs_and_each_accepts_the_others() -> None:
    seeds = [secrets.token_bytes(32) for _ in range(5)]
    messages = [0, SCALAR_FIELD - 1, *(secrets.randbelow(SCALAR_FIELD) for _ in range(3))]
    keys = [SigningKey.from_seed(seed) for seed in seeds]
    ours = [key.sign(message) for key, message in zip(keys, messages, strict=True)]
    signed = list(zip(keys, messages, ours, strict=True))
    answers = iter(
        ask(
            *[("publicKey", seed) for seed in seeds],
            *[("sign", seed, message) for seed, message in zip(seeds, messages, strict=True)],
            *[("packSignature", s.r8, s.s) for s in ours],
            *[("verify", key.public_key, message, s.r8, s.s) for key, message, s in signed],
            *[("verify", key.public_key, message ^ 1, s.r8, s.s) for key, message, s in signed],
        )
    )
    publics, theirs, packed, accepted, refused = ([next(answers) for _ in seeds] for _ in range(5))
    assert publics == [key.public_key for key in keys]
    assert packed == [s.pack() for s in ours]
    assert [Signature(Point(*r8), s) for r8, s in theirs] == ours
    assert accepted == [True] * len(seeds)
    assert refused == [False] * len(seeds)
    for key, message, (r8, s) in zip(keys, messages, theirs, strict=True):
        assert verify_signature(key.public_key, message, Signature(Point(*r8), s))


@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=1, max_size=64), st.integers(0, SCALAR_FIELD - 1))
def test_what_a_key_signs_verifies_and_survives_packing(seed: bytes, message: int) -> None:
    key = SigningKey.from_seed(seed)
    signature = key.sign(message)
    assert verify_signature(key.public_key, message, signature)
    assert Signature.unpack(signature.pack()) == signature
    assert not verify_signature(key.public_key, (message + 1) % SCALAR_FIELD, signature)


def test_a_signature_with_any_part_changed_does_not_verify(key: SigningKey, signature: Signature) -> None:
    other = SigningKey.from_seed(b"other").public_key
    assert verify_signature(key.public_key, MESSAGE, signature)
    assert not verify_signature(other, MESSAGE, signature)
    assert not verify_signature(negate(key.public_key), MESSAGE, signature)
    for forged in (
        replace(signature, s=(signature.s + 1) % SUBGROUP_ORDER),
        replace(signature, s=SUBGROUP_ORDER - signature.s),
        replace(signature, r8=negate(signature.r8)),
        replace(signature, r8=IDENTITY),
    ):
        assert not verify_signature(key.public_key, MESSAGE, forged)


def test_r_outside_the_subgroup_does_not_verify(key: SigningKey, signature: Signature) -> None:
    for torsion in (ORDER_2, ORDER_4):
        shifted = replace(signature, r8=add(signature.r8, torsion))
        assert not verify_signature(key.public_key, MESSAGE, shifted)


@pytest.mark.parametrize("s", [SUBGROUP_ORDER, -1])
def test_s_by_a_second_name_is_refused(key: SigningKey, signature: Signature, s: int) -> None:
    with pytest.raises(MalformedSignatureError):
        verify_signature(key.public_key, MESSAGE, replace(signature, s=s))
    with pytest.raises(MalformedSignatureError):
        verify_signature(key.public_key, MESSAGE, replace(signature, s=signature.s + SUBGROUP_ORDER))


@pytest.mark.parametrize("key", [IDENTITY, ORDER_2, ORDER_4], ids=["1", "2", "4"])
def test_a_key_that_signs_everything_is_refused(key: Point) -> None:
    r = 5
    with pytest.raises(SmallOrderKeyError):
        verify_signature(key, MESSAGE, Signature(scale(BASE8, r), r))


def test_points_off_the_curve_and_numbers_beyond_r_are_refused(key: SigningKey, signature: Signature) -> None:
    off = Point(1, 1)
    with pytest.raises(PointNotOnCurveError, match="public key"):
        verify_signature(off, MESSAGE, signature)
    with pytest.raises(PointNotOnCurveError, match="R is no point"):
        verify_signature(key.public_key, MESSAGE, replace(signature, r8=off))
    with pytest.raises(FieldElementOutOfRangeError, match="message"):
        verify_signature(key.public_key, MESSAGE + SCALAR_FIELD, signature)
    with pytest.raises(FieldElementOutOfRangeError, match="message"):
        key.sign(SCALAR_FIELD)


def test_malformed_packed_signatures_are_refused(signature: Signature) -> None:
    packed = signature.pack()
    for malformed in (packed[:-1], packed + b"\0", packed[:32] + SUBGROUP_ORDER.to_bytes(32, "little")):
        with pytest.raises(MalformedSignatureError):
            Signature.unpack(malformed)


def test_the_challenge_hashes_the_whole_statement(key: SigningKey, signature: Signature) -> None:
    base = signature_challenge(signature.r8, key.public_key, MESSAGE)
    assert base != signature_challenge(negate(signature.r8), key.public_key, MESSAGE)
    assert base != signature_challenge(signature.r8, negate(key.public_key), MESSAGE)
    assert base != signature_challenge(signature.r8, key.public_key, MESSAGE + 1)


def test_a_key_does_not_show_its_secret(key: SigningKey) -> None:
    assert str(key._scalar) not in repr(key)
    assert key._nonce_key.hex() not in repr(key)
    assert repr(key._nonce_key) not in repr(key)
