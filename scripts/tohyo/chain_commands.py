"""`tohyo chain`: a local chain that keeps its state between runs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chain.node import NodeStatus, node_status, start_detached, stop_detached
from scripts.tohyo.output import EXIT_NO, OUT, JsonFlag, emit, pairs_table

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
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8545,
    state: StateOption = DEFAULT_STATE,
    as_json: JsonFlag = False,
) -> None:
    """Start a chain in the background, or say that it runs already."""
    status = start_detached(engine.value, port=port, state_dir=state)
    _show(status, as_json=as_json)


@app.command()
def status(state: StateOption = DEFAULT_STATE, as_json: JsonFlag = False) -> None:
    """Say whether the chain runs, and where (exit 1: it does not)."""
    found = node_status(state)
    _show(found, as_json=as_json)
    if not found.running:
        raise typer.Exit(EXIT_NO)


@app.command()
def down(state: StateOption = DEFAULT_STATE, as_json: JsonFlag = False) -> None:
    """Stop the chain; its state stays in the folder."""
    _show(stop_detached(state), as_json=as_json)


def _show(status: NodeStatus, *, as_json: bool) -> None:
    def text() -> None:
        if not status.running:
            OUT.print(f"not running (state: {status.state_dir})")
            return
        OUT.print(
            pairs_table(
                [
                    ("rpc", status.rpc_url),
                    ("engine", status.engine),
                    ("chain id", status.chain_id),
                    ("block", status.block_number),
                    ("process", status.pid),
                    ("state", status.state_dir),
                ]
            )
        )

    emit(status.to_json(), as_json=as_json, text=text)
