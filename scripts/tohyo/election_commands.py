"""`tohyo election`: write an election file, deploy it, follow its schedule, read its result."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from web3.constants import ADDRESS_ZERO

from chain.connection import connect
from chain.deploy import deploy_election
from chain.paths import KEYS_DIR
from chain.sender import Sender
from chain.time import travel_to
from election.cryptography import CRYPTOGRAPHY
from election.file import ElectionFile, load_election_file, parse_election_document
from election.phase import Phase
from election.scheme import TRAITS, Scheme
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.options import (
    DEFAULT_RPC,
    Connection,
    ElectionOptions,
    KeysOption,
    RpcOption,
    SenderOptions,
    address_option,
    warn_of_development_keys,
)
from scripts.tohyo.output import OUT, JsonFlag, emit, emit_facts, warn
from zk.development import development_warning
from zk.errors import TohyoError
from zk.keys import load_keys
from zk.whole_file import write_whole

app = typer.Typer(help="Make and run an election.", no_args_is_help=True)

TravelFlag = Annotated[
    bool,
    typer.Option("--time-travel", help="On a development chain, move the clock to the scheduled time first."),
]


class VotingStillOpenError(TohyoError):
    """The schedule has not reached the close of voting."""


class MissingAnswerError(TohyoError):
    """The questionnaire needs a person, and none is there to answer."""


@app.command()
def new(
    out: Annotated[Path, typer.Argument(help="Where to write the election file.", metavar="FILE")] = Path(
        "election.json"
    ),
    title: Annotated[str | None, typer.Option(help="What is voted on.")] = None,
    scheme: Annotated[Scheme, typer.Option(help="Voting scheme.")] = Scheme.CREAM,
    candidate: Annotated[list[str] | None, typer.Option(help="A candidate's name; repeat for each.")] = None,
    electorate: Annotated[int | None, typer.Option(min=1, help="Number of voters on the roll.")] = None,
    registration_opens: Annotated[
        str | None, typer.Option(help="ISO 8601 with offset, e.g. 2027-04-01T09:00+09:00.")
    ] = None,
    voting_opens: Annotated[str | None, typer.Option(help="Registration closes and voting opens.")] = None,
    voting_closes: Annotated[str | None, typer.Option(help="Voting closes and the count stands.")] = None,
    depth: Annotated[
        int | None,
        typer.Option(min=1, max=32, help="Tree depth; room for 2^depth voters. cream-classic has 16."),
    ] = None,
    denomination: Annotated[
        int,
        typer.Option(min=0, help="Deposit in wei that pays relayers' fees, in cream-classic candidates too."),
    ] = 0,
    treasury: Annotated[
        str, typer.Option(help="Account that gets back what fees leave over.")
    ] = ADDRESS_ZERO,
    as_json: JsonFlag = False,
) -> None:
    """Write an election file from options; asks for what is missing."""
    if out.exists():
        raise FileExistsError(17, "An election file is there already; choose another name", str(out))
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    voters = electorate or int(_ask("--electorate", "How many voters are on the roll?"))
    document: dict[str, Any] = {
        "format": "tohyo-election/1",
        "scheme": scheme.value,
        "title": title or _ask("--title", "What is voted on?"),
        "candidates": [{"name": name} for name in (candidate or _ask_candidates())],
        "electorate": voters,
        "depth": depth or TRAITS[scheme].depth_for((voters - 1).bit_length()),
        "denomination": denomination,
        "treasury": treasury,
        "schedule": {
            "registration_opens": registration_opens or _ask_time("--registration-opens", start),
            "voting_opens": voting_opens or _ask_time("--voting-opens", start + timedelta(days=7)),
            "voting_closes": voting_closes or _ask_time("--voting-closes", start + timedelta(days=14)),
        },
    }
    election = parse_election_document(document)
    write_whole(out, election.to_pretty_json())
    warn_of_lost_payments(election)
    emit_facts(
        {"file": str(out), "title": election.title, "hash": "0x" + election.file_hash().hex()},
        as_json=as_json,
    )


@app.command()
@grouped_options
def deploy(
    file: Annotated[Path, typer.Argument(help="The election file.", metavar="FILE")],
    registrar: Annotated[
        str | None, typer.Option(help="Account that permits deposits; the sender if not given.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where to write the record of the deployment.")] = Path(
        "deployment.json"
    ),
    keys: KeysOption = KEYS_DIR,
    rpc: RpcOption = DEFAULT_RPC,
    *,
    sender: SenderOptions,
    as_json: JsonFlag = False,
) -> None:
    """Deploy verifier, hasher and election contract; prints the contract's address."""
    election = load_election_file(file)
    warn_of_lost_payments(election)
    w3 = connect(rpc)
    account = sender.open(w3)
    official = account.address if registrar is None else address_option(registrar, "--registrar")
    circuit_keys = load_keys(CRYPTOGRAPHY[election.scheme].circuit, election.depth, keys)
    warn_of_development_keys(circuit_keys.transcript_hash)
    deployment = deploy_election(
        w3,
        account,
        election,
        circuit_keys.verifying_key,
        official,
        circuit_keys.transcript_hash,
    )
    deployment.save(out)
    emit_facts({**deployment.to_json(), "record": str(out)}, as_json=as_json)


