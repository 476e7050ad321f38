"""Connections: every way in which a node can be the wrong one, or none."""

from __future__ import annotations

import http.server
import threading

import pytest
import requests

from chain.connection import connect, require_contract, typed_errors
from chain.contract_errors import UnknownRevertError
from chain.cream import CreamClient
from chain.errors import (
    NoContractError,
    NotADevelopmentChainError,
    RpcFailedError,
    RpcUnreachableError,
    WrongNetworkError,
)
from chain.sender import UnlockedSender
from chain.time import ClockCannotGoBackError, block_time, travel_to


@pytest.fixture
def web_server():
    """A server that answers, but not as a node."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.server.answer
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    server.answer = b"<html>hello</html>"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_dead_chain_is_told():
    with pytest.raises(RpcUnreachableError) as raised:
        connect("http://127.0.0.1:1")
    assert "tohyo chain up" in raised.value.hint


@pytest.mark.parametrize("address", ["", "localhost:8545", "ws://127.0.0.1:8545", "file:///etc/passwd"])
def test_what_is_no_http_address_is_told(address):
    with pytest.raises(RpcUnreachableError):
        connect(address)


def test_a_web_page_is_no_node(web_server):
    with pytest.raises(RpcFailedError):
        connect(f"http://127.0.0.1:{web_server.server_port}")


def test_another_network_is_told(node):
    with pytest.raises(WrongNetworkError, match="31337, not 1"):
        connect(node.rpc_url, 1)


@pytest.mark.parametrize("address", ["", "0x12", "alice", "0x" + 40 * "g"])
def test_what_is_no_address_is_told(w3, address):
    with pytest.raises(NoContractError, match="not an address"):
        require_contract(w3, address)


def test_an_account_is_no_contract(w3):
    with pytest.raises(NoContractError, match="no contract"):
        CreamClient(w3, w3.eth.accounts[3])


def test_another_contract_is_no_election(w3, deploy):
    client = CreamClient(w3, deploy("PoseidonT3").address)
    with pytest.raises((NoContractError, UnknownRevertError)):
        client.config()
    with pytest.raises(NoContractError):
        client.election_file()


def test_the_clock_moves_on_but_not_back(w3):
    now = block_time(w3)
    travel_to(w3, now + 100)
    assert block_time(w3) == now + 100
    travel_to(w3, now + 100)
    assert block_time(w3) == now + 100
    with pytest.raises(ClockCannotGoBackError):
        travel_to(w3, now)


def test_ganaches_clock_moves_too():
    from chain.node import start_node  # noqa: PLC0415 - one test

    with start_node("ganache") as node:
        w3 = connect(node.rpc_url)
        travel_to(w3, block_time(w3) + 1000)
        before = block_time(w3)
        w3.eth.send_transaction({"from": w3.eth.accounts[0], "to": w3.eth.accounts[1]})
        assert before <= block_time(w3) <= before + 60


def test_a_real_chains_clock_does_not_move(web_server):
    from web3 import HTTPProvider, Web3  # noqa: PLC0415 - one test

    web_server.answer = b'{"jsonrpc":"2.0","id":0,"result":"Geth/v1.16"}'
    with pytest.raises(NotADevelopmentChainError):
        travel_to(Web3(HTTPProvider(f"http://127.0.0.1:{web_server.server_port}")), 2**40)


def test_an_account_without_money_is_told_in_the_nodes_words(w3):
    sender = UnlockedSender(w3, w3.eth.accounts[0])
    with pytest.raises(RpcFailedError, match=r"[Ii]nsufficient"), typed_errors():
        sender.send({"to": w3.eth.accounts[1], "value": 10**30, "gas": 21_000})


def test_an_error_of_http_does_not_tell_the_nodes_address() -> None:
    """Providers put the customer's key into the address, and the registrar logs what went wrong."""
    refused = requests.Response()
    refused.status_code, refused.url = 401, "https://node.example/v3/0123456789abcdef"
    with pytest.raises(RpcFailedError, match="401") as caught, typed_errors():
        refused.raise_for_status()
    assert "0123456789abcdef" not in str(caught.value)
