"""Local chains: they start, keep state, say what is wrong, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from chain import engines
from chain.connection import connect
from chain.engines import CHAIN_IDS
from chain.errors import (
    ChainAlreadyRunningError,
    NodeProgramMissingError,
    NodeStartError,
    PortTakenError,
    RpcUnreachableError,
)
from chain.node import node_status, start_detached, start_node, stop_detached
from chain.paths import PROJECT_ROOT
from chain.time import block_time, travel_to

FIRST_ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
ENGINES = pytest.mark.parametrize("engine", ["anvil", "ganache"])


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - proc is no path
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@ENGINES
def test_a_chain_runs_for_a_with_block_and_no_longer(engine):
    with start_node(engine, accounts=3, timestamp=1_900_000_000) as node:
        w3 = connect(node.rpc_url, CHAIN_IDS[engine])
        assert len(w3.eth.accounts) == 3
        assert w3.eth.accounts[0] == FIRST_ACCOUNT
        assert abs(block_time(w3) - 1_900_000_000) < 60
        assert node.is_running()
    assert not is_alive(node.pid)
    with pytest.raises(RpcUnreachableError):
        connect(node.rpc_url)
    node.stop()


def test_a_chain_ends_though_its_with_block_fails():
    with pytest.raises(ZeroDivisionError), start_node() as node:
        raise ZeroDivisionError
    assert not is_alive(node.pid)


def test_two_chains_take_two_ports():
    with start_node() as one, start_node() as other:
        assert one.port != other.port


@ENGINES
def test_a_taken_port_is_told(engine):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with pytest.raises(PortTakenError) as raised:
            start_node(engine, port=holder.getsockname()[1])
    assert raised.value.hint


@ENGINES
def test_a_missing_program_is_told(monkeypatch, tmp_path, engine):
    monkeypatch.setattr(engines, "NODE_MODULES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NodeProgramMissingError, match="not installed") as raised:
        start_node(engine)
    assert "make setup" in raised.value.hint


def test_a_program_that_ends_at_once_is_told_with_its_last_words():
    with pytest.raises(NodeStartError, match=r"hardfork|invalid"):
        start_node(hardfork="no-such-rules")


@ENGINES
def test_state_is_kept_between_runs(engine, tmp_path):
    with start_node(engine, state_dir=tmp_path) as node:
        w3 = connect(node.rpc_url)
        w3.eth.send_transaction({"from": w3.eth.accounts[0], "to": "0x" + 40 * "7", "value": 5})
    with start_node(engine, state_dir=tmp_path) as node:
        w3 = connect(node.rpc_url)
        assert w3.eth.get_balance("0x" + 40 * "7") == 5
        assert w3.eth.get_transaction_count(w3.eth.accounts[0]) == 1


def test_a_chain_with_a_clock_of_its_own_goes_on_where_it_was(tmp_path):
    with start_node(state_dir=tmp_path, timestamp=1_900_000_000) as node:
        travel_to(connect(node.rpc_url), 1_900_500_000)
    with start_node(state_dir=tmp_path, timestamp=1_900_000_000) as node:
        w3 = connect(node.rpc_url)
        sent = w3.eth.send_transaction({"from": w3.eth.accounts[0], "to": w3.eth.accounts[1]})
        w3.eth.wait_for_transaction_receipt(sent, timeout=10, poll_latency=0.02)
        assert 0 < block_time(w3) - 1_900_500_000 < 600


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_chain_dies_with_a_parent_that_is_killed():
    start = "from chain.node import start_node; node = start_node()"
    program = f"import time; {start}; print(node.pid, flush=True); time.sleep(60)"
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    )
    with parent:
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        os.kill(parent.pid, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(pid))


@ENGINES
def test_a_detached_chain_is_found_used_and_stopped(engine, tmp_path):
    started = start_detached(tmp_path, engine, port=0)
    try:
        assert node_status(tmp_path) == started
        assert connect(started.rpc_url, started.chain_id).eth.accounts[0] == FIRST_ACCOUNT
        with pytest.raises(ChainAlreadyRunningError, match=started.rpc_url):
            start_detached(tmp_path, engine, port=0)
    finally:
        assert stop_detached(tmp_path)
    assert wait_until(lambda: not is_alive(started.pid))
    assert node_status(tmp_path) is None
    assert not stop_detached(tmp_path)


def test_a_detached_chain_that_was_killed_is_told_as_down_and_starts_again(tmp_path):
    first = start_detached(tmp_path, port=0)
    w3 = connect(first.rpc_url)
    w3.eth.send_transaction({"from": w3.eth.accounts[0], "to": "0x" + 40 * "7", "value": 5})
    time.sleep(1.6)  # the state is written every second
    os.kill(first.pid, signal.SIGKILL)
    assert wait_until(lambda: not node_status(tmp_path).running)
    second = start_detached(tmp_path, port=0)
    try:
        assert connect(second.rpc_url).eth.get_balance("0x" + 40 * "7") == 5
    finally:
        stop_detached(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"engine": "geth"}', '{"engine": "anvil"}'])
def test_a_damaged_record_is_no_chain(tmp_path, text):
    (tmp_path / "chain.json").write_text(text, encoding="utf-8")
    assert node_status(tmp_path) is None


def test_a_record_of_another_programs_process_is_not_killed(tmp_path):
    record = {
        "engine": "anvil",
        "pid": os.getpid(),
        "rpc_url": "http://127.0.0.1:1",
        "chain_id": 1,
        "started_at": 0,
    }
    (tmp_path / "chain.json").write_text(json.dumps(record), encoding="utf-8")
    assert node_status(tmp_path).running is False
    assert stop_detached(tmp_path) is False
