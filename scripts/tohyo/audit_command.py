"""`tohyo audit`: recount an election from the chain alone."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from audit.replay import audit_election
from audit.report import AuditReport
from chain.connection import connect
from scripts.tohyo.options import DEFAULT_RPC, RpcOption
from scripts.tohyo.output import EXIT_NO, OUT, STDOUT, print_json, progress_bar, show_facts, warn, write_json
from zk.ceremony.transcript import read_bounded


def audit(
    contract: Annotated[
        str, typer.Option("--contract", envvar="TOHYO_CONTRACT", help="Address of the election's contract.")
    ],
    rpc: RpcOption = DEFAULT_RPC,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the whole report as JSON to this file; - for standard output."),
    ] = None,
    transcript: Annotated[
        Path | None,
        typer.Option(
            "--transcript", help="Transcript of the key ceremony: check that the keys come from it."
        ),
    ] = None,
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
