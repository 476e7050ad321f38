"""The compiler: pinned, cached, and never trusted with a damaged cache."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from chain import compiler
from chain.compiler import OPTIMIZER_RUNS, SOLC_VERSION, compile_sources
from chain.errors import CompilerError
from chain.paths import PROJECT_ROOT, SOLCX_DIR

SOURCE = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\ncontract A { uint256 public x = %d; }\n"


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(compiler, "COMPILED_DIR", tmp_path)
    return tmp_path


@pytest.fixture
def counted(monkeypatch):
    runs = []
    solc = compiler._run_solc
    monkeypatch.setattr(compiler, "_run_solc", lambda sources: runs.append(1) or solc(sources))
    return runs


def test_a_second_compilation_comes_from_the_cache(cache, counted):
    first = compile_sources({"A.sol": SOURCE % 1})
    assert compile_sources({"A.sol": SOURCE % 1}) == first
    assert len(counted) == 1
    assert len(list(cache.iterdir())) == 1


def test_another_source_is_compiled_anew(cache, counted):
    first = compile_sources({"A.sol": SOURCE % 1})["A"]
    assert compile_sources({"A.sol": SOURCE % 2})["A"].bytecode != first.bytecode
    assert len(counted) == len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"not ours", b"\xff\xfe\x00", None])
def test_a_damaged_cache_is_built_again(cache, counted, damage):
    good = compile_sources({"A.sol": SOURCE % 1})
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-1] if damage is None else damage)
    assert compile_sources({"A.sol": SOURCE % 1}) == good
    assert len(counted) == 2
    assert compile_sources({"A.sol": SOURCE % 1}) == good
    assert len(counted) == 2


def test_a_source_that_does_not_compile_is_told_with_its_place(cache):
    with pytest.raises(CompilerError, match=r"A\.sol"):
        compile_sources({"A.sol": "contract A { nonsense }"})
    assert not list(cache.iterdir())


def test_the_compiler_says_the_version_that_solc_has():
    wrapper = SOLCX_DIR / f"solc-v{SOLC_VERSION}"
    told = subprocess.run([wrapper, "--version"], capture_output=True, text=True, check=True).stdout
    asked = subprocess.run(
        ["node", "-e", 'console.log(require("solc").version())'],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
    ).stdout.strip()
    assert re.search(r"Version: (\S+)", told)[1] == asked
    assert asked.startswith(f"{SOLC_VERSION}+")


def test_the_compiler_refuses_options_it_does_not_know():
    done = subprocess.run(
        [SOLCX_DIR / f"solc-v{SOLC_VERSION}", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "--standard-json" in done.stderr


def test_combined_json_serves_tools_that_ask_for_it(tmp_path):
    source = tmp_path / "A.sol"
    source.write_text(SOURCE % 1, encoding="utf-8")
    done = subprocess.run(
        [SOLCX_DIR / f"solc-v{SOLC_VERSION}", "--combined-json", "abi,bin", str(source)],
        capture_output=True,
        text=True,
        check=True,
    )
    (built,) = json.loads(done.stdout)["contracts"].values()
    assert built["bin"]
    assert built["abi"][0]["name"] == "x"


def test_brownies_settings_are_the_compilers():
    config = (PROJECT_ROOT / "brownie-config.yaml").read_text(encoding="utf-8")
    assert f"version: {SOLC_VERSION}" in config
    assert f"runs: {OPTIMIZER_RUNS}" in config
    assert f"evm_version: {compiler.EVM_VERSION}" in config


def test_npm_pins_the_same_solc():
    package = json.loads((PROJECT_ROOT / "package.json").read_text(encoding="utf-8"))
    assert package["dependencies"]["solc"] == SOLC_VERSION
