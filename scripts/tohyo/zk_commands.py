"""`tohyo zk`: keys and proofs on files."""

from pathlib import Path
from typing import Annotated

import typer

from chain.paths import KEYS_DIR
from scripts.tohyo import ceremony_commands
from scripts.tohyo.check_command import check
from scripts.tohyo.options import DepthOption, KeysOption, warn_of_development_keys
from scripts.tohyo.output import (
    EXIT_FAILED,
    EXIT_NO,
    OUT,
    JsonFlag,
    emit,
    emit_facts,
    progress_bar,
    show_facts,
    warn,
)
from zk.circuits import CircuitName
from zk.files import prove_to_files, read_json, verify_files
from zk.keys import CircuitKeys, ensure_keys, load_keys, warning_of_document
from zk.many_files import input_files, prove_many_to_files

app = typer.Typer(help="Make keys, look at them, prove and verify; check circuits.", no_args_is_help=True)
app.command()(check)
app.add_typer(ceremony_commands.app, name="ceremony")


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
    inputs: Annotated[
        list[Path],
        typer.Option(
            "--inputs",
            help="JSON with the statement and the witness, or a folder of such files; may be repeated.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="Folder for proof.json and public.json; of several, one folder each."),
    ],
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", min=1, help="Prove so many files at a time, one core each (default: all cores)."
        ),
    ] = None,
    keys: KeysOption = KEYS_DIR,
    as_json: JsonFlag = False,
) -> None:
    """Prove from a file of inputs; writes what snarkjs reads.

    Of several files, bad ones are named (exit 2) and the others proved; proofs that are there are kept.
    """
    circuit_keys = load_keys(circuit, depth, keys)
    warn_of_development_keys(circuit_keys.transcript_hash)
    if len(inputs) > 1 or jobs is not None or inputs[0].is_dir():
        _prove_many(circuit_keys, inputs, out, jobs, as_json=as_json)
        return
    proof_file, public_file = prove_to_files(circuit_keys, inputs[0], out)
    emit_facts({"proof": str(proof_file), "public": str(public_file)}, as_json=as_json)


@app.command()
def verify(
    verifying_key: Annotated[Path, typer.Option("--vk", help="verification_key.json")],
    proof: Annotated[Path, typer.Option("--proof", help="proof.json")],
    public: Annotated[Path, typer.Option("--public", help="public.json")],
    as_json: JsonFlag = False,
) -> None:
    """Verify a proof file (exit 1: the proof is false)."""
    valid = verify_files(verifying_key, proof, public)
    if warning := warning_of_document(read_json(verifying_key)):
        warn(warning)
    emit({"valid": valid}, as_json=as_json, text=lambda: OUT.print("valid" if valid else "[red]not valid[/]"))
    if not valid:
        raise typer.Exit(EXIT_NO)


def _show(keys: CircuitKeys, *, as_json: bool) -> None:
    warn_of_development_keys(keys.transcript_hash)
    document = keys.describe()
    emit_facts(document, as_json=as_json)


def _prove_many(keys: CircuitKeys, inputs: list[Path], out: Path, jobs: int | None, *, as_json: bool) -> None:
    with progress_bar("proofs") as report:
        outcomes = prove_many_to_files(keys, input_files(inputs), out, jobs, on_progress=report)
    refused = {str(outcome.inputs): str(outcome.error) for outcome in outcomes if outcome.error}
    kept = sum(outcome.was_there for outcome in outcomes)
    summary = {"proved": len(outcomes) - len(refused) - kept, "kept": kept, "refused": len(refused)}
    files = [
        {"inputs": str(outcome.inputs), "proof": str(outcome.proof), "public": str(outcome.public)}
        for outcome in outcomes
        if outcome.error is None
    ]
    emit(
        {**summary, "proofs": files, "refusals": refused},
        as_json=as_json,
        text=lambda: show_facts(list(summary.items())),
    )
    for path, reason in refused.items():
        warn(reason if reason.startswith(path) else f"{path}: {reason}")
    if refused:
        raise typer.Exit(EXIT_FAILED)
