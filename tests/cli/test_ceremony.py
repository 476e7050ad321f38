"""A ceremony by the command line, with a small circuit under the name of the vote circuit."""

import contextlib
import json
import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.support.small_ceremony import hold_ceremony, small_circuit, small_witness
from zk.ceremony.transcript import parse_transcript
from zk.development import DEVELOPMENT_KEYS_WARNING
from zk.formats.key_sections import KeyFile
from zk.formats.ptau_file import PowersFile
from zk.formats.zkey_file import read_verifying_key
from zk.groth16.native import NativeBackend

ROOT = Path(__file__).parents[2]
VOTE = ("vote", "--depth", "1")


@pytest.fixture(scope="session")
def ceremony(tmp_path_factory):
    return hold_ceremony(tmp_path_factory.mktemp("ceremony"))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr("scripts.tohyo.ceremony_commands.compile_named", lambda *_: small_circuit())
    monkeypatch.setattr("zk.ceremony.finish.compile_named", lambda *_: small_circuit())


@pytest.fixture
def run(tohyo):
    return lambda *arguments: tohyo("zk", "ceremony", *arguments)


@pytest.fixture
def typed(tmp_path):
    path = tmp_path / "typed.txt"
    path.write_text("what nobody else knows")
    return ("--entropy-file", path)


def test_a_whole_ceremony_needs_no_other_program(run, tohyo, typed, tmp_path):
    powers = [tmp_path / f"{i}.ptau" for i in range(5)]
    zkeys = [tmp_path / f"{i}.zkey" for i in range(4)]
    beacon = ("--value", "0x0102030405", "--name", "block 7")
    steps = [
        ("powers", "new", "--power", 4, "--out", powers[0]),
        ("powers", "contribute", powers[0], "--out", powers[1], "--name", "Ann", *typed),
        ("powers", "contribute", powers[1], "--out", powers[2], "--name", "花子", *typed),
        ("powers", "beacon", powers[2], "--out", powers[3], *beacon),
        ("powers", "prepare", powers[3], "--out", powers[4]),
        ("powers", "verify", powers[4]),
        ("begin", *VOTE, "--powers", powers[4], "--out", zkeys[0], "--r1cs", tmp_path / "vote.r1cs"),
        ("contribute", zkeys[0], "--out", zkeys[1], "--name", "Ann", *typed),
        ("contribute", zkeys[1], "--out", zkeys[2], "--name", "花子", *typed),
        ("beacon", zkeys[2], "--out", zkeys[3], *beacon),
        ("verify", *VOTE, zkeys[3], "--powers", powers[4], "--after", zkeys[2]),
    ]
    for step in steps:
        done = run(*step, "--json")
        assert done.code == 0, (step, done.err)
        assert "nobody else" not in done.out + done.err
    assert done.json["valid"]
    assert [c["name"] for c in done.json["contributions"]] == ["Ann", "花子", "block 7"]
    finished = run("finish", *VOTE, zkeys[3], "--powers", powers[4], "--keys", tmp_path, "--json")
    assert finished.code == 0, finished.err
    assert (finished.json["origin"], finished.json["warning"]) == ("ceremony", "")
    assert (tmp_path / "vote.r1cs").read_bytes() == (tmp_path / "vote-1/vote.r1cs").read_bytes()
    transcript = parse_transcript(Path(finished.json["transcript"]).read_bytes())
    assert finished.json["transcript_hash"] == "0x" + transcript.hash().hex()
    shown = tohyo("zk", "info", *VOTE, "--keys", tmp_path)
    assert "ceremony" in shown.out
    assert DEVELOPMENT_KEYS_WARNING not in shown.err


def test_it_prints_the_hash_that_verification_shows(run, ceremony, typed, tmp_path):
    made = run(
        "contribute", ceremony.keys[1], "--out", tmp_path / "2.zkey", "--name", "Bob", *typed, "--json"
    )
    assert made.json["contribution"] == 2
    checked = run("verify", *VOTE, tmp_path / "2.zkey", "--powers", ceremony.prepared)
    assert checked.code == 0
    assert made.json["contribution_hash"] in checked.out
    assert checked.out.strip().endswith("valid")


def test_a_key_that_is_wrong_is_the_answer_no(run, ceremony, tmp_path):
    content = bytearray(ceremony.keys[-1].read_bytes())
    content[-1] ^= 1  # the beacon's value
    bad = tmp_path / "bad.zkey"
    bad.write_bytes(content)
    refused = run("verify", *VOTE, bad, "--powers", ceremony.prepared, "--json")
    assert refused.code == 1
    assert not refused.json["valid"]
    assert "contribution 3 (block 7) is invalid" in refused.json["reason"]
    backwards = run(
        "verify", *VOTE, ceremony.keys[1], "--powers", ceremony.prepared, "--after", ceremony.keys[2]
    )
    assert backwards.code == 1
    assert "not built on 2.zkey" in backwards.out
    powers = run("powers", "verify", ceremony.powers[0])
    assert powers.code == 1
    assert "nobody has contributed" in powers.out


