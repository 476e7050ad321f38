"""Compiles the contracts through py-solc-x, with a compiler that is already here: `python -m chain.compiler`.

`.toolchain/solcx/solc-v0.8.37` runs npm's build of solc, so nothing is downloaded. Output is kept in
build/contracts under a hash of sources, settings and compiler; a damaged file there is compiled again.
Settings are fixed here and repeated in `brownie-config.yaml`: evm_version shanghai, because Ganache runs the
same bytecode.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from chain.errors import CompilerError
from chain.paths import COMPILED_DIR, CONTRACTS_DIR, NODE_MODULES, PROJECT_ROOT, SOLCX_DIR
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SOLC_VERSION = "0.8.37"
EVM_VERSION = "shanghai"
# High, because castVote runs once per voter and the constants of Poseidon must stay literal; Cream fits all
# the same.
OPTIMIZER_RUNS = 1_000_000
CODE_SIZE_LIMIT = 24_576  # EIP-170

_SETTINGS: dict[str, Any] = {
    "optimizer": {"enabled": True, "runs": OPTIMIZER_RUNS},
    "evmVersion": EVM_VERSION,
    "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
    # without a metadata hash the bytecode depends on the code alone, which is what the audit compares
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "outputSelection": {
        "*": {
            "*": [
                "abi",
                "evm.bytecode.object",
                "evm.deployedBytecode.object",
                "evm.deployedBytecode.immutableReferences",
            ]
        }
    },
}


@dataclass(frozen=True)
class CompiledContract:
    """One contract's interface and code; `immutables` are (start, length) ranges of the runtime code."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    runtime: bytes
    immutables: tuple[tuple[int, int], ...]


def compile_contracts() -> dict[str, CompiledContract]:
    """Every contract under contracts/ by name, test contracts included. Raises CompilerError."""
    return compile_sources(_project_sources())


def contract(name: str) -> CompiledContract:
    """One contract of the project."""
    return _project()[name]


def compile_verifier(source: str) -> CompiledContract:
    """Compile a verifier rendered by `zk.solidity.render_verifier`."""
    return compile_sources({"build/Groth16Verifier.sol": source})["Groth16Verifier"]


def compile_sources(sources: Mapping[str, str]) -> dict[str, CompiledContract]:
    """Contracts of `sources` (path from the project root → text) by name, from the cache if it has them."""
    cached = COMPILED_DIR / f"{_fingerprint(sources)}.json"
    output = _read_cache(cached)
    if output is None:
        output = _run_solc(sources)
        _write_cache(cached, output)
    return _parse(output, sources)


@cache
def _project() -> dict[str, CompiledContract]:
    return compile_contracts()


def _project_sources() -> dict[str, str]:
    return {
        str(path.relative_to(PROJECT_ROOT)): path.read_text(encoding="utf-8")
        for path in sorted(CONTRACTS_DIR.rglob("*.sol"))
    }


def _fingerprint(sources: Mapping[str, str]) -> str:
    """Hash of all that decides the output; the OpenZeppelin version stands for its sources."""
    openzeppelin = NODE_MODULES / "@openzeppelin" / "contracts" / "package.json"
    version = openzeppelin.read_text(encoding="utf-8") if openzeppelin.exists() else ""
    text = json.dumps([dict(sources), _SETTINGS, SOLC_VERSION, version], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _run_solc(sources: Mapping[str, str]) -> dict[str, Any]:
    os.environ["SOLCX_BINARY_PATH"] = str(SOLCX_DIR)
    import solcx  # noqa: PLC0415 - slow to import, and needed only when the cache is cold

    if not (NODE_MODULES / "solc").exists():
        raise CompilerError("the Solidity compiler is not installed", hint="run `make setup`")
    standard_input = {
        "language": "Solidity",
        "sources": {path: {"content": text} for path, text in sources.items()},
        "settings": _SETTINGS,
    }
    try:
        output: dict[str, Any] = solcx.compile_standard(
            standard_input, base_path=str(PROJECT_ROOT), solc_binary=SOLCX_DIR / f"solc-v{SOLC_VERSION}"
        )
    except solcx.exceptions.SolcError as error:
        raise CompilerError(f"the contracts do not compile: {error.message}") from error
    except OSError as error:
        raise CompilerError(
            f"the Solidity compiler does not run: {error}", hint="is Node.js installed? run `make setup`"
        ) from error
    return {"contracts": {path: output["contracts"].get(path, {}) for path in sources}}


def _read_cache(path: Path) -> dict[str, Any] | None:
    """Return the cached output, or None if there is none or its checksum is wrong."""
    try:
        checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    if hashlib.sha256(text.encode()).hexdigest() != checksum:
        return None
    output: dict[str, Any] = json.loads(text)
    return output


def _write_cache(path: Path, output: dict[str, Any]) -> None:
    """Checksum, then JSON; moved into place whole, so that a reader never sees half a file."""
    text = json.dumps(output, sort_keys=True)
    write_whole(path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")


def _parse(output: dict[str, Any], sources: Mapping[str, str]) -> dict[str, CompiledContract]:
    return {
        name: _compiled(name, parts)
        for path in sources
        for name, parts in output["contracts"].get(path, {}).items()
    }


def _compiled(name: str, parts: dict[str, Any]) -> CompiledContract:
    deployed = parts["evm"]["deployedBytecode"]
    ranges = (spot for spots in deployed.get("immutableReferences", {}).values() for spot in spots)
    return CompiledContract(
        name=name,
        abi=parts["abi"],
        bytecode=bytes.fromhex(parts["evm"]["bytecode"]["object"]),
        runtime=bytes.fromhex(deployed["object"]),
        immutables=tuple(sorted((spot["start"], spot["length"]) for spot in ranges)),
    )


def main() -> None:
    """Compile everything and say how large it is."""
    for name, compiled in sorted(compile_contracts().items()):
        if compiled.runtime:
            print(f"{name:32} {len(compiled.runtime):6} bytes")  # noqa: T201 - this is a command


if __name__ == "__main__":
    main()
