"""`tohyo chain`: a local chain that keeps its state between runs."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from chain.connection import connect
from chain.node import NodeStatus, node_status, start_detached, stop_detached
from scripts.tohyo.output import EXIT_NO, OUT, JsonFlag, emit, emit_facts

DEFAULT_STATE = Path(".tohyo/chain")

app = typer.Typer(help="Run a local chain for development.", no_args_is_help=True)
StateOption = Annotated[Path, typer.Option("--state", help="Folder that keeps the chain between runs.")]


class Engine(StrEnum):
    """The local chains that tohyo can run."""

    ANVIL = "anvil"
    GANACHE = "ganache"


@app.command()
def up(
    engine: Annotated[Engine, typer.Option(help="Which program runs the chain.")] = Engine.ANVIL,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8545,
    state: StateOption = DEFAULT_STATE,
    as_json: JsonFlag = False,
) -> None:
    """Start a chain in the background, or say that it runs already."""
    found = node_status(state)
    if found is None or not found.running:
        found = start_detached(state, engine.value, port)
    _show(found, state, as_json=as_json)


@app.command()
def status(state: StateOption = DEFAULT_STATE, as_json: JsonFlag = False) -> None:
    """Say whether the chain runs, and where (exit 1: it does not)."""
    found = node_status(state)
    _show(found, state, as_json=as_json)
    if found is None or not found.running:
        raise typer.Exit(EXIT_NO)


@app.command()
def down(state: StateOption = DEFAULT_STATE, as_json: JsonFlag = False) -> None:
    """Stop the chain; its state stays in the folder."""
    stopped = stop_detached(state)
    text = "stopped" if stopped else "no chain was running"
    emit({"stopped": stopped, "state": str(state)}, as_json=as_json, text=lambda: OUT.print(text))


def _show(status: NodeStatus | None, state: Path, *, as_json: bool) -> None:
    if status is None or not status.running:
        document: dict[str, Any] = {"running": False, "state": str(state)}
    else:
        document = {**asdict(status), "block": connect(status.rpc_url).eth.block_number, "state": str(state)}
    emit_facts(document, as_json=as_json)
