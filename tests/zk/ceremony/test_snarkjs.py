"""Either program takes up what the other began: the published snarkjs, in both phases and both directions."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.small_ceremony import BEACON, Ceremony, contributors, person, small_witness
from zk.ceremony.circuit_key import begin
from zk.ceremony.key_check import verify_key
from zk.ceremony.key_contribution import contribute_key
from zk.ceremony.lagrange import prepare
from zk.ceremony.powers import contribute_powers, response_hash
from zk.ceremony.powers_check import verify_powers
from zk.files import write_json
from zk.formats.key_sections import KeyFile
from zk.formats.ptau_file import FAMILIES, PowersFile
from zk.formats.section_file import SectionFile
from zk.formats.wtns_file import pack_wtns
from zk.formats.zkey_file import pack_zkey, read_verifying_key
from zk.groth16 import Proof
from zk.groth16.native import NativeBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Snarkjs = Callable[..., str]


def same_sections(one: Path, other: Path, magic: bytes) -> bool:
    a, b = SectionFile(one, magic), SectionFile(other, magic)
    return set(a.extents) == set(b.extents) and all(a.read(s) == b.read(s) for s in a.extents)


def test_it_finds_our_powers_correct(ceremony: Ceremony, snarkjs: Snarkjs) -> None:
    said = snarkjs("powersoftau", "verify", ceremony.prepared)
    assert "Powers of Tau Ok!" in said
    last = PowersFile(ceremony.prepared).contributions[-1]
    shown = response_hash(last.partial_hash, last.proofs).hex()
    assert shown in said.replace("\n", "").replace("\t", "").replace(" ", "")


def test_it_finds_changed_powers_wrong(
    ceremony: Ceremony, snarkjs: Snarkjs, damaged: Callable[..., Path]
) -> None:
    another = PowersFile(ceremony.prepared).beta_g2
    assert "Powers of Tau Ok!" not in snarkjs(
        "powersoftau", "verify", damaged(ceremony.prepared, 3, 5 * 128, another)
    )


def test_it_does_not_see_a_shifted_largest_basis(snarkjs: Snarkjs, shifted_basis: Path) -> None:
    """Why docs/ceremony.md says that its word is not enough here; ours is in `test_lagrange`."""
    assert "Powers of Tau Ok!" in snarkjs("powersoftau", "verify", shifted_basis)


def test_a_first_phase_that_both_take_part_in_is_correct_for_both(
    ceremony: Ceremony, snarkjs: Snarkjs, tmp_path: Path
) -> None:
    theirs, ours, closed, prepared, theirs_prepared = (tmp_path / f"{i}.ptau" for i in range(5))
    snarkjs("powersoftau", "contribute", ceremony.powers[1], theirs, "--name=Tom", "-e=typed")
    contribute_powers(theirs, ours, person("花子"))
    snarkjs("powersoftau", "beacon", ours, closed, BEACON.value.hex(), "10", "-n=beacon")
    prepare(closed, prepared)
    snarkjs("powersoftau", "prepare", "phase2", closed, theirs_prepared)
    assert same_sections(prepared, theirs_prepared, b"ptau")
    verify_powers(PowersFile(theirs_prepared))
    assert "Powers of Tau Ok!" in snarkjs("powersoftau", "verify", prepared)
    assert [c.name for c in PowersFile(prepared).contributions] == ["Ann", "Tom", "花子", "beacon"]


def test_powers_that_it_began_are_taken_up(snarkjs: Snarkjs, tmp_path: Path) -> None:
    begun, ours = tmp_path / "0.ptau", tmp_path / "1.ptau"
    snarkjs("powersoftau", "new", "bn128", "4", begun)
    contribute_powers(begun, ours, person("Ann"))
    verify_powers(PowersFile(ours))
    assert "Powers of Tau Ok!" in snarkjs("powersoftau", "verify", ours)


def test_our_beacon_is_its_beacon(ceremony: Ceremony, snarkjs: Snarkjs, tmp_path: Path) -> None:
    powers, key = tmp_path / "beacon.ptau", tmp_path / "beacon.zkey"
    snarkjs("powersoftau", "beacon", ceremony.powers[2], powers, BEACON.value.hex(), "10", "-n=block 7")
    theirs, ours = PowersFile(powers), PowersFile(ceremony.powers[3])
    assert [theirs.powers(family) for family in FAMILIES] == [ours.powers(family) for family in FAMILIES]
    their_last, our_last = theirs.contributions[-1], ours.contributions[-1]
    # a partial hash has room for a block; what snarkjs leaves in the unused part of it is not compared
    assert replace(their_last, partial_hash=b"") == replace(our_last, partial_hash=b"")
    assert response_hash(their_last.partial_hash, our_last.proofs) == response_hash(
        our_last.partial_hash, our_last.proofs
    )
    snarkjs("zkey", "beacon", ceremony.keys[2], key, BEACON.value.hex(), "10", "-n=block 7")
    assert same_sections(key, ceremony.keys[3], b"zkey")


def test_it_begins_with_the_same_key(ceremony: Ceremony, snarkjs: Snarkjs, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.zkey"
    snarkjs("zkey", "new", ceremony.r1cs, ceremony.prepared, theirs)
    assert same_sections(theirs, ceremony.keys[0], b"zkey")


def test_it_finds_our_key_correct_and_a_changed_one_wrong(
    ceremony: Ceremony, snarkjs: Snarkjs, damaged: Callable[..., Path]
) -> None:
    assert "ZKey Ok!" in snarkjs("zkey", "verify", ceremony.r1cs, ceremony.prepared, ceremony.keys[-1])
    changed = damaged(ceremony.keys[-1], 9, 0, KeyFile(ceremony.keys[0]).header.alpha_g1)
    assert "ZKey Ok!" not in snarkjs("zkey", "verify", ceremony.r1cs, ceremony.prepared, changed)


@pytest.mark.parametrize("begun_by", ["here", "snarkjs"])
def test_a_second_phase_that_both_take_part_in_is_correct_for_both(
    ceremony: Ceremony, snarkjs: Snarkjs, tmp_path: Path, begun_by: str
) -> None:
    begun, theirs, ours, closed = (tmp_path / f"{i}.zkey" for i in range(4))
    if begun_by == "here":
        begin(ceremony.circuit.r1cs, PowersFile(ceremony.prepared), begun)
    else:
        snarkjs("zkey", "new", ceremony.r1cs, ceremony.prepared, begun)
    snarkjs("zkey", "contribute", begun, theirs, "--name=Tom", "-e=typed")
    contribute_key(theirs, ours, person("花子"))
    contribute_key(ours, closed, contributors()[2])
    verify_key(KeyFile(closed), ceremony.circuit.r1cs, PowersFile(ceremony.prepared))
    assert "ZKey Ok!" in snarkjs("zkey", "verify", ceremony.r1cs, ceremony.prepared, closed)


def test_proofs_with_the_final_key_hold_on_both_sides(
    ceremony: Ceremony, snarkjs: Snarkjs, tmp_path: Path
) -> None:
    witness = small_witness(ceremony.circuit)
    key = read_verifying_key(ceremony.keys[-1])
    proof = NativeBackend().prover(ceremony.keys[-1], ceremony.circuit.r1cs).prove(witness)
    write_json(tmp_path / "key.json", key.to_json())
    write_json(tmp_path / "proof.json", proof.to_json())
    write_json(tmp_path / "public.json", [str(value) for value in witness[1:5]])
    files = (tmp_path / "key.json", tmp_path / "public.json", tmp_path / "proof.json")
    assert "OK!" in snarkjs("groth16", "verify", *files)
    (tmp_path / "w.wtns").write_bytes(pack_wtns(witness))
    theirs = tmp_path / "theirs.json"
    snarkjs("groth16", "prove", ceremony.keys[-1], tmp_path / "w.wtns", theirs, tmp_path / "p.json")
    their_proof = Proof.from_json(json.loads(theirs.read_text()))
    assert NativeBackend().verifier(key).verify(their_proof, witness[1:5])


def test_it_reads_keys_that_are_marked_as_development_keys(
    ceremony: Ceremony, snarkjs: Snarkjs, tmp_path: Path
) -> None:
    single = tmp_path / "single.zkey"
    single.write_bytes(pack_zkey(NativeBackend().setup(ceremony.circuit.r1cs)))
    assert KeyFile(single).is_development
    (tmp_path / "w.wtns").write_bytes(pack_wtns(small_witness(ceremony.circuit)))
    proof = tmp_path / "proof.json"
    snarkjs("groth16", "prove", single, tmp_path / "w.wtns", proof, tmp_path / "public.json")
    public = [int(value) for value in json.loads((tmp_path / "public.json").read_text())]
    verifier = NativeBackend().verifier(read_verifying_key(single))
    assert verifier.verify(Proof.from_json(json.loads(proof.read_text())), public)