def test_bad_requests_say_what_to_do_and_write_nothing(run, ceremony, typed, tmp_path):
    out, key, powers = tmp_path / "new", ceremony.keys[1], ceremony.powers[1]
    empty = tmp_path / "empty"
    empty.touch()
    existing = ("contribute", key, "--out", ceremony.keys[2], "--name", "Ann", *typed)
    requests = {
        "exists already": existing,
        "no terminal": ("contribute", key, "--out", out, "--name", "Ann"),
        "needs a name": ("contribute", key, "--out", out, "--name", " ", *typed),
        "is empty": ("contribute", key, "--out", out, "--name", "Ann", "--entropy-file", empty),
        "no .zkey file": ("contribute", powers, "--out", out, "--name", "Ann", *typed),
        "no .ptau file": ("powers", "contribute", key, "--out", out, "--name", "Ann", *typed),
        "no hexadecimal": ("beacon", key, "--out", out, "--value", "xyz"),
        "2^10 to 2^32": ("beacon", key, "--out", out, "--value", "0102", "--exponent", 60),
        "nobody has contributed": ("begin", *VOTE, "--powers", ceremony.powers[0], "--out", out),
        "No such file": ("powers", "prepare", tmp_path / "gone.ptau", "--out", out),
        "is no folder": ("powers", "prepare", powers, "--out", tmp_path / "gone/p.ptau"),
    }
    for reason, request in requests.items():
        refused = run(*request)
        assert refused.code == 2, (reason, refused.out, refused.err)
        assert reason in refused.err
        assert len(refused.err.strip().splitlines()) >= 2, reason
    assert not out.exists()


def test_one_person_alone_gets_development_keys_only(run, ceremony, tmp_path):
    request = ("finish", *VOTE, ceremony.keys[1], "--powers", ceremony.prepared, "--keys", tmp_path / "keys")
    refused = run(*request)
    assert refused.code == 2
    assert "--development-keys" in refused.err
    made = run(*request, "--development-keys", "--json")
    assert made.code == 0
    assert made.json["origin"] == "development"
    assert DEVELOPMENT_KEYS_WARNING in made.err
    assert KeyFile(tmp_path / "keys/vote-1/vote.zkey").is_development


def _is_hidden(terminal):
    return not termios.tcgetattr(terminal)[3] & termios.ECHO


def test_what_is_typed_on_a_terminal_is_not_shown(ceremony, tmp_path):
    """On a terminal of its own, as a commissioner sits before it."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "scripts.tohyo.main", "zk", "ceremony", "powers", "contribute"]
    command += [ceremony.powers[1], "--out", tmp_path / "2.ptau", "--name", "Ann"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    said = b""
    deadline = time.monotonic() + 60
    try:
        while not _is_hidden(controller):  # what is typed earlier is shown, and then dropped
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.write(controller, b"my very own words\n")
        with contextlib.suppress(OSError):  # the terminal is gone with the program
            while select.select([controller], [], [], 60)[0]:
                said += os.read(controller, 1000)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
    assert b"contribution hash" in said
    assert b"my very own words" not in said
    assert len(PowersFile(tmp_path / "2.ptau").contributions) == 2


def test_verifying_a_proof_says_whose_keys_were_used(tohyo, ceremony, tmp_path):
    witness = small_witness(ceremony.circuit)
    proof = NativeBackend().prover(ceremony.keys[-1], ceremony.circuit.r1cs).prove(witness)
    key = read_verifying_key(ceremony.keys[-1]).to_json()
    files = {name: tmp_path / f"{name}.json" for name in ("vk", "proof", "public")}
    files["proof"].write_text(json.dumps(proof.to_json()))
    files["public"].write_text(json.dumps([str(value) for value in witness[1:5]]))
    options = [part for name, path in files.items() for part in (f"--{name}", path)]
    origins = {
        "development keys": {"origin": "development"},
        "nothing": {},
        "": {"origin": "ceremony", "transcript_hash": "0x01"},
    }
    for warning, members in origins.items():
        files["vk"].write_text(json.dumps({**key, **members}))
        verified = tohyo("zk", "verify", *options)
        assert verified.code == 0
        assert warning in verified.err
        assert bool(warning) == ("warning" in verified.err)
