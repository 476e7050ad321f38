"""Kill or interrupt the real command in the middle; the next one goes on, nothing is lost or left behind."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from chain.connection import connect
from chain.cream import CreamClient
from chain.node import node_status, stop_detached
from tests.support.processes import services_of

VOTERS = 12
PATIENCE = 300


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    stop_detached(tmp_path / "demo" / "chain")


def demo(folder, *arguments):
    command = [sys.executable, "-m", "scripts.tohyo.main", "demo", "--dir", str(folder / "demo"), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ballots(folder):
    """Count the ballots on the demonstration's chain; 0 while there is none yet."""
    record = folder / "demo" / "demo.json"
    status = node_status(folder / "demo" / "chain")
    if not record.exists() or status is None or not status.running:
        return 0
    deployment = json.loads(record.read_text(encoding="utf-8"))["deployment"]
    return sum(CreamClient(connect(status.rpc_url), deployment["contract"]).tally()) if deployment else 0


def receipts(folder):
    return len(list((folder / "demo" / "receipts").glob("[0-9]*.json")))


def wait_for_two(process, folder, counted):
    deadline = time.monotonic() + PATIENCE
    while counted(folder) < 2:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_until_nothing_runs(folder):
    deadline = time.monotonic() + PATIENCE
    while services_of(folder / "demo"):
        assert time.monotonic() < deadline, "the registrar's service was left behind"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("blow", "code", "counted"),
    [
        (signal.SIGINT, 130, ballots),
        (signal.SIGINT, 130, receipts),
        (signal.SIGKILL, -signal.SIGKILL, receipts),
    ],
)
def test_a_demonstration_stopped_in_the_middle_goes_on(folder, blow, code, counted):
    process = demo(folder, "--voters", str(VOTERS), "--candidates", "3")
    wait_for_two(process, folder, counted)
    os.kill(process.pid, blow)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, said
    if blow == signal.SIGINT:
        assert "tohyo demo --resume" in said
        assert "Traceback" not in said
    assert node_status(folder / "demo" / "chain").running
    wait_until_nothing_runs(folder)

    before = counted(folder)
    resumed = demo(folder, "--resume", "--json", str(folder / "report.json"))
    said, _ = resumed.communicate(timeout=PATIENCE)
    assert resumed.returncode == 0, said
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert 2 <= before <= VOTERS
    assert sum(document["result"].values()) == VOTERS
    assert document["as_cast"] is True
    assert document["audit"]["verdict"] == "consistent"
    assert document["eligibility"]["verdict"] == "consistent"
    assert document["gas"]["castVote"]["count"] == VOTERS
    assert services_of(folder / "demo") == []
