"""`tohyo zk check`: named circuits, files of other origin, and exit codes."""

import json

import pytest

from tests.zk.check.corpus import bits
from zk.circuit import compile_circuit
from zk.formats.r1cs_file import pack_r1cs
from zk.formats.wtns_file import pack_wtns


def packed(tmp_path, describe, inputs):
    circuit = compile_circuit("foreign", describe)
    path, wtns = tmp_path / "foreign.r1cs", tmp_path / "foreign.wtns"
    path.write_bytes(pack_r1cs(circuit.r1cs))
    wtns.write_bytes(pack_wtns(circuit.checked_witness(inputs)))
    return path, wtns


@pytest.mark.parametrize("name", ["vote", "withdraw"])
def test_a_named_circuit_passes(tohyo, name):
    found = tohyo("zk", "check", name, "--depth", 1, "--samples", 1, "--json")
    assert (found.code, found.json["holes"]) == (0, [])
    assert found.json["witnesses"] == 1
    assert sum(found.json["unique_by_rule"].values()) == found.json["wires"] - 1


def test_it_says_for_people_what_was_shown_and_taken_on_trust(tohyo):
    found = tohyo("zk", "check", "withdraw", "--depth", 1, "--samples", 0)
    assert found.code == 0
    assert "unique: digits" in found.out
    assert "explained nonzero" in found.out
    assert "no holes found" in found.out


def test_a_file_with_a_hole_is_answered_with_no(tohyo, tmp_path):
    path, wtns = packed(tmp_path, bits.wrong_weight, {"x": 4})
    path.with_suffix(".sym").write_text("1,1,0,main.x\n2,2,0,main.low\n3,-1,0,main.gone\n")
    found = tohyo("zk", "check", path, "--wtns", wtns, "--json")
    assert found.code == 1
    assert {hole["kind"] for hole in found.json["holes"]} == {"not unique", "changes in pair"}
    assert "main.low" in {hole["subject"] for hole in found.json["holes"]}
    told = tohyo("zk", "check", path)
    assert told.code == 1
    assert "holes: look at each" in told.out


def test_a_file_without_holes_passes(tohyo, tmp_path):
    path, _ = packed(tmp_path, bits.canonical, {"x": 4})
    assert tohyo("zk", "check", path).code == 0


def test_outputs_of_a_file_are_computed_and_not_given(tohyo, tmp_path):
    """circom counts outputs among the public wires; one that no row determines is a hole."""
    path, _ = packed(tmp_path, bits.wrong_weight, {"x": 4})
    data = bytearray(path.read_bytes())
    header = data.index((1).to_bytes(4, "little") + (64).to_bytes(8, "little")) + 12
    place = header + 4 + 32 + 4
    data[place : place + 8] = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    subjects = {hole["subject"] for hole in tohyo("zk", "check", path, "--json").json["holes"]}
    assert "wire 1" in subjects


@pytest.mark.parametrize(
    ("argument", "code"),
    [("vot", "unknown_circuit"), ("none.r1cs", "file"), ("short.r1cs", "file_malformed")],
)
def test_what_is_no_circuit_is_refused(tohyo, tmp_path, monkeypatch, argument, code):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.r1cs").write_bytes(b"r1cs\x01\x00")
    found = tohyo("zk", "check", argument)
    assert found.code == 2
    assert code in found.err


@pytest.mark.parametrize(
    "line",
    [b"1,1,0", b"1,x,0,main.x", b"1,1,0,\xff\xfe\x1b", b"1,1,0,\x1b[2J", b"1," + b"9" * 5000 + b",0,main.x"],
)
def test_a_damaged_file_of_names_is_refused(tohyo, tmp_path, line):
    path, _ = packed(tmp_path, bits.canonical, {"x": 4})
    path.with_suffix(".sym").write_bytes(line)
    found = tohyo("zk", "check", path)
    assert (found.code, "foreign.sym" in found.err) == (2, True)


def test_the_json_document_is_all_of_standard_output(tohyo):
    found = tohyo("zk", "check", "vote", "--depth", 1, "--samples", 0, "--json")
    assert json.loads(found.out)["circuit"] == "vote-1"
