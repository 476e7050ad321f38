import json
import sys
from dataclasses import dataclass

import pytest

from chain.connection import connect
from chain.development import development_account
from chain.node import start_detached, stop_detached
from election.permit import sign_permit
from scripts.tohyo.main import main


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def tohyo(monkeypatch, capsys):
    """Run the command line in this process; gives exit code and both streams."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tohyo", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as stopped:
            main()
        streams = capsys.readouterr()
        return Outcome(int(stopped.value.code or 0), streams.out, streams.err)

    return run


@pytest.fixture(scope="module")
def rpc(tmp_path_factory):
    """A chain of the module's own."""
    state = tmp_path_factory.mktemp("chain") / "chain"
    yield start_detached(state, port=0, timestamp=1_800_000_000).rpc_url
    stop_detached(state)


@pytest.fixture
def here(tmp_path, monkeypatch, rpc):
    """An empty folder to work in, with the chain named in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOHYO_RPC", rpc)
    return tmp_path


@pytest.fixture
def permitted(tohyo, here, rpc):
    """Make a note and deposit its commitment with a permit of the registrar's; gives the outcome."""

    def deposit(note):
        made = tohyo("voter", "note", "--out", note, "--deployment", "deployment.json", "--json")
        assert made.code == 0, made.err
        chain = connect(rpc).eth
        contract = json.loads((here / "deployment.json").read_text())["contract"]
        deadline = chain.get_block("latest")["timestamp"] + 3600
        registrar = development_account(0)
        permit = sign_permit(registrar, chain.chain_id, contract, int(made.json["commitment"]), deadline)
        (here / "permit.json").write_text(json.dumps(permit.to_json()))
        given = ("--note", note, "--permit", "permit.json", "--deployment", "deployment.json")
        outcome = tohyo("voter", "deposit", *given, "--dev-account", 1, "--json")
        assert outcome.code == 0, outcome.err
        return outcome

    return deposit
