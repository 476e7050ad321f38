"""`tohyo audit eligibility`: every deposit is one eligible person's. `tohyo audit key`: the auditor's key."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from audit.credentials import load_officers, rechecks
from audit.eligibility import EligibilityReport, audit_eligibility
from identity.credential import Mode
from identity.evidence import create_identity, load_identity, read_evidence
from identity.jpki.trust import TrustStore
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.options import ElectionOptions
from scripts.tohyo.output import (
    EXIT_NO,
    OUT,
    JsonFlag,
    emit,
    emit_facts,
    progress_bar,
    show_facts,
    warn,
)


@grouped_options
def eligibility(
    evidence: Annotated[
        Path, typer.Option("--evidence", help="The archive of the evidence that the registrar handed over.")
    ],
    key: Annotated[Path, typer.Option("--key", help="Your age identity file, which opens the archive.")],
    which: ElectionOptions,
    roots: Annotated[
        list[Path] | None,
        typer.Option(
            "--roots", help="Certificates of the card authorities you trust, or a folder of them. Repeat."
        ),
    ] = None,
    mode: Annotated[
        Mode,
        typer.Option("--mode", help="Which authorities may be trusted: of real cards, or of test cards."),
    ] = Mode.PRODUCTION,
    officers: Annotated[
        Path | None,
        typer.Option("--officers", help="JSON file of the officers' public keys: an object, id to key."),
    ] = None,
    sign_in_key: Annotated[
        list[str] | None,
        typer.Option("--sign-in-key", help="Thumbprint of a sign-in service's key that you trust. Repeat."),
    ] = None,
    block: Annotated[
        int | None, typer.Option("--block", min=0, help="Check the chain as of this block, not the newest.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check that every deposit belongs to one eligible person, with the registrar's evidence.

    Verifies every card signature, receipt and decision of officers again, matches everybody with the roll,
    and holds the registrar's log against the heads on chain. Prints pseudonyms only.
    Exit code 0: consistent. 1: inconsistent (says what and where). 2: could not check.
    """
    known = None if officers is None else load_officers(officers)
    trust = TrustStore.load(roots, mode) if roots else None
    archive = read_evidence(evidence, load_identity(key))
    connection = which.open()
    checks = rechecks(trust, archive.officers if known is None else known, sign_in_key or ())
    with progress_bar("checking evidence") as report_progress:
        report = audit_eligibility(
            connection.w3,
            connection.client.address,
            archive,
            checks,
            report_progress,
            officers=known,
            to_block=block,
        )
    emit(report.to_json(), as_json=as_json, text=lambda: show_eligibility(report))
    if report.verdict != "consistent":
        raise typer.Exit(EXIT_NO)


def key(
    file: Annotated[Path, typer.Argument(help="Where to write the key; never overwritten.", metavar="FILE")],
    as_json: JsonFlag = False,
) -> None:
    """Make an auditor's key; its public half goes to the registrar, who seals the evidence with it."""
    emit_facts({"public_key": create_identity(file), "file": str(file)}, as_json=as_json)


def show_eligibility(report: EligibilityReport) -> None:
    """Print checks, findings and verdict for people."""
    facts: list[tuple[str, object]] = [(check.name, check.summary) for check in report.checks]
    counted = {"leaves": report.leaves, "on the roll": report.on_roll, "decided by officers": report.reviewed}
    show_facts([*facts, *((name, f"{count:,}") for name, count in counted.items())])
    for warning in report.warnings:
        warn(warning)
    for finding in report.findings:
        told = escape(f"{finding.check}: {finding.message} ({finding.where})")
        OUT.print(f"[red]✗[/] {told}", highlight=False, soft_wrap=True)
    colour = "green" if report.verdict == "consistent" else "red"
    OUT.print(f"verdict: [bold {colour}]{report.verdict}[/]")
