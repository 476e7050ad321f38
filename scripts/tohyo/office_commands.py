"""`tohyo office`: what officers do through the registrar's service, signed with their own keys.

Names, dates and the office's numbers are asked for or read from a file, never taken as options: other users
of a machine see those.
"""

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from api.database.tables import VotingStatus
from api.office.evidence import Export
from chain.connection import connect
from chain.elections import open_election
from identity.credential import Mode
from identity.office import (
    CredentialReason,
    approval_document,
    issue_document,
    resolution_document,
    review_document,
)
from identity.officer import OfficerKey
from scripts.tohyo.office_client import OfficeClient
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.output import (
    EXIT_NO,
    OUT,
    JsonFlag,
    emit,
    emit_facts,
    print_json,
    progress_bar,
    show_facts,
)
from scripts.tohyo.registry_options import OfficerOptions, RegistryOptions
from zk.errors import TohyoError

app = typer.Typer(help="Work at the election office, with an officer's own key.", no_args_is_help=True)
key_app = typer.Typer(help="Make and show an officer's key.", no_args_is_help=True)
credential_app = typer.Typer(help="Credentials for people without a card.", no_args_is_help=True)
app.add_typer(key_app, name="key")
app.add_typer(credential_app, name="credential")

_SECONDS_PER_DAY = 86_400
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="Read the key's password from this file.")
]
RegistrationArgument = Annotated[str, typer.Argument(metavar="REGISTRATION", help="The registration's id.")]
CredentialArgument = Annotated[str, typer.Argument(metavar="ID", help="The credential's id.")]


class OfficeInputError(TohyoError):
    """What should be sent to the service is missing or contradictory."""


@dataclass
class ServiceOptions:
    """Which service, and who asks."""

    api: Annotated[str, typer.Option("--api", envvar="TOHYO_API", help="Address of the service.")]
    officer: Annotated[str, typer.Option("--officer", envvar="TOHYO_OFFICER", help="Your officer's id.")]
    officer_key: Annotated[
        Path, typer.Option("--officer-key", envvar="TOHYO_OFFICER_KEY", help="Your private key (PEM).")
    ]
    officer_password_file: Annotated[
        Path | None, typer.Option("--officer-password-file", help="Read the key's password from this file.")
    ] = None
    contract: Annotated[
        str | None, typer.Option("--contract", help="The election's contract; the service must be for it.")
    ] = None
    ca: Annotated[
        Path | None, typer.Option("--ca", help="Authority of the service's TLS certificate (PEM).")
    ] = None

    @contextmanager
    def open(self) -> Iterator[OfficeClient]:
        """Open the key and a connection."""
        key = _open_key(self.officer_key, self.officer_password_file)
        trust: Any = True if self.ca is None else _trust(self.ca)
        with httpx.Client(base_url=self.api, verify=trust, timeout=30.0) as http:
            yield OfficeClient(http, self.officer, key, self.contract)


