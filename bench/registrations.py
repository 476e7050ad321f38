"""How many registrations a second a service takes: `python bench/registrations.py [--rate R] [--seconds S]`.

The service runs as `tohyo api serve` does, in a process of its own, first on SQLite, then on PostgreSQL, each
with a roll of as many people as will register. Another process, this one, signs with their cards beforehand
and then sends over kept connections: at a fixed rate whatever comes back (times count from when a request was
due), and as fast as answers come. All cards are RSA-2048; revocation lists are fetched once and kept.

Yardsticks of the same run: bare verifications of such signatures, and bare commits to the same database, both
in one thread. The result goes to bench/results/registrations.json.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import math
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import insert

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from api.database.engine import open_database  # noqa: E402  the script may be run from anywhere
from api.database.tables import token_use  # noqa: E402  as above
from api.database.vault import create_key_file  # noqa: E402  as above
from api.database.vault_check import bind_vault  # noqa: E402  as above
from bench.measuring import machine  # noqa: E402  as above
from chain.connection import connect  # noqa: E402  as above
from chain.deploy import deploy_election  # noqa: E402  as above
from chain.node import start_node  # noqa: E402  as above
from chain.paths import KEYS_DIR  # noqa: E402  as above
from chain.sender import UnlockedSender  # noqa: E402  as above
from election.file import parse_election_document  # noqa: E402  as above
from election.roll import RollEntry  # noqa: E402  as above
from identity.challenge import signed_message  # noqa: E402  as above
from identity.testpki.authority import DAY, Generation, Purpose  # noqa: E402  as above
from identity.testpki.directory import TestPki  # noqa: E402  as above
from identity.testpki.holder_certificate import SHAPES, holder_certificate  # noqa: E402  as above
from identity.testpki.people import made_up_people  # noqa: E402  as above
from identity.testpki.responder import list_urls, running_responder  # noqa: E402  as above
from tests.support.databases import run_postgresql  # noqa: E402  as above
from tests.support.registry import put_on_roll  # noqa: E402  as above
from zk.circuits import CircuitName  # noqa: E402  as above
from zk.field import SCALAR_FIELD  # noqa: E402  as above
from zk.keys import ensure_keys  # noqa: E402  as above

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from election.person import Person

RESULT = ROOT / "bench" / "results" / "registrations.json"
CONNECTIONS = 32
DEPTH = 10
WARM_UP = 200  # registrations that are not measured: a service runs for weeks
YARDSTICK_SECONDS = 3.0
UNLIMITED = 10**9
SERVE = "from scripts.tohyo.api_commands import app; app(prog_name='tohyo api')"
MEMORY = "VmHWM"


@dataclass(frozen=True)
class Holder:
    """Somebody with a card; all cards share one key, since making keys takes longer than everything else."""

    voter_id: str
    person: Person
    certificate: bytes


@dataclass(frozen=True)
class Ground:
    """What both services stand on."""

    folder: Path
    pki: TestPki
    key: rsa.RSAPrivateKey
    holders: Sequence[Holder]
    rpc: str
    contract: str
    lists: Sequence[str]


@contextmanager
def prepared(count: int) -> Iterator[Ground]:
    """Make a chain with an election that is open now, and cards for `count` people."""
    folder = Path(tempfile.mkdtemp(prefix="tohyo-bench-"))
    try:
        pki = TestPki.create(folder / "pki")
        key = rsa.generate_private_key(65_537, 2048)
        with start_node() as node, running_responder(pki) as responder:
            contract = _deploy(node.rpc_url, count)
            holders = _holders(pki, key, count)
            yield Ground(folder, pki, key, holders, node.rpc_url, contract, list_urls(responder))
        pki.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _deploy(rpc: str, count: int) -> str:
    w3 = connect(rpc)
    now = int(time.time())
    moments = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + add)) for add in (-DAY, DAY, 2 * DAY)]
    names = ("registration_opens", "voting_opens", "voting_closes")
    depth = max(DEPTH, math.ceil(math.log2(count + 1)))
    election = parse_election_document(
        {
            "format": "tohyo-election/1",
            "title": f"Bench: {count} registrations",
            "candidates": [{"name": "A"}, {"name": "B"}],
            "schedule": dict(zip(names, moments, strict=True)),
            "depth": depth,
            "electorate": count,
        }
    )
    keys = ensure_keys(CircuitName.VOTE, DEPTH, KEYS_DIR)  # ballots play no part here, so any key does
    sender = UnlockedSender(w3, w3.eth.accounts[0])
    return deploy_election(w3, sender, election, keys.verifying_key, sender.address).contract


def _holders(pki: TestPki, key: rsa.RSAPrivateKey, count: int) -> list[Holder]:
    authority = pki.authority(Purpose.SIGNING, Generation.PRESENT)
    now, made = int(time.time()), []
    for voter_id, person in made_up_people(count, 1):
        certificate = holder_certificate(
            authority,
            key.public_key(),
            person,
            shape=SHAPES[Purpose.SIGNING],
            validity=(now - DAY, now + 30 * DAY),
            url=pki.url,
        )
        made.append(Holder(voter_id, person, certificate.public_bytes(Encoding.DER)))
    return made


@contextmanager
def serving(ground: Ground, name: str, database: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a service with everybody on its roll; gives the process and its address."""
    key_file = ground.folder / f"{name}.key"
    vault, opened = create_key_file(key_file), open_database(database)
    bind_vault(opened, vault)
    put_on_roll(  # type: ignore[no-untyped-call]  # a helper of the tests
        opened, [RollEntry(one.voter_id, one.person) for one in ground.holders], keys=vault
    )
    opened.close()
    config = ground.folder / f"{name}.json"
    rates = {"challenges": UNLIMITED, "registrations": UNLIMITED}
    variables = {
        "TOHYO_API_RATES": json.dumps(rates),
        "TOHYO_API_CHALLENGE_SECONDS": str(DAY),
        "TOHYO_API_DATABASE": database,
    }
    options = {
        "--master-key": str(key_file),
        "--mode": "test",
        "--rpc": ground.rpc,
        "--contract": ground.contract,
        "--registrar-dev-account": "0",
        "--root": str(ground.pki.roots_file),
        "--port": "0",
    }
    words = [word for option in options.items() for word in option]
    words += [word for url in ground.lists for word in ("--crl-url", url)]
    with config.with_suffix(".log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve", "--without-depositor", *words],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=ROOT,
            env=os.environ | variables,
        )
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise SystemExit(config.with_suffix(".log").read_text(encoding="utf-8"))
            yield process, address
        finally:
            process.terminate()
            process.wait(60)
            if process.stdout:
                process.stdout.close()


