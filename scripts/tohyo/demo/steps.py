"""The steps of an election, in order. Each reads the chain first and does only what is left to do.

Roles are kept apart by account: 0 is the registrar's, 1 deploys and announces the phases, 2 relays. The
registrar's service is started when a step first needs it, and ended by `DemoRun.close`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from audit.credentials import rechecks
from audit.eligibility import audit_eligibility
from audit.replay import audit_election
from chain.connection import connect
from chain.deploy import deploy_election
from chain.elections import open_election
from chain.gas import GasUse, gas_by_operation
from chain.node import node_status, start_detached
from chain.sender import UnlockedSender
from chain.time import block_time, travel_to
from election.cryptography import CRYPTOGRAPHY
from election.phase import Phase
from identity.credential import Mode
from identity.evidence import create_identity, load_identity, read_evidence
from identity.jpki.trust import TrustStore
from relayer.submitter import Submitter
from scripts.tohyo.demo.registering import await_anchor, import_roll, issue_cards, register
from scripts.tohyo.demo.registrar import Office, RegistrarProcess
from voter.wallet import unproven_ballot
from zk.keys import CircuitKeys, ensure_keys
from zk.prover_pool import prover_pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from web3 import Web3

    from audit.eligibility import EligibilityReport
    from audit.report import AuditReport
    from chain.deploy import Deployment
    from chain.election_client import ElectionClient
    from scripts.tohyo.demo.state import DemoState
    from voter.note import Note

    Progress = Callable[[int, int], None]

REGISTRAR, ELECTION_OFFICE, RELAYER = 0, 1, 2


@dataclass
class DemoRun:
    """A demonstration under way: its state on disk, and what the steps find out."""

    state: DemoState
    keys_directory: Path
    port: int = 0
    prepared_keys: CircuitKeys | None = None
    rpc: str = ""
    tally: list[int] = field(default_factory=list)
    report: AuditReport | None = None
    eligibility: EligibilityReport | None = None
    gas: dict[str, GasUse] = field(default_factory=dict)
    _service: RegistrarProcess | None = None

    def registrar(self) -> RegistrarProcess:
        """Return the registrar's service, started if it does not run."""
        if self._service is None:
            self._service = RegistrarProcess(self.state, self.rpc, self.deployment.contract, REGISTRAR)
        return self._service

    def close(self) -> None:
        """End the registrar's service; the chain stays."""
        if self._service is not None:
            self._service.stop()
            self._service = None

    @cached_property
    def w3(self) -> Web3:
        """The local chain."""
        return connect(self.rpc)

    @property
    def keys(self) -> CircuitKeys:
        """Proving and verifying keys of the election's circuit."""
        assert self.prepared_keys is not None  # noqa: S101  the first step prepares them
        return self.prepared_keys

    @property
    def deployment(self) -> Deployment:
        """Where the election's contract is."""
        assert self.state.deployment is not None  # noqa: S101  the deploy step comes first
        return self.state.deployment

    @cached_property
    def client(self) -> ElectionClient:
        """The election's contract."""
        return open_election(self.w3, self.deployment.contract)

    @cached_property
    def notes(self) -> dict[str, Note]:
        """Every voter's note."""
        return self.state.notes(self.deployment.chain_id, self.deployment.contract)

    def sender(self, account: int) -> UnlockedSender:
        """Return one of the chain's own accounts."""
        return UnlockedSender(self.w3, self.w3.eth.accounts[account])


def prepare_keys(run: DemoRun, progress: Progress) -> None:
    """Load the keys of the scheme's circuit, or make development keys."""
    election = run.state.plan.election
    circuit = CRYPTOGRAPHY[election.scheme].circuit
    run.prepared_keys = ensure_keys(circuit, election.depth, run.keys_directory, progress)


def start_chain(run: DemoRun, _progress: Progress) -> None:
    """Start the chain at the hour when registration opens, or find it running."""
    opens = int(run.state.plan.election.schedule.registration_opens.timestamp())
    status = node_status(run.state.chain_directory)
    if status is None or not status.running:
        status = start_detached(run.state.chain_directory, "anvil", run.port, timestamp=opens)
    run.rpc = status.rpc_url