@key_app.command("new")
def new_key(
    file: Annotated[Path, typer.Argument(help="Where to write the private key.")],
    password_file: PasswordFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a key on the officer's own machine; the public half goes into the service's settings."""
    key = OfficerKey.create()
    key.save(file, _password(password_file))
    emit_facts({"key": str(file), "public_key": key.public_key_hex}, as_json=as_json)


@key_app.command("show")
def show_key(
    file: Annotated[Path, typer.Argument(help="The private key.")],
    password_file: PasswordFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Show a key's public half."""
    key = _open_key(file, password_file)
    emit_facts({"public_key": key.public_key_hex}, as_json=as_json)


@app.command()
@grouped_options
def token(
    method: Annotated[str, typer.Argument(help="GET or POST.")],
    target: Annotated[str, typer.Argument(help="Path with query, as it will be sent.")],
    body: Annotated[Path | None, typer.Option("--body", help="The file that will be sent.")] = None,
    *,
    service: ServiceOptions,
) -> None:
    """Print a token for one request, to be sent with another program within a minute."""
    with service.open() as client:
        content = b"" if body is None else body.read_bytes()
        OUT.print(client.token(method.upper(), target, content), soft_wrap=True, highlight=False)


@app.command()
@grouped_options
def search(
    file: Annotated[
        Path | None,
        typer.Option("--file", help="JSON with voter_id, or with name and date_of_birth; asked for without."),
    ] = None,
    by_name: Annotated[bool, typer.Option("--by-name", help="Ask for name and date of birth.")] = False,
    *,
    service: ServiceOptions,
    as_json: JsonFlag = False,
) -> None:
    """Has this person registered? May they vote here? Exit code 1 if nobody was found."""
    wanted = _read_json(file) if file is not None else _asked(by_name=by_name)
    with service.open() as client:
        found = client.post("/v1/office/voters/search", wanted)
    emit(found, as_json=as_json, text=lambda: _show_all(found["items"], "Nobody was found."))
    if not found["items"]:
        raise typer.Exit(EXIT_NO)


@app.command()
@grouped_options
def transition(
    pseudonym: Annotated[str, typer.Argument(help="The person's pseudonym, from a search.")],
    before: Annotated[VotingStatus, typer.Option("--from", help="The status that the search showed.")],
    to: Annotated[VotingStatus, typer.Option("--to", help="What it becomes.")],
    reason: Annotated[str, typer.Option("--reason", help="For the log; no names.")] = "",
    *,
    service: ServiceOptions,
    as_json: JsonFlag = False,
) -> None:
    """Record that a ballot was handed out, returned or cast."""
    body = {"from": before.value, "to": to.value, "reason": reason}
    with service.open() as client:
        done = client.post(f"/v1/office/voters/{_part(pseudonym)}/transitions", body)
    emit_facts(done, as_json=as_json)


@app.command()
@grouped_options
def reviews(
    registration: Annotated[str | None, typer.Argument(help="Show this one, with the person.")] = None,
    *,
    service: ServiceOptions,
    as_json: JsonFlag = False,
) -> None:
    """List the registrations whose person must be found, or show one. One prints personal data."""
    with service.open() as client:
        if registration is not None:
            print_json(client.get(f"/v1/office/reviews/{_part(registration)}"))
            return
        items = _all_pages(client, "/v1/office/reviews")
    emit({"items": items}, as_json=as_json, text=lambda: _show_all(items, "No review is open."))


@app.command()
@grouped_options
def decide(
    registration: RegistrationArgument,
    accept: Annotated[
        str | None, typer.Option("--accept", metavar="PSEUDONYM", help="It is this person's registration.")
    ] = None,
    refuse: Annotated[bool, typer.Option("--refuse", help="It is the registration of nobody here.")] = False,
    *,
    service: ServiceOptions,
    as_json: JsonFlag = False,
) -> None:
    """Sign a decision about a review; when two officers have signed the same one it is carried out."""
    if refuse == (accept is not None):
        raise OfficeInputError("Say what you decide.", hint="Give --accept PSEUDONYM, or --refuse.")
    decision = "refuse" if refuse else "accept"
    with service.open() as client:
        shown = client.get(f"/v1/office/reviews/{_part(registration)}")
        document = review_document(
            client.signing(),
            registration_id=registration,
            commitment=str(shown["commitment"]),
            decision=decision,
            roll_entry=accept,
        )
        body = {"decision": decision, "roll_entry": accept, **client.signed(document)}
        done = client.post(f"/v1/office/reviews/{_part(registration)}/decisions", body)
    decided = ", ".join(f"{one['officer']}: {one['decision']}" for one in done["decisions"])
    emit_facts({**done, "decisions": decided}, as_json=as_json)


@app.command()
@grouped_options
def refusals(*, service: ServiceOptions, as_json: JsonFlag = False) -> None:
    """List refusals, contested ones first. Prints personal data for reviewers."""
    with service.open() as client:
        items = _all_pages(client, "/v1/office/refusals")
    emit({"items": items}, as_json=as_json, text=lambda: _show_all(items, "Nobody was refused."))


@app.command()
@grouped_options
def resolve(
    refusal: Annotated[str, typer.Argument(help="The refusal's id.")],
    upheld: Annotated[
        bool, typer.Option("--upheld/--withdrawn", help="Whether the refusal was right, or was not.")
    ],
    *,
    service: ServiceOptions,
    as_json: JsonFlag = False,
) -> None:
    """Answer a contested refusal with your signature."""
    outcome = "upheld" if upheld else "withdrawn"
    with service.open() as client:
        document = resolution_document(client.signing(), refusal_id=refusal, outcome=outcome)
        body = {"outcome": outcome, **client.signed(document)}
        done = client.post(f"/v1/office/refusals/{_part(refusal)}/resolutions", body)
    emit_facts(done, as_json=as_json)


@app.command("log")
@grouped_options
def show_log(
    after: Annotated[int, typer.Option("--after", min=0, help="Show the entries after this number.")] = 0,
    *,
    service: ServiceOptions,
) -> None:
    """Print the log as the service tells it, one JSON entry a line, then its head."""
    with service.open() as client:
        while True:
            page = client.get(f"/v1/office/log?after={after}")
            for entry in page["entries"]:
                _print_line(entry)
            if not page["entries"] or page["entries"][-1]["sequence"] >= page["head"]["sequence"]:
                break
            after = page["entries"][-1]["sequence"]
    _print_line({"head": page["head"]})


@credential_app.command("list")
@grouped_options
def list_credentials(*, service: ServiceOptions, as_json: JsonFlag = False) -> None:
    """List the credentials that wait for a second officer."""
    with service.open() as client:
        found = client.get("/v1/office/credentials")
    emit(found, as_json=as_json, text=lambda: _show_all(found["items"], "No credential waits."))


@credential_app.command("show")
@grouped_options
def show_credential(credential: CredentialArgument, *, service: ServiceOptions) -> None:
    """Show one credential and whose it is, for the second officer to check. Prints personal data."""
    with service.open() as client:
        print_json(client.get(f"/v1/office/credentials/{_part(credential)}"))


@credential_app.command("issue")
@grouped_options
def issue_credential(
    pseudonym: Annotated[str, typer.Argument(help="The person's pseudonym, from a search.")],
    reason: Annotated[CredentialReason, typer.Option("--reason", help="Why there is no card.")],
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="Days until it expires.")] = 14,
    *,
    service: ServiceOptions,
    as_json: JsonFlag = False,
) -> None:
    """State that a person needs a credential; a second officer approves it."""
    with service.open() as client:
        signing = client.signing()
        stated: dict[str, Any] = {
            "credential_id": secrets.token_hex(16),
            "roll_entry": pseudonym,
            "expires_at": signing.at + days * _SECONDS_PER_DAY,
            "reason": reason.value,
        }
        done = client.post(
            "/v1/office/credentials", stated | client.signed(issue_document(signing, **stated))
        )
    emit_facts(done, as_json=as_json)


