"""`tohyo audit`: recount an election from the chain alone. With a subcommand it checks something else."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from audit.replay import audit_election
from audit.report import AuditReport
from chain.connection import connect
from scripts.tohyo import eligibility_command
from scripts.tohyo.options import DEFAULT_RPC, RpcOption
from scripts.tohyo.output import EXIT_NO, OUT, STDOUT, print_json, progress_bar, show_facts, warn, write_json
from zk.ceremony.transcript import read_bounded

ContractOption = Annotated[
    str | None,
    typer.Option(
        "--contract",
        envvar="TOHYO_CONTRACT",
        help="Address of the election's contract.",
        show_default="required",
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--json", help="Write the whole report as JSON to this file; - for standard output."),
]
TranscriptOption = Annotated[
    Path | None,
    typer.Option("--transcript", help="Transcript of the key ceremony: check that the keys come from it."),
]


def audit(
    contract: str, rpc: str = DEFAULT_RPC, json_file: Path | None = None, transcript: Path | None = None
) -> None:
    """Replay an election from its events and check everything it claims.

    Uses only the chain, and the transcript if one is given: rebuilds the tree of commitments, checks every
    root, verifies every proof, checks nullifiers, windows, fees, the code of the contracts and the count.
    Exit code 0: consistent. 1: inconsistent (says what and where). 2: could not check.
    """
    ceremony = None if transcript is None else read_bounded(transcript)
    w3 = connect(rpc)
    with progress_bar("auditing") as report_progress:
        report = audit_election(w3, contract, on_progress=report_progress, transcript=ceremony)
    to_stdout = json_file == STDOUT
    if to_stdout:
        print_json(report.to_json())
    else:
        show_audit(report)
    if json_file is not None and not to_stdout:
        write_json(json_file, report.to_json())
    if report.verdict != "consistent":
        raise typer.Exit(EXIT_NO)


app = typer.Typer(help=audit.__doc__, invoke_without_command=True)


@app.callback()
def audit_unless_subcommand(
    context: typer.Context,
    contract: ContractOption = None,
    rpc: RpcOption = DEFAULT_RPC,
    json_file: ReportOption = None,
    transcript: TranscriptOption = None,
) -> None:
    """Audit, unless a subcommand follows; its options stand after its name."""
    if context.invoked_subcommand is None:
        if contract is None:
            context.fail("Missing option '--contract'.")
        audit(contract, rpc, json_file, transcript)
    elif misplaced := _given_on_the_command_line(context):
        context.fail(f"Give {misplaced} after “{context.invoked_subcommand}”.")


def _given_on_the_command_line(context: typer.Context) -> str:
    """Name the first option that stands before the subcommand, where it would mean nothing."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            return parameter.opts[0]
    return ""


app.command("eligibility")(eligibility_command.eligibility)
app.command("key")(eligibility_command.key)


def show_audit(report: AuditReport) -> None:
    """Print verdict, checks and findings for people."""
    facts = [(check.name, check.summary) for check in report.checks]
    show_facts([*facts, ("deposited", f"{report.deposits:,}"), ("on the roll", _roll_size(report))])
    for warning in report.warnings:
        warn(warning)
    for finding in report.findings:
        told = escape(f"{finding.check}: {finding.message} ({finding.where})")
        OUT.print(f"[red]✗[/] {told}", highlight=False, soft_wrap=True)
    colour = "green" if report.verdict == "consistent" else "red"
    OUT.print(f"verdict: [bold {colour}]{report.verdict}[/]")


def _roll_size(report: AuditReport) -> str:
    log = report.registrar_log
    told = "not anchored" if log is None else f"{log.roll_size:,} (anchored with {log.entries:,} log entries)"
    return f"{told}, at most {report.electorate:,} in the election file"
