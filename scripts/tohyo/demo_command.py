"""`tohyo demo`: a whole election on a local chain, from voter roll to audited result."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from api.app import TEST_CARDS_WARNING
from chain.node import stop_detached
from chain.paths import EXAMPLE, KEYS_DIR
from election.file import load_election_file
from election.roll import load_roll
from election.scheme import Scheme
from scripts.tohyo.audit_command import show_audit
from scripts.tohyo.demo.plan import make_plan
from scripts.tohyo.demo.report import render_page, report_document
from scripts.tohyo.demo.state import DemoState, locked, resume_state, start_state
from scripts.tohyo.demo.steps import STEPS, DemoRun
from scripts.tohyo.election_commands import result_table
from scripts.tohyo.eligibility_command import show_eligibility
from scripts.tohyo.options import KeysOption
from scripts.tohyo.output import (
    ERR,
    EXIT_INTERRUPTED,
    EXIT_NO,
    OUT,
    STDOUT,
    print_json,
    progress_bar,
    show_facts,
    warn,
    write_json,
)
from zk.whole_file import write_whole

DIRECTORY = Path(".tohyo/demo")

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    voters: Annotated[
        int | None, typer.Option(min=1, help="Number of voters; all on the roll if not given.")
    ] = None,
    candidates: Annotated[int | None, typer.Option(min=1, max=255, help="Number of candidates.")] = None,
    election: Annotated[
        Path | None, typer.Option(help="Election file; the Tsukuba example if not given.")
    ] = None,
    roll: Annotated[
        Path | None,
        typer.Option(
            help="Voter roll (CSV: voter_id,name,date_of_birth,sex,address); without one, people are made up."
        ),
    ] = None,
    scheme: Annotated[
        Scheme | None, typer.Option(help="Voting scheme; the election file's if not given.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=1, max=32, help="Tree depth; the election file's if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides the voters' choices (never their notes).")] = 2018,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the report as JSON to this file, too; - for standard output."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the demonstration that was interrupted.")
    ] = False,
    keep_chain: Annotated[bool, typer.Option(help="Leave the chain running afterwards.")] = True,
    directory: Annotated[Path, typer.Option("--dir", help="Folder of the demonstration.")] = DIRECTORY,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the chain; 0 takes a free one.")] = 0,
    keys: KeysOption = KEYS_DIR,
) -> None:
    """Run an election on a local chain: registration with test cards, anonymous votes, count, audit.

    A registrar's service of its own checks cards and roll and deposits for everybody; proofs are real.

    The default is modelled on the online vote of Tsukuba city in 2018: 13 proposals, 119 voters.
    """
    with locked(directory):
        if resume:
            state = resume_state(directory)
        else:
            people = load_roll(roll or EXAMPLE / "roll.csv") if roll or election is None else None
            base = load_election_file(election or EXAMPLE / "election.json")
            plan = make_plan(
                base, people, voters=voters, candidates=candidates, scheme=scheme, depth=depth, seed=seed
            )
            state = start_state(directory, plan, people)
        _run(DemoRun(state, keys, port), json_file, keep_chain=keep_chain)


def _run(run: DemoRun, json_file: Path | None, *, keep_chain: bool) -> None:
    directory, chain = run.state.directory, run.state.chain_directory
    _introduce(run.state)
    try:
        run_steps(run)
    except KeyboardInterrupt as interruption:
        ERR.print("\ninterrupted; nothing is lost. Go on with:", highlight=False)
        _suggest(ERR, "demo --resume" + ("" if directory == DIRECTORY else f" --dir {directory}"))
        raise typer.Exit(EXIT_INTERRUPTED) from interruption
    finally:
        run.close()
    document = report_document(run)
    written = _write_report(directory, document, json_file)
    if json_file == STDOUT:
        print_json(document)
    else:
        _show(run, document, written)
    if not keep_chain:
        stop_detached(chain)
    elif json_file != STDOUT:
        OUT.print("\nrecount it yourself, then stop the chain:")
        _suggest(OUT, f"audit --rpc {document['rpc']} --contract {document['contract']}")
        _suggest(OUT, f"chain down --state {chain}")
    verdicts = {document[name]["verdict"] for name in ("audit", "eligibility")}
    if verdicts != {"consistent"} or not document["as_cast"]:
        raise typer.Exit(EXIT_NO)


def run_steps(run: DemoRun) -> None:
    """Run every step with a bar, adding its time to what earlier tries took."""
    for number, (name, step) in enumerate(STEPS, 1):
        started = time.perf_counter()
        with progress_bar(f"{number}/{len(STEPS)} {name}") as report:
            try:
                step(run, report)
            finally:
                spent = time.perf_counter() - started
                run.state.seconds[name] = run.state.seconds.get(name, 0.0) + spent
                run.state.save()


def _introduce(state: DemoState) -> None:
    election = state.plan.election
    ERR.print(f"[bold]{escape(election.title)}[/]", highlight=False)
    size = f"{len(state.plan.voters):,} voters, {len(election.candidates)} candidates"
    ERR.print(f"{size}, scheme {election.scheme}, tree depth {election.depth}", highlight=False)
    warn(TEST_CARDS_WARNING)


def _write_report(directory: Path, document: dict[str, object], json_file: Path | None) -> list[Path]:
    page, data = directory / "report.html", directory / "report.json"
    write_whole(page, render_page(document))
    targets = [data] if json_file in (None, STDOUT) else [data, json_file]
    for target in targets:
        write_json(target, document)
    return [page, *targets]


def _show(run: DemoRun, document: dict[str, object], written: list[Path]) -> None:
    names = [candidate.name for candidate in run.state.plan.election.candidates]
    OUT.print(result_table(run.state.plan.election, dict(zip(names, run.tally, strict=True))))
    assert run.report is not None  # noqa: S101  the audit step came before
    OUT.print("\n[bold]audit[/], from the chain alone")
    show_audit(run.report)
    assert run.eligibility is not None  # noqa: S101  so did the one after it
    OUT.print("\n[bold]voters[/], from the registrar's evidence")
    show_eligibility(run.eligibility)
    OUT.print("\n[bold]gas[/]")
    gas = [
        (name, f"{use.mean:,.0f} mean, {use.min:,}–{use.max:,}, {use.count:,} ×")
        for name, use in run.gas.items()
    ]
    show_facts([*gas, ("per voter", f"{document['gas_per_voter']:,}")])
    OUT.print("\n[bold]seconds[/]")
    show_facts([(name, f"{seconds:.1f}") for name, seconds in run.state.seconds.items()])
    OUT.print("\n[bold]report[/]")
    for path in written:
        OUT.print(f"  {escape(str(path))}", highlight=False, soft_wrap=True)


def _suggest(console: Console, arguments: str) -> None:
    program = sys.argv[0] if Path(sys.argv[0]).name == "tohyo" else "tohyo"
    console.print(f"  {escape(f'{program} {arguments}')}", highlight=False, soft_wrap=True)
