from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from election.ballot import Ballot, vote_signal
from election.cryptography import CRYPTOGRAPHY
from election.errors import BallotError
from election.scheme import Scheme
from zk.field import BASE_FIELD, SCALAR_FIELD, FieldElementOutOfRangeError
from zk.groth16 import Proof

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RELAYER = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
# Multiples of the generators of G1 and G2: well-formed points, a proof of nothing.
G1 = (1, 2)
G2 = (
    (
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
    ),
    (
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    ),
)


@pytest.fixture
def ballot() -> Ballot:
    return Ballot(choice=3, root=11, nullifier_hash=12, relayer=RELAYER, fee=7, proof=Proof(a=G1, b=G2, c=G1))


def test_the_signal_binds_choice_relayer_and_fee(ballot: Ballot) -> None:
    words = (3).to_bytes(32) + bytes(12) + bytes.fromhex(RELAYER[2:]) + (7).to_bytes(32)
    assert vote_signal(3, RELAYER, 7) == int.from_bytes(keccak(words)) % SCALAR_FIELD
    statement = CRYPTOGRAPHY[Scheme.CREAM].statement(ballot, 99, [])
    assert statement.public_inputs() == (11, 12, 99, vote_signal(3, RELAYER, 7))


@given(choice=st.integers(0, 2**256 - 1), fee=st.integers(0, 2**256 - 1))
def test_another_choice_or_fee_is_another_signal(choice: int, fee: int) -> None:
    signals = {vote_signal(c, RELAYER, f) for c in (choice, choice ^ 1) for f in (fee, fee ^ 1)}
    assert len(signals) == 4


def test_a_ballot_survives_as_json(ballot: Ballot, tmp_path: Path) -> None:
    assert Ballot.from_json(json.loads(json.dumps(ballot.to_json()))) == ballot
    path = tmp_path / "ballot.json"
    path.write_text(json.dumps(ballot.to_json()))
    assert Ballot.load(path) == ballot


@pytest.mark.parametrize("name", ["root", "nullifier_hash"])
@pytest.mark.parametrize("shift", [SCALAR_FIELD, -SCALAR_FIELD, 2**256])
def test_x_plus_r_is_refused(ballot: Ballot, name: str, shift: int) -> None:
    with pytest.raises(FieldElementOutOfRangeError):
        dataclasses.replace(ballot, **{name: getattr(ballot, name) + shift})
    document = ballot.to_json()
    document[name] = str(int(document[name]) + shift)
    with pytest.raises(BallotError, match=name):
        Ballot.from_json(document)


@pytest.mark.parametrize("name", ["choice", "fee"])
@pytest.mark.parametrize("value", [-1, 2**256])
def test_a_number_that_is_no_uint256_is_refused(ballot: Ballot, name: str, value: int) -> None:
    with pytest.raises(BallotError, match=name):
        dataclasses.replace(ballot, **{name: value})
    with pytest.raises(BallotError, match=name):
        Ballot.from_json(ballot.to_json() | {name: str(value)})


PLACES = [("pi_a", 0), ("pi_a", 1), ("pi_c", 0), ("pi_c", 1)]
PLACES_G2 = [(row, part) for row in (0, 1) for part in (0, 1)]


@pytest.mark.parametrize(("point", "place"), PLACES)
def test_a_g1_coordinate_plus_q_is_refused(ballot: Ballot, point: str, place: int) -> None:
    document = ballot.to_json()
    document["proof"][point][place] = str(int(document["proof"][point][place]) + BASE_FIELD)
    with pytest.raises(BallotError, match="proof"):
        Ballot.from_json(document)


@pytest.mark.parametrize(("row", "part"), PLACES_G2)
def test_a_g2_coordinate_plus_q_is_refused(ballot: Ballot, row: int, part: int) -> None:
    document = ballot.to_json()
    document["proof"]["pi_b"][row][part] = str(int(document["proof"]["pi_b"][row][part]) + BASE_FIELD)
    with pytest.raises(BallotError, match="proof"):
        Ballot.from_json(document)


BROKEN: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("a choice without quotation marks", lambda d: d.update(choice=3), "choice"),
    ("a choice that is true", lambda d: d.update(choice=True), "choice"),
    ("a short address", lambda d: d.update(relayer="0x12"), "relayer"),
    ("an address with a typing error", lambda d: d.update(relayer=RELAYER.replace("B", "b", 1)), "checksum"),
    ("no relayer", lambda d: d.update(relayer=None), "relayer"),
    ("a missing member", lambda d: d.pop("root"), "root is missing"),
    ("an unknown member", lambda d: d.update(voter_id="me"), "voter_id"),
    ("another format", lambda d: d.update(format="tohyo-ballot/2"), "format"),
    ("no proof", lambda d: d.update(proof={}), "proof"),
    ("a proof that is text", lambda d: d.update(proof="trust me"), "proof"),
]


@pytest.mark.parametrize(("_what", "breaking", "message"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_ballot_is_refused_with_its_place(
    ballot: Ballot, _what: str, breaking: Callable[[dict[str, Any]], object], message: str
) -> None:
    document = ballot.to_json()
    breaking(document)
    with pytest.raises(BallotError, match="line") as caught:
        Ballot.from_json(document)
    assert message in str(caught.value)
    assert caught.value.line > 0
