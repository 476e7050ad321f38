"""One Node process that runs witness programs for all tests of web/."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]


class Node:
    """Speaks to tests/web/witness_worker.mjs, one line each way."""

    def __init__(self) -> None:
        command = ["node", str(ROOT / "tests/web/witness_worker.mjs")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, program: bytes, inputs: Mapping[str, object], **more: str) -> dict[str, Any]:
        """Send one question and return the answer; fails on anything but a WitnessError."""
        question = {"program": base64.b64encode(program).decode(), "inputs": dict(inputs), **more}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "bug" not in answer, answer["bug"]
        return answer

    def witness(self, program: bytes, inputs: Mapping[str, int]) -> list[int]:
        """Every wire, or AssertionError with what was refused."""
        answer = self.ask(program, {name: str(value) for name, value in inputs.items()})
        assert "error" not in answer, answer["error"]
        return [int(value) for value in answer["witness"]]

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    process = Node()
    yield process
    process.close()
