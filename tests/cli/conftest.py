import json
import sys
from dataclasses import dataclass

import pytest

from chain.node import start_detached, stop_detached
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
    (tmp_path / "roll.csv").write_text("voter_id,name\nv1,青木\nv2,井上\n", encoding="utf-8")
    return tmp_path
