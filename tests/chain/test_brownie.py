"""`brownie compile`, `brownie run deploy` on both engines, the Brownie suite; builds .venv-brownie."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from chain.compiler import EVM_VERSION, OPTIMIZER_RUNS, SOLC_VERSION, contract
from chain.deploy import Deployment
from chain.paths import BUILD_DIR, PROJECT_ROOT
from zk.circuits import CircuitName
from zk.keys import ensure_keys

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("brownie")]

BROWNIE = PROJECT_ROOT / ".venv-brownie" / "bin" / "brownie"
LOCK = PROJECT_ROOT / "requirements" / "brownie.txt"
DEPTH = 10  # of the example election


@pytest.fixture(scope="module")
def brownie():
    if not BROWNIE.exists():
        build_environment()
    environment = os.environ | {
        "HOME": str(PROJECT_ROOT / ".toolchain" / "home"),
        "PATH": f"{PROJECT_ROOT / 'node_modules' / '.bin'}:{os.environ['PATH']}",
        "SOLCX_BINARY_PATH": str(PROJECT_ROOT / ".toolchain" / "solcx"),
    }

    def run(*arguments, **more):
        done = subprocess.run(
            [BROWNIE, *arguments],
            cwd=PROJECT_ROOT,
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    (PROJECT_ROOT / ".toolchain" / "home").mkdir(parents=True, exist_ok=True)
    ensure_keys(CircuitName.VOTE, DEPTH, BUILD_DIR / "keys")
    return run


def build_environment():
    venv = BROWNIE.parent.parent
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run(
        [
            PROJECT_ROOT / ".venv" / "bin" / "uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            venv / "bin" / "python",
            "--no-binary",
            "eth-brownie",
            "--require-hashes",
            "-r",
            LOCK,
        ],
        env=os.environ | {"BROWNIE_NOCOMPILE": "1"},
        check=True,
    )


def test_brownie_compiles_to_the_code_of_our_own_compiler(brownie):
    brownie("compile")
    built = json.loads((BUILD_DIR / "brownie" / "contracts" / "Cream.json").read_text(encoding="utf-8"))
    assert built["abi"] == contract("Cream").abi
    assert built["compiler"]["version"].startswith(SOLC_VERSION)
    assert built["compiler"]["evm_version"] == EVM_VERSION
    assert built["compiler"]["optimizer"]["runs"] == OPTIMIZER_RUNS


@pytest.mark.parametrize(("network", "chain_id"), [("development", 31337), ("ganache-cli", 1337)])
def test_brownie_run_deploy_deploys_an_election(brownie, tmp_path, network, chain_id):
    record = tmp_path / "deployment.json"
    said = brownie("run", "deploy", "--network", network, TOHYO_RECORD=str(record))
    deployment = Deployment.load(record)
    assert deployment.chain_id == chain_id
    assert deployment.contract in said


def test_the_brownie_suite_passes(brownie):
    assert "6 passed" in brownie("test", "tests/brownie")
