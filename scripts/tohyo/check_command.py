"""`tohyo zk check`: look for holes in a circuit."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from scripts.tohyo.output import EXIT_NO, OUT, JsonFlag, emit, progress_bar, show_facts
from zk.check.foreign import read_foreign
from zk.check.report import CheckReport, check_circuit
from zk.check.samples import sample_inputs
from zk.circuits import CircuitName, compile_named
from zk.errors import TohyoError
from zk.formats.wtns_file import read_wtns

FULL_DEPTH = {CircuitName.VOTE: 20, CircuitName.WITHDRAW: 16}


class UnknownCircuitError(TohyoError):
    """Neither a circuit's name nor a file of constraints."""


def check(
    circuit: Annotated[str, typer.Argument(help="Which circuit: vote, withdraw, or an .r1cs file.")],
    depth: Annotated[
        int | None,
        typer.Option("--depth", min=1, max=32, help="Depth of the tree; 20 for vote, 16 for withdraw."),
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", min=0, help="Change wires of so many random true witnesses.")
    ] = 3,
    wtns: Annotated[
        list[Path] | None, typer.Option("--wtns", help="Change wires of this true witness of an .r1cs file.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Look for holes in a circuit (exit 1: there is something to look at).

    Shows that the inputs determine every wire, changes wires of true witnesses alone and in pairs, and looks
    for inputs and constraints that say nothing.
    """
    with progress_bar(f"checking {Path(circuit).name}") as bar:

        def progress(_what: str, done: int, total: int) -> None:
            bar(done, total)

        if circuit in list(CircuitName):
            name = CircuitName(circuit)
            compiled = compile_named(name, depth or FULL_DEPTH[name])
            inputs = [sample_inputs(name, depth or FULL_DEPTH[name]) for _ in range(samples)]
            report = check_circuit(compiled, [compiled.witness(named) for named in inputs], progress)
        else:
            foreign = read_foreign(_r1cs_path(circuit))
            report = check_circuit(foreign, [read_wtns(path) for path in wtns or ()], progress)
    emit(report.describe(), as_json=as_json, text=lambda: show_check(report))
    if report.holes:
        raise typer.Exit(EXIT_NO)


def show_check(report: CheckReport) -> None:
    """Print what was shown, which exceptions were taken on trust, and every hole."""
    show_facts(
        [
            ("circuit", report.circuit),
            ("constraints", report.n_constraints),
            ("wires", report.n_wires),
            *((f"unique: {rule}", count) for rule, count in report.unique_by_rule.items()),
            ("witnesses changed", report.n_witnesses),
        ]
    )
    for exception in report.describe()["exceptions"]:
        told = "{kind}, {times} times: {reason} ({source})".format_map(exception)
        OUT.print(f"[yellow]explained[/] {escape(told)}", highlight=False, soft_wrap=True)
    for hole in report.holes:
        told = f"{hole.kind.value}: {hole.subject}: {hole.explanation} ({hole.source})"
        OUT.print(f"[red]✗[/] {escape(told)}", highlight=False, soft_wrap=True)
    OUT.print("[red]holes: look at each[/]" if report.holes else "[green]no holes found[/]")


def _r1cs_path(text: str) -> Path:
    path = Path(text)
    if path.suffix == ".r1cs":
        return path
    raise UnknownCircuitError(
        f"There is no circuit {text[:80]}.",
        hint=f"Name {', '.join(CircuitName)}, or a file that ends in .r1cs.",
    )
