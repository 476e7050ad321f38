"""`tohyo zk ceremony begin` leaves nothing behind when it fails, so that it can be tried again."""

import pytest

from tests.support.small_ceremony import hold_ceremony, small_circuit


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr("scripts.tohyo.ceremony_commands.compile_named", lambda *_: small_circuit())


def test_constraints_are_written_only_with_the_key(tohyo, tmp_path):
    ceremony = hold_ceremony(tmp_path)
    r1cs, begin = tmp_path / "vote.r1cs", ("zk", "ceremony", "begin", "vote", "--depth", "1")
    files = ("--out", tmp_path / "new.zkey", "--r1cs", r1cs)
    failed = tohyo(*begin, "--powers", ceremony.powers[0], *files)
    assert (failed.code, r1cs.exists()) == (2, False)
    done = tohyo(*begin, "--powers", ceremony.prepared, *files)
    assert (done.code, r1cs.exists()) == (0, True)
