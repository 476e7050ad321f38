"""Asks circomlibjs, through one node process for all questions of a test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
ORACLE = ROOT / "tests/zk/circomlib/oracle.cjs"


def ask(*questions: tuple[Any, ...]) -> list[Any]:
    """Answers in order. Numbers, bytes and nested tuples of them go and come as such."""
    answer = subprocess.run(
        ["node", str(ORACLE)],
        input=json.dumps(_to_text(questions)),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=120,
    )
    return [_from_text(item) for item in json.loads(answer.stdout)]


def _to_text(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_to_text(item) for item in value]
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


def _from_text(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_from_text(item) for item in value)
    if not isinstance(value, str):
        return value  # true, false or null
    return bytes.fromhex(value[2:]) if value.startswith("0x") else int(value)
