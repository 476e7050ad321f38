"""Starts and stops local chains, Anvil and Ganache, for scripts and tests.

This is the module that a package called ganache-cli-wrapper would be, were there one:

    with start_node(engine="ganache") as node:
        w3 = connect(node.rpc_url)

A chain started so dies with the process that started it, even if that is killed: the kernel sends it SIGTERM
(PR_SET_PDEATHSIG, Linux; it watches the starting thread, so start chains from a thread that lives on). A
detached chain (`start_detached`, for `tohyo chain up`) outlives its command; `chain.json` in its state
directory says where it is.

Trusts the local machine: the accounts are public development accounts, and the chain listens on 127.0.0.1
only.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from chain.connection import connect
from chain.engines import ENGINES, Engine, NodeOptions, command
from chain.errors import ChainAlreadyRunningError, NodeStartError, PortTakenError
from chain.rpc import rpc_call
from chain.time import block_time, travel_to
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from types import TracebackType

START_SECONDS = 30.0
STOP_SECONDS = 10.0
RECORD_NAME = "chain.json"
LOG_NAME = "chain.log"

_PR_SET_PDEATHSIG = 1
_LISTENING = re.compile(rb"Listening on [\d.]+:(\d+)")


class LocalNode:
    """A running chain that stops with `stop()`, at the end of a `with` block, or with this process."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, chain_id: int) -> None:
        self._process = process
        self.port = port
        self.chain_id = chain_id

    @property
    def rpc_url(self) -> str:
        """Where to reach it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Terminate it, and kill it if it does not obey; harmless if it is gone."""
        _end(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@dataclass(frozen=True)
class NodeStatus:
    """A detached chain as its record tells, and whether it answers."""

    engine: Engine
    pid: int
    rpc_url: str
    chain_id: int
    started_at: float
    running: bool


def start_node(  # noqa: PLR0917 - each has a default
    engine: Engine = "anvil",
    port: int = 0,
    state_dir: Path | None = None,
    accounts: int = 10,
    timestamp: int | None = None,
    hardfork: str | None = None,
) -> LocalNode:
    """Start a chain that ends with this process; port 0 takes a free one, `state_dir` keeps its state.

    With a `timestamp` the chain keeps its own clock, from there on; a restart continues it.
    Raises NodeProgramMissingError, PortTakenError, NodeStartError.
    """
    options = NodeOptions(engine, port, state_dir, accounts, timestamp, hardfork)
    process, taken = _launch(options, detached=False)
    return LocalNode(process, taken, options.chain_id)


def start_detached(
    state_dir: Path,
    engine: Engine = "anvil",
    port: int = 8545,
    accounts: int = 10,
    timestamp: int | None = None,
) -> NodeStatus:
    """Start a chain that outlives this process and keeps its state in `state_dir`.

    Raises ChainAlreadyRunningError beside start_node's errors.
    """
    running = node_status(state_dir)
    if running is not None and running.running:
        raise ChainAlreadyRunningError(
            f"a chain keeps its state in {state_dir} already: {running.rpc_url}, process {running.pid}",
            hint="use it, or stop it with `tohyo chain down`",
        )
    options = NodeOptions(engine, port, state_dir, accounts, timestamp)
    process, taken = _launch(options, detached=True)
    process.returncode = 0  # it is meant to outlive us, so Popen must not complain of an unfinished child
    status = NodeStatus(
        engine, process.pid, f"http://127.0.0.1:{taken}", options.chain_id, time.time(), running=True
    )
    record = {key: value for key, value in asdict(status).items() if key != "running"}
    write_whole(state_dir / RECORD_NAME, json.dumps(record, indent=2) + "\n")
    return status


def node_status(state_dir: Path) -> NodeStatus | None:
    """Return this directory's detached chain, None if there never was one or its record is unreadable."""
    try:
        record: dict[str, Any] = json.loads((state_dir / RECORD_NAME).read_text(encoding="utf-8"))
        if record["engine"] not in ENGINES:
            return None
        status = NodeStatus(**record, running=False)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    alive = _is_our_process(status.pid, status.engine) and rpc_call(status.rpc_url, "eth_chainId") is not None
    return replace(status, running=alive)


def stop_detached(state_dir: Path) -> bool:
    """Stop the directory's chain; False if none was running. Its state stays."""
    status = node_status(state_dir)
    if status is None:
        return False
    ours = _is_our_process(status.pid, status.engine)
    if ours:
        _signal_and_wait(status.pid)
    (state_dir / RECORD_NAME).unlink(missing_ok=True)
    return ours


def _launch(options: NodeOptions, *, detached: bool) -> tuple[subprocess.Popen[bytes], int]:
    """Start the program and wait until it answers; a chain with a clock of its own goes on where it was."""
    state_dir = options.state_dir
    goes_on = state_dir is not None and state_dir.is_dir() and any(state_dir.iterdir())
    if state_dir is not None:
        state_dir.mkdir(parents=True, exist_ok=True)
    process, port = _launch_on_a_port(options, detached=detached)
    try:
        if goes_on and options.timestamp is not None:
            w3 = connect(f"http://127.0.0.1:{port}")
            travel_to(w3, block_time(w3) + 1)
    except BaseException:
        _end(process)
        raise
    return process, port


def _launch_on_a_port(options: NodeOptions, *, detached: bool) -> tuple[subprocess.Popen[bytes], int]:
    """Launch; with port 0, try again if the port is taken."""
    if options.port:
        return _launch_once(options, detached=detached)
    for _ in range(2):
        with contextlib.suppress(NodeStartError):
            return _launch_once(_with_port(options), detached=detached)
    return _launch_once(_with_port(options), detached=detached)


def _with_port(options: NodeOptions) -> NodeOptions:
    """Anvil chooses a free port itself; for Ganache we do."""
    return options if options.engine == "anvil" else replace(options, port=_free_port())


def _launch_once(options: NodeOptions, *, detached: bool) -> tuple[subprocess.Popen[bytes], int]:
    if options.port and not _is_free(options.port):
        raise PortTakenError(
            f"port {options.port} is taken by another program",
            hint="choose another port, or stop that program",
        )
    with _open_log(options, detached=detached) as log:
        process = subprocess.Popen(  # noqa: S603 - our own program; no word of its options comes from outside
            command(options),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=detached,
            preexec_fn=None if detached else _die_with_parent,  # noqa: PLW1509 - one prctl
        )
        try:
            return process, _wait_until_ready(process, options, log)
        except BaseException:
            _end(process)
            raise


def _open_log(options: NodeOptions, *, detached: bool) -> IO[bytes]:
    if detached and options.state_dir is not None:
        return (options.state_dir / LOG_NAME).open("w+b")
    return tempfile.TemporaryFile()


def _wait_until_ready(process: subprocess.Popen[bytes], options: NodeOptions, log: IO[bytes]) -> int:
    """Return the port, once the chain on it answers with its chain id."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        said = os.pread(log.fileno(), 65_536, 0)
        if process.poll() is not None:
            last_words = said.decode(errors="replace").strip()[-500:]
            raise NodeStartError(f"{options.engine} ended with code {process.returncode}: {last_words}")
        match = _LISTENING.search(said)
        port = options.port or (int(match[1]) if match else 0)
        if port and rpc_call(f"http://127.0.0.1:{port}", "eth_chainId") == hex(options.chain_id):
            return port
        time.sleep(0.02)
    raise NodeStartError(f"{options.engine} did not answer within {START_SECONDS:.0f} s")


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _signal_and_wait(pid: int) -> None:
    """End a process that need not be our child: SIGTERM, then SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if _has_ended(pid):
                return
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _is_our_process(pid: int, engine: Engine) -> bool:
    """Whether this pid still belongs to the program we started; a reused pid must not be killed."""
    state, command_line = _process_state(pid)
    return engine in command_line and not state.startswith("Z")


def _process_state(pid: int) -> tuple[str, str]:
    """Return (state, command line), empty for no such process; from /proc, or from ps where there is none."""
    if Path("/proc/self").exists():
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return "", ""
        return state.rpartition(")")[2].strip(), command_line.decode(errors="replace")
    listing = subprocess.run(  # noqa: S603 - a fixed program with a number
        ["ps", "-o", "stat=,args=", "-p", str(pid)],  # noqa: S607 - ps is where the system has it
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    state, _, command_line_text = listing.partition(" ")
    return state, command_line_text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
