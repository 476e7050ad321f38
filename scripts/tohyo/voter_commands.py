"""`tohyo voter`: a voter's own tools — note, registration, deposit, vote, and the check that it arrived."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from web3.constants import ADDRESS_ZERO

from chain.paths import KEYS_DIR
from election.permit import DepositPermit
from election.receipt import Promise, Receipt, Refusal
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.options import (
    ElectionOptions,
    KeysOption,
    NoSenderError,
    SenderOptions,
    address_option,
)
from scripts.tohyo.output import ERR, EXIT_NO, OUT, JsonFlag, emit, emit_facts, harmless, warn, write_json
from voter.card import Card
from voter.note import Note
from voter.registration import Credential, RegistrationClient, card_credential
from voter.sign_in import sign_in
from voter.wallet import check_ballot, prepare_ballot
from zk.errors import TohyoError
from zk.field import parse_field_element
from zk.proving import StatementProver

app = typer.Typer(help="Register, deposit, vote, and check that the ballot is in.", no_args_is_help=True)

NoteOption = Annotated[
    Path, typer.Option("--note", help="File with your note. Whoever reads it can vote for you.")
]
ApiOption = Annotated[
    str, typer.Option("--api", envvar="TOHYO_API", help="Address of the registrar's service.")
]
ReceiptOption = Annotated[Path, typer.Option("--receipt", help="File of the registrar's signed receipt.")]


class NoCredentialError(TohyoError):
    """Nothing that proves who the voter is was named, or more than one thing."""


@dataclass
class CredentialOptions:
    """What proves who the voter is: a card, an office-issued credential, or a sign-in."""

    card: Annotated[Path | None, typer.Option("--card", help="Folder of your card.")] = None
    office_credential: Annotated[
        str | None, typer.Option("--office-credential", help="Id of a credential that the office issued.")
    ] = None
    issuer: Annotated[
        str | None, typer.Option("--sign-in", metavar="ISSUER", help="Sign in with this OpenID provider.")
    ] = None
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            help="Read the card's signing password, or the office credential's secret, from this file.",
        ),
    ] = None

    def maker(self, client: RegistrationClient) -> Callable[[str, int], Credential]:
        """Return what makes the credential for a challenge and a commitment."""
        if sum(option is not None for option in (self.card, self.office_credential, self.issuer)) != 1:
            raise NoCredentialError(
                "Name one thing that proves who you are.",
                hint="Give --card FOLDER, --office-credential ID or --sign-in ISSUER.",
            )
        if self.issuer is not None:
            return sign_in(client, self.issuer, _show_address, _ask_address)
        if self.card is not None:
            return card_credential(Card.load(self.card), self._secret("Signing password of the card"))
        secret = self._secret("Secret of the office's credential")
        presented = {"kind": "office", "id": str(self.office_credential), "secret": secret}
        return lambda _challenge, _commitment: presented

    def _secret(self, label: str) -> str:
        if self.password_file is not None:
            return self.password_file.read_text(encoding="utf-8").rstrip("\n")
        secret: str = typer.prompt(label, hide_input=True, err=True)
        return secret


@app.command()
@grouped_options
def register(
    api: ApiOption,
    note_file: NoteOption,
    receipt: ReceiptOption = Path("receipt.json"),
    *,
    credential: CredentialOptions,
    which: ElectionOptions,
    as_json: JsonFlag = False,
) -> None:
    """Register your note's commitment: prove who you are, once, and get a signed receipt.

    The note stays here; the registrar sees its commitment alone, and cannot tell your ballot from it.
    """
    election = which.open()
    kept = election.note(note_file)
    with RegistrationClient(api, election.client) as client:
        for warning in client.facts().warnings:
            warn(harmless(warning))
        registered = client.register_with(kept, credential.maker(client), receipt)
    document: dict[str, object] = {
        "receipt_file": str(receipt),
        "registration": registered.receipt.registration_id,
        "commitment": str(kept.commitment),
        "promise": registered.receipt.promise.value,
        "deposit_by": _moment(registered.receipt.deposit_by),
    }
    if registered.permit is not None:
        permit_file = receipt.with_name(f"{receipt.stem}-permit.json")
        write_json(permit_file, registered.permit.to_json())
        document["permit_file"] = str(permit_file)

    def text() -> None:
        emit_facts(document, as_json=False)
        for line in _ADVICE[registered.receipt.promise]:
            OUT.print(line)

    emit(document, as_json=as_json, text=text)


@app.command()
@grouped_options
def registration(
    api: ApiOption, receipt: ReceiptOption, *, which: ElectionOptions, as_json: JsonFlag = False
) -> None:
    """Say how far your registration has come (exit 1: the commitment is not in the tree yet)."""
    election = which.open()
    shown = Receipt.load(receipt)
    with RegistrationClient(api, election.client) as client:
        client.require_genuine(shown, shown.commitment)
        client.facts()
        standing = client.status(shown)
    document = {"registration": shown.registration_id, "commitment": str(shown.commitment)}
    emit_facts(document | standing.to_json(), as_json=as_json)
    if standing.leaf_index is None:
        raise typer.Exit(EXIT_NO)


@app.command()
@grouped_options
def contest(
    api: ApiOption,
    refusal: Annotated[Path, typer.Option("--refusal", help="File of the registrar's signed refusal.")],
    *,
    which: ElectionOptions,
    as_json: JsonFlag = False,
) -> None:
    """Tell the office that you do not accept a refusal; later, the same command shows its answer."""
    election = which.open()
    signed = Refusal.load(refusal)
    with RegistrationClient(api, election.client) as client:
        client.facts()
        outcome = client.contest(signed)
    document = {"refusal": signed.refusal_id, "reason": signed.reason, "outcome": outcome or "open"}
    emit_facts(document, as_json=as_json)


@app.command()
@grouped_options
def note(
    out: Annotated[Path, typer.Option("--out", help="Where to keep the new note.")] = Path("note.txt"),
    show: Annotated[
        Path | None, typer.Option("--show", help="Show the commitment of this note; make none.")
    ] = None,
    *,
    which: ElectionOptions,
    as_json: JsonFlag = False,
) -> None:
    """Make a note for one election and show its commitment; the note itself is never printed.

    The note is one line of text. Losing it loses the vote: nobody can make it again.
    """
    if show is not None:
        kept, path = Note.load(show), show
    else:
        election = which.open()
        client = election.client
        kept, path = Note.create(client.chain_id(), client.address, client.scheme), out
        kept.save(path)
    document = {
        "note_file": str(path),
        "chain_id": kept.chain_id,
        "contract": kept.contract,
        "scheme": kept.scheme.value,
        "commitment": str(kept.commitment),
    }

    def text() -> None:
        emit_facts(document, as_json=False)
        OUT.print("Keep this file secret and keep a copy: without it you cannot vote.")
        OUT.print("このファイルは誰にも見せず、控えを保管してください。失うと投票できません。")

    emit(document, as_json=as_json, text=text)


@app.command()
@grouped_options
def deposit(
    permit: Annotated[Path, typer.Option("--permit", help="The registrar's permit for your commitment.")],
    note_file: Annotated[
        Path | None, typer.Option("--note", help="Check first that the permit is for this note.")
    ] = None,
    *,
    which: ElectionOptions,
    sender: SenderOptions,
    as_json: JsonFlag = False,
) -> None:
    """Put a commitment into the election with the registrar's permit.

    The permit is all it takes, so anyone may send it: the registrar, say, for voters without ether.
    """
    election = which.open()
    permission = DepositPermit.load(permit)
    if note_file is not None:
        kept = election.note(note_file)
        permission.require_commitment(kept.commitment)
    result = election.client.deposit_with_permit(permission, sender.open(election.w3))
    emit_facts({"commitment": str(permission.commitment), **asdict(result)}, as_json=as_json)


@app.command()
@grouped_options
def vote(
    note_file: NoteOption,
    choice: Annotated[str, typer.Option("--choice", help="Number of the candidate, or the exact name.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the ballot to this file for a relayer instead of sending it."),
    ] = None,
    relayer: Annotated[
        str, typer.Option("--relayer", help="Account that may collect the fee.")
    ] = ADDRESS_ZERO,
    fee: Annotated[int, typer.Option("--fee", min=0, help="Fee for the relayer, in wei.")] = 0,
    keys: KeysOption = KEYS_DIR,
    *,
    which: ElectionOptions,
    sender: SenderOptions,
    as_json: JsonFlag = False,
) -> None:
    """Prove that you may vote, without saying who you are, and cast the ballot or write it for a relayer.

    Sending from an account that others connect with you gives you away: prefer --out and a relayer.
    """
    if out is None and not sender.is_given:
        raise NoSenderError(
            "Nobody was named to send the ballot.",
            hint="--out FILE hands it to a relayer; --from, --keystore or --dev-account sends it yourself.",
        )
    election = which.open()
    kept = election.note(note_file)
    payee = address_option(relayer, "--relayer")
    prover = StatementProver(election.load_keys(keys))
    index = election.election.choice_of(choice)
    ballot = prepare_ballot(kept, election.client, prover, index, payee, fee)
    document = {
        "nullifier_hash": str(ballot.nullifier_hash),
        "choice": election.election.candidates[index].name,
    }
    if out is not None:
        write_json(out, ballot.to_json())
        document["ballot_file"] = str(out)
    else:
        document |= asdict(election.client.cast_vote(ballot, sender.open(election.w3)))
    emit_facts(document, as_json=as_json)


@app.command()
@grouped_options
def check(
    nullifier_hash: Annotated[
        str | None,
        typer.Option(
            "--nullifier-hash", help="The ballot's nullifier hash, as `tohyo voter vote` showed it."
        ),
    ] = None,
    note_file: Annotated[
        Path | None,
        typer.Option("--note", help="Compute the nullifier hash from this note, on this machine."),
    ] = None,
    *,
    which: ElectionOptions,
    as_json: JsonFlag = False,
) -> None:
    """Say whether a ballot is in (exit 1: it is not). The note never leaves this machine.

    All ballots are downloaded and searched here, so that the node does not learn which one you look for.
    """
    if (nullifier_hash is None) == (note_file is None):
        raise typer.BadParameter("Give either --nullifier-hash or --note.")
    election = which.open()
    if note_file is not None:
        kept = election.note(note_file)
        wanted = kept.nullifier_hash(election.client.config().election_id)
    else:
        wanted = parse_field_element(nullifier_hash or "", "nullifier hash")
    status = check_ballot(election.client, wanted)
    document = status.to_json()
    if status.choice is not None:
        document["candidate"] = election.election.candidates[status.choice].name
    emit_facts(document, as_json=as_json)
    if not status.counted:
        raise typer.Exit(EXIT_NO)


_ADVICE = {
    Promise.DEPOSIT: (
        "Keep the receipt. The registrar deposits your commitment; `tohyo voter registration` shows when.",
        "受領証を保管してください。コミットメントは登録機関が預け入れます。",
    ),
    Promise.PERMIT: (
        "Keep the receipt. Deposit your commitment with the permit: `tohyo voter deposit --permit FILE`.",
        "受領証を保管し、許可証を使って期限までに預け入れてください。",
    ),
    Promise.REVIEW: (
        "Keep the receipt. Two officers decide whose registration it is; ask again with the same command.",
        "受領証を保管してください。選挙管理委員会の職員二名が確認します。",
    ),
}


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else ""


def _show_address(url: str) -> None:
    ERR.print("Open this address in your browser and sign in / ブラウザーで開いてサインインしてください:")
    ERR.print(f"  {url}", markup=False, highlight=False, soft_wrap=True)


def _ask_address() -> str:
    address: str = typer.prompt("Address that your browser ended at", err=True)
    return address