@app.command()
@grouped_options
def status(
    *,
    which: ElectionOptions,
    as_json: JsonFlag = False,
) -> None:
    """Show phase, schedule, deposits, ballots and whose keys the election uses."""
    emit_facts(_status(which.open()), as_json=as_json)


@app.command()
@grouped_options
def advance(
    *,
    which: ElectionOptions,
    sender: SenderOptions,
    time_travel: TravelFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Record the next phase on chain once its time has come; anyone may do it."""
    election = which.open()
    if time_travel:
        _travel(election, _phase_to_announce(election))
    _announce(election, sender.open(election.w3), as_json)


@app.command()
@grouped_options
def close(
    *,
    which: ElectionOptions,
    sender: SenderOptions,
    time_travel: TravelFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Record the close of voting once its time has come."""
    election = which.open()
    if time_travel:
        _travel(election, Phase.CLOSED)
    if election.client.phase() is not Phase.CLOSED:
        raise VotingStillOpenError(
            f"Voting closes at {election.election.schedule.voting_closes.isoformat()}.",
            hint="Wait for it; on a development chain --time-travel moves the clock.",
        )
    _announce(election, sender.open(election.w3), as_json)


@app.command()
@grouped_options
def result(
    *,
    which: ElectionOptions,
    as_json: JsonFlag = False,
) -> None:
    """Show the count that the contract holds; final once voting has closed."""
    connection = which.open()
    election = connection.election
    votes = dict(zip((c.name for c in election.candidates), connection.client.tally(), strict=True))
    final = connection.client.phase() is Phase.CLOSED
    document = {"title": election.title, "final": final, "result": votes}

    def text() -> None:
        OUT.print(result_table(election, votes))
        if not final:
            OUT.print("not final: voting has not closed")

    emit(document, as_json=as_json, text=text)


def result_table(election: ElectionFile, votes: dict[str, int]) -> Table:
    """Build the table of candidates, most votes first."""
    table = Table(title=escape(election.title), title_justify="left")
    table.add_column("#", justify="right", style="dim")
    table.add_column("candidate")
    table.add_column("votes", justify="right")
    table.add_column("share", justify="right")
    total = sum(votes.values())
    ranked = sorted(enumerate(votes.items()), key=lambda row: (-row[1][1], row[0]))
    for index, (name, count) in ranked:
        table.add_row(str(index), escape(name), f"{count:,}", f"{count / total:.1%}" if total else "–")
    return table


def warn_of_lost_payments(election: ElectionFile) -> None:
    """Say it where votes are payments to accounts that nobody has a key to."""
    lost = election.candidates_without_account()
    if lost and TRAITS[election.scheme].pays_candidates:
        warn(f"nobody can take out the coins that votes pay to: {', '.join(lost)} (no address of their own)")


def _status(connection: Connection) -> dict[str, Any]:
    client, election = connection.client, connection.election
    schedule = election.schedule
    return {
        "title": election.title,
        "scheme": client.scheme.value,
        "contract": client.address,
        "phase": client.phase().name.lower(),
        "chain_time": datetime.fromtimestamp(connection.now(), UTC).isoformat(),
        "registration_opens": schedule.registration_opens.isoformat(),
        "voting_opens": schedule.voting_opens.isoformat(),
        "voting_closes": schedule.voting_closes.isoformat(),
        "registrar": client.config().registrar,
        "candidates": len(election.candidates),
        "electorate": election.electorate,
        "deposits": client.leaf_count(),
        "ballots": sum(client.tally()),
        "depth": election.depth,
        "keys": development_warning(client.transcript_hash()) or "ceremony",
    }


def _announce(election: Connection, sender: Sender, as_json: bool) -> None:
    result = election.client.advance(sender)
    emit_facts({"phase": election.client.phase().name.lower(), **asdict(result)}, as_json=as_json)


def _phase_to_announce(election: Connection) -> Phase:
    """Return the clock's phase if the chain has yet to record it, else the next."""
    current = election.client.phase()
    if current >= Phase.VOTING and election.client.announced_phase() < current:
        return current
    return Phase(min(current + 1, Phase.CLOSED))


def _travel(election: Connection, phase: Phase) -> None:
    schedule = election.election.schedule
    starts = {
        Phase.REGISTRATION: schedule.registration_opens,
        Phase.VOTING: schedule.voting_opens,
        Phase.CLOSED: schedule.voting_closes,
    }
    target = int(starts[phase].timestamp())
    if election.now() < target:
        travel_to(election.w3, target)


def _ask(option: str, question: str, suggestion: str | None = None) -> str:
    if not sys.stdin.isatty():
        raise MissingAnswerError(
            f"{option} is missing, and there is no terminal to ask on.", hint=f"Give {option}."
        )
    answer: str = typer.prompt(question, default=suggestion, err=True)
    return answer


def _ask_candidates() -> list[str]:
    names: list[str] = []
    while True:
        name = _ask("--candidate", f"Candidate {len(names)} (a single . ends the list)")
        if name == ".":
            return names
        names.append(name)


def _ask_time(option: str, suggestion: datetime) -> str:
    return _ask(option, option.removeprefix("--").replace("-", " "), suggestion.isoformat())
