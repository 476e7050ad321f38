import json
import sys
from dataclasses import dataclass

import pytest

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
