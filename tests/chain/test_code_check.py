"""Code on chain against our sources."""

from __future__ import annotations

import pytest

from chain.code_check import code_matches, compare_election_code, immutable_words
from chain.compiler import contract


def set_code(w3, address, code):
    w3.provider.make_request("anvil_setCode", [address, "0x" + bytes(code).hex()])


def flipped(code, place):
    changed = bytearray(code)
    changed[place] ^= 1
    return bytes(changed)


def matches(w3, booth):
    return {
        each.name: each.matches
        for each in compare_election_code(w3, booth.client.address, booth.client.scheme)
    }


def test_an_election_we_deployed_is_ours(w3, standing_booth):
    assert matches(w3, standing_booth) == {"Cream": True, "Groth16Verifier": True, "PoseidonT3": True}


@pytest.mark.parametrize("name", ["verifier", "hasher"])
def test_one_changed_byte_of_what_it_calls_is_found(w3, standing_booth, name):
    address = getattr(standing_booth.deployment, name)
    code = w3.eth.get_code(address)
    set_code(w3, address, flipped(code, len(code) - 1))
    changed = {"verifier": "Groth16Verifier", "hasher": "PoseidonT3"}[name]
    assert [each for each, same in matches(w3, standing_booth).items() if not same] == [changed]


def test_one_changed_byte_of_the_election_is_found(w3, standing_booth):
    address = standing_booth.client.address
    code, cream = w3.eth.get_code(address), contract("Cream")
    immutable = {place for start, length in cream.immutables for place in range(start, start + length)}
    place = next(place for place in range(len(code) - 1, 0, -1) if place not in immutable)
    set_code(w3, address, flipped(code, place))
    assert matches(w3, standing_booth) == {"Cream": False}


def test_an_election_that_verifies_with_another_folded_input_is_found(w3, standing_booth):
    address = standing_booth.client.address
    code = bytes(w3.eth.get_code(address))
    verifier = w3.eth.contract(address=standing_booth.deployment.verifier, abi=contract("IVoteVerifier").abi)
    ours = verifier.functions.foldInput(standing_booth.deployment.election_id).call()
    theirs = verifier.functions.foldInput(1).call()
    assert set(ours) <= immutable_words(code, contract("Cream"))
    for mine, other in zip(ours, theirs, strict=True):
        code = code.replace(mine.to_bytes(32), other.to_bytes(32))
    set_code(w3, address, code)
    assert matches(w3, standing_booth)["Cream"] is False


def test_longer_code_does_not_match(w3, standing_booth):
    code = bytes(w3.eth.get_code(standing_booth.deployment.hasher))
    assert code_matches(code, contract("PoseidonT3"))
    assert not code_matches(code + b"\0", contract("PoseidonT3"))
    assert not code_matches(b"", contract("PoseidonT3"))