def deploy(run: DemoRun, _progress: Progress) -> None:
    """Deploy verifier, hasher and election contract."""
    if run.state.deployment is not None:
        return
    run.state.deployment = deploy_election(
        run.w3,
        run.sender(ELECTION_OFFICE),
        run.state.plan.election,
        run.keys.verifying_key,
        run.sender(REGISTRAR).address,
        run.keys.transcript_hash,
    )
    run.state.save()


def close_registration(run: DemoRun, _progress: Progress) -> None:
    """Let the hour of voting come: the contract computes the root, the registrar anchors its log."""
    _advance_to(run, Phase.VOTING, run.state.plan.election.schedule.voting_opens.timestamp())


def vote(run: DemoRun, progress: Progress) -> None:
    """Prove and relay every ballot, in an order that has nothing to do with the order of deposits."""
    plan = run.state.plan
    counted = {event.nullifier_hash for event in run.client.events(names={"BallotCast"})}  # type: ignore[attr-defined]  # the filter
    election_id = run.deployment.election_id
    waiting = [v for v in plan.voters if run.notes[v].nullifier_hash(election_id) not in counted]
    secrets.SystemRandom().shuffle(waiting)
    tree = CRYPTOGRAPHY[plan.election.scheme].tree(plan.election.depth, run.client.leaves())
    submitter = Submitter.for_election(run.client, run.sender(RELAYER))
    done = len(plan.voters) - len(waiting)
    config = run.client.config()
    unsigned = {
        voter: unproven_ballot(run.notes[voter], tree, config, plan.choice(voter)) for voter in waiting
    }
    with prover_pool(run.keys) as pool:
        for voter, proof in pool.prove_all((v, b.statement, b.witness) for v, b in unsigned.items()):
            submitter.submit(unsigned[voter].with_proof(proof))
            done += 1
            progress(done, len(plan.voters))


def close_voting(run: DemoRun, _progress: Progress) -> None:
    """Let the hour of the close come, and record it; the registrar's work ends."""
    _advance_to(run, Phase.CLOSED, run.state.plan.election.schedule.voting_closes.timestamp())
    run.close()


def count(run: DemoRun, progress: Progress) -> None:
    """Read the count from the contract, and the gas of everything that led to it."""
    run.tally = list(run.client.tally())
    run.gas = gas_by_operation(
        run.w3, run.client.contract, run.deployment.block_number, run.w3.eth.block_number, progress
    )


def audit(run: DemoRun, progress: Progress) -> None:
    """Recount from the chain alone, as a stranger would."""
    run.report = audit_election(run.w3, run.deployment.contract, on_progress=progress)


def check_voters(run: DemoRun, progress: Progress) -> None:
    """Hold every leaf against the registrar's evidence, as an auditor with a key of their own."""
    key = run.state.directory / "auditor.key"
    if not key.exists():
        create_identity(key)
    office = Office(run.state)
    evidence = read_evidence(office.export_evidence(run.client, key, progress), load_identity(key))
    officers = {officer.id: officer.public_key for officer in office.officers()}
    trust = TrustStore.load([run.state.pki_directory / "roots.pem"], Mode.TEST)
    checks = rechecks(trust, officers)
    run.eligibility = audit_eligibility(
        run.w3, run.deployment.contract, evidence, checks, progress, officers=officers
    )


STEPS: tuple[tuple[str, Callable[[DemoRun, Progress], None]], ...] = (
    ("prepare keys", prepare_keys),
    ("start chain", start_chain),
    ("deploy", deploy),
    ("issue test cards", issue_cards),
    ("import the roll", import_roll),
    ("register", register),
    ("close registration", close_registration),
    ("vote", vote),
    ("close voting", close_voting),
    ("count", count),
    ("audit", audit),
    ("check voters", check_voters),
)


def _advance_to(run: DemoRun, phase: Phase, timestamp: float) -> None:
    if block_time(run.w3) < timestamp:
        travel_to(run.w3, int(timestamp))
    if run.client.announced_phase() < phase:
        run.client.advance(run.sender(ELECTION_OFFICE))
    await_anchor(run, phase)
