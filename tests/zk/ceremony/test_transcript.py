from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from eth_utils.crypto import keccak

from tests.support.small_ceremony import Ceremony, transcript_of
from zk.ceremony.errors import (
    CeremonyError,
    CeremonyIncompleteError,
    ContributionInvalidError,
    TranscriptInvalidError,
)
from zk.ceremony.transcript import (
    _STRING,
    CHECKS,
    MAX_BYTES,
    Transcript,
    parse_transcript,
    people_of,
    require_people,
    verify_transcript,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def transcript(ceremony: Ceremony) -> Transcript:
    return transcript_of(ceremony)


def test_an_honest_transcript_holds_and_survives_its_file(transcript: Transcript) -> None:
    verify_transcript(transcript)
    content = transcript.canonical_bytes()
    assert parse_transcript(content) == transcript
    assert transcript.hash() == keccak(content)
    assert "花子".encode() in content


def edited(transcript: Transcript, edit: Callable[[Any], object]) -> bytes:
    document = transcript.to_json()
    edit(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


EDITS: dict[str, Callable[[Any], object]] = {
    "format": lambda d: d.update(format="tohyo-ceremony/2"),
    "missing member": lambda d: d["key"].pop("contributions"),
    "unknown member": lambda d: d.update(more=1),
    "contribution hash": lambda d: d["key"]["contributions"][0].update(contribution_hash="0x" + "00" * 64),
    "no hexadecimal": lambda d: d["circuit"].update(hash="0xzz"),
    "short hash": lambda d: d["circuit"].update(hash="0x00"),
    "large coordinate": lambda d: d["key"]["contributions"][0].update(delta_after="0x" + "ff" * 64),
    "depth": lambda d: d["circuit"].update(depth=True),
    "name": lambda d: d["circuit"].update(name=5),
    "power": lambda d: d["powers"].update(power=29),
    "proofs": lambda d: d["powers"]["contributions"][0]["proofs"].pop(),
    "key": lambda d: d["key"]["verifying_key"].update(protocol="plonk"),
    "list": lambda d: d["key"].update(contributions=5),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_is_no_transcript_is_refused(transcript: Transcript, name: str) -> None:
    with pytest.raises(TranscriptInvalidError) as refused:
        parse_transcript(edited(transcript, EDITS[name]))
    assert refused.value.hint


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b"null"])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(TranscriptInvalidError):
        parse_transcript(content)


def test_a_name_that_is_half_a_character_is_refused(transcript: Transcript) -> None:
    spelled = transcript.canonical_bytes().replace(b'"Ann"', b'"\\ud800"')
    with pytest.raises(TranscriptInvalidError, match="cannot be read"):
        parse_transcript(spelled)


def test_strings_without_end_are_read_once() -> None:
    found = _STRING.findall(b'[["' + b'\\"[' * 10_000)
    assert [len(string) for string in found] == [30_001]
    with pytest.raises(TranscriptInvalidError, match="cannot be read"):
        parse_transcript(b'"' + b'\\"' * 1_000_000)


def test_another_spelling_of_the_same_document_is_refused(transcript: Transcript) -> None:
    with pytest.raises(TranscriptInvalidError, match="canonical"):
        parse_transcript(json.dumps(transcript.to_json()).encode())
    with pytest.raises(TranscriptInvalidError, match="longer"):
        parse_transcript(bytes(MAX_BYTES + 1))


def test_every_part_of_the_chain_is_checked(transcript: Transcript) -> None:
    first = transcript.contributions[0]
    false = [
        ("circuit key", replace(transcript, contributions=transcript.contributions[1:])),
        ("circuit key", replace(transcript, contributions=(replace(first, delta_after=first.proof.g1_s),))),
        ("circuit key", replace(transcript, circuit_hash=bytes(64))),
        ("powers of tau", replace(transcript, powers=transcript.powers[1:])),
        ("powers of tau", replace(transcript, ceremony_power=transcript.ceremony_power + 1)),
    ]
    for phase, other in false:
        with pytest.raises(ContributionInvalidError):
            CHECKS[f"contributions to the {phase}"](other)
    with pytest.raises(CeremonyError):
        verify_transcript(replace(transcript, contributions=()))


def test_the_key_is_the_one_that_the_contributions_make(transcript: Transcript) -> None:
    key = transcript.verifying_key
    false = [
        replace(transcript, contributions=transcript.contributions[:-1]),
        replace(transcript, contributions=()),
        replace(transcript, powers=transcript.powers[:-1]),
        replace(transcript, powers=()),
        replace(transcript, verifying_key=replace(key, alpha_g1=(1, 2))),
        replace(transcript, verifying_key=replace(key, beta_g2=key.gamma_g2)),
        replace(transcript, verifying_key=replace(key, gamma_g2=key.beta_g2)),
        replace(transcript, verifying_key=replace(key, delta_g2=key.gamma_g2)),
    ]
    for other in false:
        with pytest.raises(TranscriptInvalidError):
            CHECKS["the verifying key in the transcript"](other)


def test_two_different_people_must_contribute_to_each_phase(transcript: Transcript) -> None:
    require_people(transcript)
    ann, hanako, beacon = transcript.contributions
    again = replace(hanako, name=" ANN ")
    for contributions in ((ann, again, beacon), (ann, beacon), (beacon,), ()):
        with pytest.raises(CeremonyIncompleteError, match="circuit key") as refused:
            require_people(replace(transcript, contributions=contributions))
        assert refused.value.hint
    with pytest.raises(CeremonyIncompleteError, match="powers of tau"):
        require_people(replace(transcript, powers=transcript.powers[:1]))
    assert people_of((ann, again, beacon)) == {"ann"}
