"""`tohyo api serve` and `tohyo api check` as processes: what they print, refuse, and leave behind."""

from __future__ import annotations

import json
import logging
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from eth_account import Account

from api.database.engine import open_database
from api.database.vault import create_key_file
from api.database.vault_check import bind_vault
from api.server import new_server
from api.settings import load_settings
from chain.development import development_account
from chain.paths import PROJECT_ROOT
from election.receipt import Receipt
from election.roll import RollEntry
from identity.challenge import signed_message
from identity.credential import Mode
from identity.testpki.card_file import DEFAULT_PASSWORD
from identity.testpki.directory import TestPki
from identity.testpki.responder import Behaviour, running_responder
from scripts.tohyo.api_commands import app
from tests.support.people import people
from tests.support.registrar_service import ServicePki, service_chain
from tests.support.registry import put_on_roll
from zk.errors import TohyoError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = "from scripts.tohyo.api_commands import app; app(prog_name='tohyo api')"
VOTERS = people(3)


@dataclass
class Place:
    """A folder with everything that a service needs."""

    folder: Path
    contract: str
    rpc: str
    cards: Any

    @property
    def options(self) -> dict[str, str]:
        return {
            "--database": f"sqlite:///{self.folder}/registrar.sqlite",
            "--master-key": str(self.folder / "master.key"),
            "--mode": "test",
            "--rpc": self.rpc,
            "--contract": self.contract,
            "--registrar-dev-account": "0",
            "--root": str(self.cards.pki.roots_file),
            "--ocsp-url": f"{self.cards.url}/ocsp",
            "--port": "0",
        }


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pki, behaviour = TestPki.create(tmp_path_factory.mktemp("pki") / "pki"), Behaviour()
    with service_chain() as chain, running_responder(pki, behaviour) as url:
        yield chain, ServicePki(pki, url, behaviour)
    pki.close()


@pytest.fixture
def place(ground: Any, tmp_path: Path) -> Place:
    chain, cards = ground
    return Place(tmp_path, chain.deploy().address, chain.rpc_url, cards)


@pytest.fixture
def enrolled(place: Place) -> Place:
    """A place whose database has a roll."""
    vault = create_key_file(place.folder / "master.key")
    database = open_database(place.options["--database"])
    bind_vault(database, vault)
    put_on_roll(database, [RollEntry(voter, person) for voter, person in VOTERS], keys=vault)
    database.close()
    return place


def command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-c", RUN, *arguments]


def words(options: dict[str, str]) -> list[str]:
    return [word for option in options.items() for word in option]


@pytest.fixture(autouse=True)
def log_lines_as_before() -> Iterator[None]:
    """Commands that run in this process set up its logging."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def refused(arguments: list[str]) -> str:
    """Run a service that must not start, in this process; return what it says."""
    with pytest.raises(TohyoError) as caught:
        app(["serve", *arguments], standalone_mode=False)
    return f"{caught.value.code}: {caught.value} {caught.value.hint}"


@contextmanager
def serving(place: Place, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a service; gives the process and its address."""
    log = (place.folder / "log.jsonl").open("a")
    process = subprocess.Popen(
        command(["serve", *words(place.options), *more]),
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        cwd=PROJECT_ROOT,
    )
    assert process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], 120)
        assert ready, (place.folder / "log.jsonl").read_text()
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        log.close()


def request(http: httpx.Client, place: Place, voter: int = 0, commitment: int = 5) -> dict[str, Any]:
    name, person = VOTERS[voter]
    challenge = http.post("/v1/challenges").json()["challenge"]
    signed = place.cards.card(name, person).sign(signed_message(challenge, commitment), DEFAULT_PASSWORD)
    return {"challenge": challenge, "commitment": str(commitment), "credential": signed.to_credential()}


