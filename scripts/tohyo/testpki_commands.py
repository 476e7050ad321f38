"""`tohyo testpki`: identity cards for tests and demonstrations, their authorities, and a responder.

Nothing made here is ever trusted by a registrar in production mode, and every command says so.
"""

import csv
import signal
import threading
import time
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer

from election.roll import HEADER, load_roll
from identity.testpki.authority import Generation
from identity.testpki.card_file import DEFAULT_PASSWORD, DEFAULT_PIN, CardSecrets
from identity.testpki.create import NEXT_GENERATION_PERCENT, create_test_pki
from identity.testpki.directory import DEFAULT_URL, WARNING, TestPki
from identity.testpki.people import made_up_people
from identity.testpki.responder import ResponderServer, list_urls
from identity.testpki.special import SpecialCard, issue_special_card
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.output import JsonFlag, emit_facts, progress_bar, warn
from zk.errors import TohyoError
from zk.whole_file import write_whole

app = typer.Typer(
    help="Make test cards and their authorities: never trusted in production.", no_args_is_help=True
)

DEFAULT_PORT = int(DEFAULT_URL.rpartition(":")[2])
MAX_VOTERS = 1_000_000

DirectoryArgument = Annotated[Path, typer.Argument(help="Folder of the test PKI.", metavar="DIRECTORY")]
VoterArgument = Annotated[str, typer.Argument(help="Whose card: a voter_id of the roll.", metavar="VOTER_ID")]


class PortTakenError(TohyoError):
    """Another program listens there."""


class RollFileExistsError(TohyoError):
    """A roll is never overwritten."""


@dataclass
class SecretOptions:
    """What the owner of a card will type. Test cards only, so it may stand on the command line."""

    password: Annotated[
        str, typer.Option("--password", help="Signing password: 6 to 16 letters and digits.")
    ] = DEFAULT_PASSWORD
    pin: Annotated[str, typer.Option("--pin", help="Authentication PIN: 4 digits.")] = DEFAULT_PIN

    def to_secrets(self) -> CardSecrets:
        """Check both."""
        return CardSecrets(self.password, self.pin)


@app.command()
@grouped_options
def new(
    directory: DirectoryArgument,
    roll: Annotated[Path, typer.Option("--roll", help="Voter roll (CSV); everybody on it gets a card.")],
    next_generation: Annotated[
        int,
        typer.Option(
            "--next-generation",
            min=0,
            max=100,
            help="Percentage of cards with P-384 keys, which are made quickly; the others have RSA-2048.",
        ),
    ] = NEXT_GENERATION_PERCENT,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes at work; one a core if not given.")
    ] = None,
    url: Annotated[
        str, typer.Option("--url", help="Where the responder will be; stands in the certificates.")
    ] = DEFAULT_URL,
    *,
    secrets: SecretOptions,
    as_json: JsonFlag = False,
) -> None:
    """Make a test PKI with a card for each voter; the same request again goes on where it stopped."""
    warn(WARNING)
    chosen = secrets.to_secrets()
    people = [(entry.voter_id, entry.person) for entry in load_roll(roll).entries]
    started = time.monotonic()
    with progress_bar("cards") as report:
        pki = create_test_pki(
            directory,
            people,
            password=chosen.password,
            pin=chosen.pin,
            next_generation=next_generation,
            url=url,
            jobs=jobs,
            on_progress=report,
        )
    emit_facts(
        {
            "directory": str(directory),
            "cards": len(people),
            "roots": str(pki.roots_file),
            "responder": pki.url,
            "seconds": round(time.monotonic() - started, 1),
            "warning": WARNING,
        },
        as_json=as_json,
    )


@app.command()
def serve(
    directory: DirectoryArgument,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Port on this machine; 0 takes a free one.")
    ] = DEFAULT_PORT,
    as_json: JsonFlag = False,
) -> None:
    """Answer OCSP requests and publish revocation lists until interrupted (Ctrl-C)."""
    warn(WARNING)
    server = _server(TestPki.load(directory), port)
    stop = threading.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda *_: stop.set())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    lists = list_urls(server.url)
    emit_facts(
        {"ocsp": f"{server.url}/ocsp", "lists": lists if as_json else " ".join(lists), "warning": WARNING},
        as_json=as_json,
    )
    stop.wait()
    server.shutdown()
    server.server_close()


@app.command()
def revoke(directory: DirectoryArgument, voter_id: VoterArgument, as_json: JsonFlag = False) -> None:
    """Take back both certificates of a card; the responder says so at once."""
    revoked = TestPki.load(directory).revoke(voter_id)
    emit_facts({"voter": voter_id, "revoked_certificates": revoked}, as_json=as_json)


@app.command()
@grouped_options
def renew(
    directory: DirectoryArgument,
    voter_id: VoterArgument,
    name: Annotated[str | None, typer.Option("--name", help="The new name, after a marriage.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="The new address, after a move.")] = None,
    generation: Annotated[
        Generation | None,
        typer.Option("--generation", help="Generation of the keys; as before if not given."),
    ] = None,
    *,
    secrets: SecretOptions,
    as_json: JsonFlag = False,
) -> None:
    """Issue a new card for a voter, unlocked, with new keys; the old one is revoked and set aside."""
    pki = TestPki.load(directory)
    person = pki.person(voter_id)
    if name is not None:
        person = replace(person, name=name, name_substitutions="")
    if address is not None:
        person = replace(person, address=address, address_substitutions="")
    card = pki.renew(voter_id, person=person, generation=generation, card_secrets=secrets.to_secrets())
    emit_facts({"voter": voter_id, "card": str(card), "warning": WARNING}, as_json=as_json)


@app.command()
@grouped_options
def card(
    directory: DirectoryArgument,
    voter_id: VoterArgument,
    kind: Annotated[SpecialCard, typer.Option("--kind", help="What is special about the card.")],
    card_name: Annotated[
        str | None, typer.Option("--card", help="Name of the new card; VOTER_ID-KIND if not given.")
    ] = None,
    *,
    secrets: SecretOptions,
    as_json: JsonFlag = False,
) -> None:
    """Issue one more card to a voter: a second one, or one that a registrar must refuse."""
    pki = TestPki.load(directory)
    chosen = card_name or f"{voter_id}-{kind}"
    made = issue_special_card(pki, chosen, pki.person(voter_id), kind, secrets.to_secrets())
    emit_facts(
        {"voter": voter_id, "kind": kind.value, "card_name": chosen, "card": str(made), "warning": WARNING},
        as_json=as_json,
    )


@app.command()
def roll(
    out: Annotated[Path, typer.Argument(help="The new CSV file.", metavar="FILE")],
    voters: Annotated[int, typer.Option("--voters", min=1, max=MAX_VOTERS, help="How many people.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same people.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Write a voter roll of people who do not exist, for `tohyo testpki new --roll`."""
    if out.exists():
        raise RollFileExistsError(f"{out} is there already.", hint="Name a new file.")
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for voter_id, person in made_up_people(voters, seed):
        writer.writerow([voter_id, person.name, person.date_of_birth, person.sex.value, person.address])
    write_whole(out, text.getvalue())
    emit_facts({"roll": str(out), "voters": voters, "seed": seed}, as_json=as_json)


def _server(pki: TestPki, port: int) -> ResponderServer:
    try:
        return ResponderServer(pki, port)
    except OSError as failure:
        raise PortTakenError(
            f"Nothing can listen on port {port}: {failure.strerror}.", hint="Name another one with --port."
        ) from failure
