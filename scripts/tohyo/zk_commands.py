"""`tohyo zk`: keys and proofs on files."""

from pathlib import Path
from typing import Annotated

import typer

from chain.paths import KEYS_DIR
from scripts.tohyo.options import DepthOption, KeysOption, warn_of_development_keys
from scripts.tohyo.output import EXIT_NO, OUT, JsonFlag, emit, emit_facts, progress_bar
from zk.circuits import CircuitName
from zk.files import prove_to_files, verify_files
from zk.keys import CircuitKeys, ensure_keys, load_keys

app = typer.Typer(help="Make keys, look at them, prove and verify.", no_args_is_help=True)


CircuitArgument = Annotated[CircuitName, typer.Argument(help="Which circuit.")]


@app.command()
def setup(
    circuit: CircuitArgument, depth: DepthOption, keys: KeysOption = KEYS_DIR, as_json: JsonFlag = False
) -> None:
    """Make development keys for a circuit, unless intact ones are there."""
    with progress_bar(f"keys for {circuit.value}") as report:
        made = ensure_keys(circuit, depth, keys, on_progress=report)
    _show(made, as_json=as_json)


@app.command()
def info(
    circuit: CircuitArgument,
    depth: DepthOption,
    keys: KeysOption = KEYS_DIR,
    as_json: JsonFlag = False,
) -> None:
    """Show constraints, key sizes, and whose keys they are."""
    _show(load_keys(circuit, depth, keys), as_json=as_json)


@app.command()
def prove(
    circuit: CircuitArgument,
    depth: DepthOption,
    inputs: Annotated[Path, typer.Option("--inputs", help="JSON with the statement and the witness.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for proof.json and public.json.")],
    keys: KeysOption = KEYS_DIR,
    as_json: JsonFlag = False,
) -> None:
    """Prove from a file of inputs; writes what snarkjs reads."""
    circuit_keys = load_keys(circuit, depth, keys)
    warn_of_development_keys(circuit_keys.transcript_hash)
    proof_file, public_file = prove_to_files(circuit_keys, inputs, out)
    document = {"proof": str(proof_file), "public": str(public_file)}
    emit_facts(document, as_json=as_json)


@app.command()
def verify(
    verifying_key: Annotated[Path, typer.Option("--vk", help="verification_key.json")],
    proof: Annotated[Path, typer.Option("--proof", help="proof.json")],
    public: Annotated[Path, typer.Option("--public", help="public.json")],
    as_json: JsonFlag = False,
) -> None:
    """Verify a proof file (exit 1: the proof is false)."""
    valid = verify_files(verifying_key, proof, public)
    emit({"valid": valid}, as_json=as_json, text=lambda: OUT.print("valid" if valid else "[red]not valid[/]"))
    if not valid:
        raise typer.Exit(EXIT_NO)


def _show(keys: CircuitKeys, *, as_json: bool) -> None:
    warn_of_development_keys(keys.transcript_hash)
    document = keys.describe()
    emit_facts(document, as_json=as_json)
