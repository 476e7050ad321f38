"""solhint is content with every contract, the rendered verifier included."""

from __future__ import annotations

import subprocess

import pytest

from chain.deploy import FOLDED_INPUT
from chain.paths import BUILD_DIR, PROJECT_ROOT
from zk.solidity import render_verifier


@pytest.mark.slow
def test_solhint_finds_nothing(vote_keys):
    rendered = BUILD_DIR / "solhint" / "Groth16Verifier.sol"
    rendered.parent.mkdir(parents=True, exist_ok=True)
    rendered.write_text(render_verifier(vote_keys.verifying_key, folded_input=FOLDED_INPUT), encoding="utf-8")
    solhint = PROJECT_ROOT / "node_modules" / ".bin" / "solhint"
    done = subprocess.run(
        [solhint, "--disc", "--max-warnings", "0", "contracts/**/*.sol", rendered.relative_to(PROJECT_ROOT)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "error" not in done.stdout
    assert "warning" not in done.stdout