def requests(ground: Ground, address: str) -> list[bytes]:
    """Get a challenge for everybody, sign it, and return whole HTTP requests."""
    host = urlsplit(address).netloc
    made = []
    with httpx.Client(base_url=address, timeout=60) as http:
        for holder in ground.holders:
            challenge = http.post("/v1/challenges").json()["challenge"]
            commitment = secrets.randbelow(SCALAR_FIELD - 1) + 1
            message = signed_message(challenge, commitment)
            signature = ground.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
            credential = {
                "kind": "jpki",
                "certificate": base64.b64encode(holder.certificate).decode(),
                "signature": base64.b64encode(signature).decode(),
            }
            document = {"challenge": challenge, "commitment": str(commitment), "credential": credential}
            body = json.dumps(document).encode()
            head = (
                f"POST /v1/registrations HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            made.append(head.encode() + body)
    return made


class Connections:
    """Kept connections to the service, each busy with one request at a time."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname, parts.port
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def open(self) -> None:
        """Connect."""
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await asyncio.open_connection(self._host, self._port))

    async def send(self, request: bytes) -> int:
        """Send a request once a connection is free; return the answer's status."""
        reader, writer = await self._free.get()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        self._free.put_nowait((reader, writer))
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Hang up."""
        while not self._free.empty():
            self._free.get_nowait()[1].close()


async def _at_rate(connections: Connections, sent: Sequence[bytes], rate: float) -> list[float]:
    """Send one request every 1/rate seconds; return the seconds from when each was due to its answer."""
    begin = time.perf_counter() + 0.1

    async def one(number: int, request: bytes) -> float:
        due = begin + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        _require_created(await connections.send(request))
        return time.perf_counter() - due

    return list(await asyncio.gather(*(one(number, request) for number, request in enumerate(sent))))


async def _at_full_speed(connections: Connections, sent: Sequence[bytes]) -> tuple[list[float], float]:
    """Keep every connection busy; return each request's seconds, and the seconds of all."""
    waiting, taken = list(sent), []

    async def worker() -> None:
        while waiting:
            request = waiting.pop()
            start = time.perf_counter()
            _require_created(await connections.send(request))
            taken.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    return taken, time.perf_counter() - start


def _require_created(status: int) -> None:
    if status != httpx.codes.CREATED:
        raise SystemExit(f"a registration was answered with {status}")


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return times as an operator reads them, in milliseconds."""
    ordered = sorted(seconds)
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * part))] for name, part in _PARTS.items()}
    return {f"{name}_ms": round(value * 1000, 1) for name, value in (at | {"max": ordered[-1]}).items()}


_PARTS = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def measure_database(ground: Ground, name: str, database: str, rate: float, at_rate: int) -> dict[str, Any]:
    """Measure one service."""
    with serving(ground, name, database) as (process, address):
        sent = requests(ground, address)

        async def drive() -> tuple[list[float], list[float], float]:
            connections = Connections(address)
            await connections.open()
            await _at_full_speed(connections, sent[:WARM_UP])
            del sent[:WARM_UP]
            steady = await _at_rate(connections, sent[:at_rate], rate)
            full, seconds = await _at_full_speed(connections, sent[at_rate:])
            connections.close()
            return steady, full, seconds

        steady, full, seconds = asyncio.run(drive())
        memory = _memory_mib(process.pid)
    per_second = len(full) / seconds
    commits = _commits_per_second(database)
    return {
        "at_rate": {"per_second": rate, "requests": len(steady), **percentiles(steady)},
        "at_full_speed": {
            "per_second": round(per_second, 1),
            "requests": len(full),
            "connections": CONNECTIONS,
            **percentiles(full),
        },
        "memory_mib": memory,
        "bare_commits_per_second": round(commits, 1),
        "share_of_bare_commits": round(per_second / commits, 3),
    }


def _memory_mib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(MEMORY))) // 1024


def _commits_per_second(database: str) -> float:
    """Insert one row a transaction, in one thread, with the service's own settings of the database."""
    opened, done, start = open_database(database), 0, time.perf_counter()
    while time.perf_counter() - start < YARDSTICK_SECONDS:
        with opened.begin() as connection:
            connection.execute(insert(token_use).values(id=secrets.token_hex(16), expires_at=0))
        done += 1
    seconds = time.perf_counter() - start
    opened.close()
    return done / seconds


def verifications_per_second(key: rsa.RSAPrivateKey) -> float:
    """Verify one signature again and again, in one thread."""
    message, public = b"a challenge and a commitment", key.public_key()
    signature, done = key.sign(message, padding.PKCS1v15(), hashes.SHA256()), 0
    start = time.perf_counter()
    while time.perf_counter() - start < YARDSTICK_SECONDS:
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        done += 1
    return done / (time.perf_counter() - start)


def measure(rate: float, seconds: float, full: int) -> dict[str, Any]:
    """Measure both databases."""
    at_rate = max(1, round(rate * seconds))
    before = machine()
    with prepared(WARM_UP + at_rate + full) as ground, run_postgresql() as server:
        urls = {"sqlite": f"sqlite:///{ground.folder}/bench.sqlite", "postgresql": server.create()}
        verifications = verifications_per_second(ground.key)
        found = {name: measure_database(ground, name, url, rate, at_rate) for name, url in urls.items()}
    for figures in found.values():
        speed = figures["at_full_speed"]["per_second"]
        figures["share_of_bare_verifications"] = round(speed / verifications, 4)
    return {
        "command": f"python bench/registrations.py --rate {rate:g} --seconds {seconds:g} --full {full}",
        "machine": before,
        "credential": "JPKI profile, RSA-2048, PKCS #1 v1.5 with SHA-256; revocation lists kept",
        "bare_verifications_per_second": round(verifications, 1),
        **found,
    }


def show(result: dict[str, Any]) -> None:
    """Print what was measured."""
    for name in ("sqlite", "postgresql"):
        steady, full = result[name]["at_rate"], result[name]["at_full_speed"]
        print(f"{name:<11} at {steady['per_second']:g}/s: p50 {steady['p50_ms']}, p99 {steady['p99_ms']} ms")
        print(f"{'':<11} full speed {full['per_second']}/s, p99 {full['p99_ms']} ms")
        print(
            f"{'':<11} {result[name]['memory_mib']} MiB; commits {result[name]['bare_commits_per_second']}/s"
        )
    print(f"bare RSA verifications {result['bare_verifications_per_second']}/s")


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description="Measure how many registrations a second a service takes.")
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second, whatever comes back")
    parser.add_argument("--seconds", type=float, default=30.0, help="for so long")
    parser.add_argument("--full", type=int, default=3000, help="then so many as fast as answers come")
    parser.add_argument("--out", type=Path, default=RESULT, help="where to write the result")
    given = parser.parse_args()
    result = measure(given.rate, given.seconds, given.full)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result)


if __name__ == "__main__":
    main()