def test_a_service_says_where_it_listens_registers_deposits_and_ends(enrolled: Place) -> None:
    config = enrolled.folder / "registrar.toml"
    config.write_text("batch_seconds = 0\nconfirmations = 0\n")
    with serving(enrolled, "--config", str(config)) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=address, timeout=60) as http:
            assert http.get("/readyz").json()["checks"] == {"database": True, "chain": True, "roots": True}
            receipt = http.post("/v1/registrations", json=request(http, enrolled)).json()["receipt"]
            mine = Receipt.from_json(receipt)
            standing: dict[str, Any] = {}
            for _ in range(300):
                standing = http.get(
                    f"/v1/registrations/{mine.registration_id}",
                    headers={"Authorization": f"Bearer {mine.token}"},
                ).json()
                if standing["status"] == "deposited":
                    break
                time.sleep(0.1)
            assert (standing["status"], standing["leaf_index"]) == ("deposited", 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
    text = (enrolled.folder / "log.jsonl").read_text()
    events = [json.loads(line)["event"] for line in text.splitlines()]
    assert "registered" in events
    person = VOTERS[0][1]
    assert [secret for secret in (person.name, person.address, mine.token) if secret in text] == []


def test_a_request_under_way_is_finished_before_the_end(enrolled: Place) -> None:
    with (
        serving(enrolled, "--without-depositor") as (process, address),
        httpx.Client(base_url=address, timeout=60) as http,
    ):
        body = request(http, enrolled)
        behaviour, answers = enrolled.cards.behaviour, []
        reached, go_on = threading.Event(), threading.Event()

        def hold(answer: bytes) -> bytes:
            reached.set()
            go_on.wait(2)
            return answer

        behaviour.rewrite = hold
        sending = threading.Thread(target=lambda: answers.append(http.post("/v1/registrations", json=body)))
        sending.start()
        assert reached.wait(30)
        process.send_signal(signal.SIGINT)
        go_on.set()
        sending.join()
        behaviour.rewrite = None
        assert answers[0].status_code == 201
        assert process.wait(60) == 0


def test_what_was_answered_survives_a_kill(enrolled: Place) -> None:
    with (
        serving(enrolled, "--without-depositor") as (process, address),
        httpx.Client(base_url=address, timeout=60) as http,
    ):
        body = request(http, enrolled)
        first = http.post("/v1/registrations", json=body)
        process.kill()
        process.wait()
    with (
        serving(enrolled, "--without-depositor") as (_, address),
        httpx.Client(base_url=address, timeout=60) as http,
    ):
        again = http.post("/v1/registrations", json=body)
    assert (first.status_code, again.content) == (201, first.content)


def change(place: Place, **options: str | None) -> list[str]:
    """Return the options with some changed, some left out."""
    given = place.options | {f"--{name.replace('_', '-')}": value for name, value in options.items()}
    return words({name: value for name, value in given.items() if value is not None})


def test_test_roots_do_not_start_a_service_in_production(enrolled: Place) -> None:
    said = refused(change(enrolled, mode="production", registrar_dev_account=None))
    assert "test_root_in_production" in said


def test_an_account_that_everybody_has_is_none_for_production(enrolled: Place) -> None:
    assert "development accounts" in refused(change(enrolled, mode="production"))


def test_another_account_than_the_registrars_is_refused(enrolled: Place) -> None:
    assert "not_the_registrar" in refused(change(enrolled, registrar_dev_account="1"))


def test_a_keystore_opens_with_its_password_only(enrolled: Place) -> None:
    keystore, password = enrolled.folder / "keystore.json", enrolled.folder / "password"
    keystore.write_text(json.dumps(Account.encrypt(development_account(0).key, "right", iterations=2)))
    password.write_text("wrong\n")
    options = change(
        enrolled,
        registrar_dev_account=None,
        registrar_keystore=str(keystore),
        registrar_password_file=str(password),
    )
    said = refused(options)
    assert "could not be opened" in said
    assert "wrong" not in said
    assert "Name one key" in refused(change(enrolled, registrar_dev_account=None))


def test_settings_that_do_not_go_together_are_refused(enrolled: Place) -> None:
    for options, word in [
        ({"root": None}, "prove one's identity"),
        ({"ocsp_url": None}, "was revoked"),
        ({"tls_cert": "cert.pem"}, "go together"),
        ({"tls_client_ca": "ca.pem"}, "need TLS"),
        ({"contract": None}, "No election"),
        ({"contract": "0x" + "11" * 20}, "no contract"),
        ({"rpc": "http://127.0.0.1:9"}, "nothing answers"),
        ({"master_key": str(enrolled.folder / "none")}, "master keys"),
        ({"database": "mysql://x"}, "database"),
    ]:
        assert word in " ".join(refused(change(enrolled, **options)).split()), options


def test_a_database_of_another_election_is_refused(enrolled: Place, ground: Any) -> None:
    other = ground[0].deploy().address
    opened = open_database(enrolled.options["--database"])
    opened.bind(31337, enrolled.contract, Mode.TEST)
    opened.close()
    assert "database_of_another_election" in refused(change(enrolled, contract=other))


def test_a_roll_that_the_election_was_not_made_for_is_refused(enrolled: Place, ground: Any) -> None:
    small = ground[0].deploy(electorate=2).address
    assert "roll_too_long" in refused(change(enrolled, contract=small))


def test_a_taken_port_is_refused(enrolled: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refused([*change(enrolled, port=str(taken.getsockname()[1])), "--without-depositor"])
    assert "Nothing can listen" in said


def test_check_lists_the_roots_and_asks_nobody(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    options = change(place, rpc="http://127.0.0.1:9", database=None, port=None)
    app(["check", *options, "--json"], standalone_mode=False)
    facts = json.loads(capsys.readouterr().out)
    assert facts["mode"] == "test"
    assert len(facts["roots"]) == len(place.cards.pki.roots)
    assert all("JPKI-TEST" in root["name"] for root in facts["roots"])


def test_a_misspelt_setting_is_named(place: Place) -> None:
    config = place.folder / "registrar.toml"
    config.write_text("batch_sise = 5\n")
    assert "batch_sise" in refused(change(place, config=str(config)))


class Authority:
    """A private authority for TLS: the server's certificate, and officers'."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._certify("authority", self.key.public_key(), is_authority=True)
        self.path = self._write("ca.pem", self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certify(name, key.public_key(), is_authority=False)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return (
            self._write(f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM)),
            self._write(f"{name}.key", key.private_bytes(*form)),
            certificate.public_bytes(serialization.Encoding.DER),
        )

    def _certify(self, name: str, key: Any, *, is_authority: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def _write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


def test_the_service_speaks_tls_and_browsers_are_told_to_insist(enrolled: Place) -> None:
    authority = Authority(enrolled.folder)
    certificate, key, _ = authority.issue("localhost")
    options = ["--without-depositor", "--tls-cert", str(certificate), "--tls-key", str(key)]
    with serving(enrolled, *options) as (_, address):
        assert address.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(authority.path))
        local = address.replace("127.0.0.1", "localhost")
        answer = httpx.get(f"{local}/healthz", verify=trusting)
        assert answer.headers["strict-transport-security"].startswith("max-age=")
    said = refused(change(enrolled, tls_cert=str(key), tls_key=str(certificate)))
    assert "cannot be used" in said


def test_the_application_sees_the_clients_certificate_and_not_its_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key, _ = authority.issue("localhost")
    mine, my_key, der = authority.issue("officer")
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append((scope["extensions"]["tls"]["client_cert"], scope["client"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    settings = load_settings(
        None, {"port": 0, "tls_cert": certificate, "tls_key": key, "tls_client_ca": authority.path}
    )
    listening, addresses = threading.Event(), []

    def announce(address: str) -> None:
        addresses.append(address.replace("127.0.0.1", "localhost"))
        listening.set()

    server = new_server(app, settings, announce)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert listening.wait(30)
        plain = ssl.create_default_context(cafile=str(authority.path))
        httpx.get(addresses[0], verify=plain)
        plain.load_cert_chain(mine, my_key)
        httpx.get(addresses[0], verify=plain)
        (tmp_path / "other").mkdir()
        stranger, strange_key, _ = Authority(tmp_path / "other").issue("stranger")
        refusing = ssl.create_default_context(cafile=str(authority.path))
        refusing.load_cert_chain(stranger, strange_key)
        with pytest.raises(httpx.TransportError):
            httpx.get(addresses[0], verify=refusing)
    finally:
        server.should_exit = True
        thread.join()
    assert seen == [(None, None), (der, None)]
