"""The two local chains as command lines: where their programs lie and how their options are called."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chain.errors import NodeProgramMissingError
from chain.paths import NODE_MODULES

Engine = Literal["anvil", "ganache"]
ENGINES: tuple[Engine, ...] = ("anvil", "ganache")

# The well-known development phrase; both chains then hold the same funded accounts.
DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk"
CHAIN_IDS: dict[Engine, int] = {"anvil": 31_337, "ganache": 1_337}


@dataclass(frozen=True)
class NodeOptions:
    """What a local chain is started with. `timestamp` is that of the first block, in UNIX seconds."""

    engine: Engine = "anvil"
    port: int = 0
    state_dir: Path | None = None
    accounts: int = 10
    timestamp: int | None = None
    hardfork: str | None = None

    @property
    def chain_id(self) -> int:
        """The engine's usual chain id."""
        return CHAIN_IDS[self.engine]


def command(options: NodeOptions) -> list[str]:
    """Return the command line; port 0 stays 0, which Anvil understands and Ganache does not."""
    return _anvil(options) if options.engine == "anvil" else _ganache(options)


def _anvil(options: NodeOptions) -> list[str]:
    line = [str(_anvil_program()), "--host", "127.0.0.1", "--port", str(options.port)]
    line += ["--chain-id", str(options.chain_id), "--accounts", str(options.accounts)]
    line += ["--mnemonic", DEVELOPMENT_MNEMONIC]
    if options.timestamp is not None:
        line += ["--timestamp", str(options.timestamp)]
    if options.hardfork:
        line += ["--hardfork", options.hardfork]
    if options.state_dir is not None:
        line += ["--state", str(options.state_dir / "anvil-state.json"), "--state-interval", "1"]
    return line


def _ganache(options: NodeOptions) -> list[str]:
    node = shutil.which("node")
    script = NODE_MODULES / "ganache" / "dist" / "node" / "cli.js"
    if node is None or not script.exists():
        raise NodeProgramMissingError("Ganache is not installed", hint="run `make setup`; it needs Node.js")
    line = [node, str(script), "--server.host", "127.0.0.1", "--server.port", str(options.port)]
    line += ["--chain.chainId", str(options.chain_id), "--chain.networkId", str(options.chain_id)]
    line += ["--wallet.totalAccounts", str(options.accounts), "--wallet.mnemonic", DEVELOPMENT_MNEMONIC]
    line += ["--chain.hardfork", options.hardfork or "shanghai", "--logging.quiet"]
    if options.timestamp is not None:
        line += ["--chain.time", str(options.timestamp * 1000)]
    if options.state_dir is not None:
        line += ["--database.dbPath", str(options.state_dir / "ganache")]
    return line


def _anvil_program() -> Path:
    """Return npm's native binary, which exists for Linux on x86-64; elsewhere the one on PATH."""
    bundled = NODE_MODULES / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
    if bundled.exists():
        return bundled
    installed = shutil.which("anvil")
    if installed is None:
        raise NodeProgramMissingError(
            "Anvil is not installed", hint="run `make setup`; where npm has no Anvil, put one on PATH"
        )
    return Path(installed)