@credential_app.command("approve")
@grouped_options
def approve_credential(
    credential: CredentialArgument,
    out: Annotated[Path, typer.Option("--out", help="Where to write id and secret, for the person alone.")],
    *,
    service: ServiceOptions,
    as_json: JsonFlag = False,
) -> None:
    """Approve as the second officer. The service says the secret once; it goes into a new private file."""
    with service.open() as client, _new_private_file(out) as write:
        shown = client.get(f"/v1/office/credentials/{_part(credential)}")
        document = approval_document(
            client.signing(),
            credential_id=credential,
            roll_entry=shown["roll_entry"],
            expires_at=shown["expires_at"],
            reason=shown["reason"],
            issued_by=shown["issued_by"],
        )
        done = client.post(f"/v1/office/credentials/{_part(credential)}/approvals", client.signed(document))
        write(json.dumps({"kind": "office", "id": done["id"], "secret": done["secret"]}) + "\n")
    emit_facts({"credential": credential, "written": str(out), "approved": True}, as_json=as_json)


@grouped_options
def evidence(
    out: Annotated[Path, typer.Option("--out", help="The new archive.")],
    recipient: Annotated[
        list[str], typer.Option("--recipient", help="An auditor's public key (age1…); may be repeated.")
    ],
    *,
    where: RegistryOptions,
    who: OfficerOptions,
    as_json: JsonFlag = False,
) -> None:
    """Write the evidence of all registrations, encrypted for auditors; the order is signed and logged."""
    settings = where.settings
    if not settings.contract:
        raise OfficeInputError("The settings name no contract.", hint="Use the service's --config.")
    client = open_election(connect(settings.rpc), settings.contract)
    chain_id, signer = client.chain_id(), who.signer(settings)
    with where.open() as database, progress_bar("writing evidence") as report:
        database.bind(chain_id, client.address, Mode(settings.mode))
        election_id = client.config().election_id
        export = Export(database, where.vault(), settings.officers, chain_id, client.address, election_id)
        header = export.write(out, recipient, signer, int(time.time()), report)
    emit_facts(
        {"archive": str(out), "recipients": len(recipient), "records": dict(header.counts)}, as_json=as_json
    )


def _open_key(file: Path, password_file: Path | None) -> OfficerKey:
    """Open a key; ask for the password if there is one and no file has it."""
    password = _password(password_file)
    if password is None and b"ENCRYPTED" in file.read_bytes():
        password = typer.prompt(f"Password of {file.name}", hide_input=True, err=True)
    return OfficerKey.load(file, password)


def _password(file: Path | None) -> str | None:
    return None if file is None else file.read_text(encoding="utf-8").rstrip("\n")


def _trust(ca: Path) -> Any:  # noqa: ANN401  httpx takes an SSLContext
    import ssl  # noqa: PLC0415

    return ssl.create_default_context(cafile=str(ca))


def _asked(*, by_name: bool) -> dict[str, str]:
    if not by_name:
        return {"voter_id": typer.prompt("voter_id", err=True)}
    return {
        "name": typer.prompt("name", err=True),
        "date_of_birth": typer.prompt("date of birth (1990-01-31)", err=True),
    }


def _read_json(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise OfficeInputError(f"{file} holds no JSON object.", hint='Write {"voter_id": "…"} into it.')
    return document


def _part(text: str) -> str:
    """Return an id as one part of an address."""
    return quote(text, safe="")


def _all_pages(client: OfficeClient, target: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = client.get(f"{target}?after={after}")
        items += page["items"]
        after = page["next"]
    return items


def _show_all(items: list[dict[str, Any]], none: str) -> None:
    if not items:
        OUT.print(none)
    for item in items:
        show_facts(
            [(name.replace("_", " "), value) for name, value in item.items() if value not in (None, [])]
        )
        OUT.print()


def _print_line(document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False)
    OUT.print(text, markup=False, soft_wrap=True, highlight=False)


@contextmanager
def _new_private_file(path: Path) -> Iterator[Any]:
    """Make the file before the secret is asked for, since it is said once; take it away if nothing came."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        if path.stat().st_size == 0:
            path.unlink()
        raise
