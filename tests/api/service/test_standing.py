"""What becomes of a registration: permits, the tree, and the times at which none is taken."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from web3 import HTTPProvider, Web3

from api.chain_view import TIME_SECONDS, ChainTime, TreeView
from api.database.tables import RegistrationStatus
from api.depositor import Depositor
from api.errors import NotReadyError
from chain.sender import UnlockedSender
from election.cryptography import CRYPTOGRAPHY
from election.permit import DepositPermit
from election.receipt import Promise
from tests.support.registrar_service import OTHER, VOTER
from tests.support.small_election import OPENS, VOTES, undone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.registrar_service import RegistrarService, ServiceChain


@pytest.fixture
def chain(service_node: ServiceChain) -> Iterator[ServiceChain]:
    """A chain whose clock a test may move; it is put back."""
    with undone(service_node.w3):
        yield service_node


def deposit(service: RegistrarService) -> None:
    """Let the real depositor work until nothing waits."""
    depositor = Depositor(service.services)
    for _ in range(3):
        depositor.step()


def later(chain: ServiceChain, timestamp: int) -> None:
    """Move the chain's clock, and wait until the service asks for it again."""
    chain.travel_to(timestamp)
    time.sleep(TIME_SECONDS)


def test_a_deposited_registration_names_its_leaf_and_the_root_over_the_tree(
    sqlite_service: Callable[..., Any], chain: ServiceChain
) -> None:
    client = chain.deploy()
    with sqlite_service(client, batch_seconds=0) as service:
        receipts = [service.receipt(service.register(voter)) for voter in (VOTER, OTHER)]
        deposit(service)
        leaves = client.leaves()
        assert sorted(leaves) == sorted(receipt.commitment for receipt in receipts)
        root = CRYPTOGRAPHY[client.scheme].tree(client.config().depth, leaves).root
        for receipt in receipts:
            found = service.standing(receipt).json()
            assert found["status"] == "deposited"
            assert leaves[found["leaf_index"]] == receipt.commitment
            assert found["tree"] == {"leaf_count": 2, "root": str(root), "known_on_chain": False}
        client.checkpoint(UnlockedSender(chain.w3, chain.w3.eth.accounts[1]))
        tree = TreeView(service.services).state()
        assert tree is not None
        assert (tree.root, tree.known) == (root, True)
        assert service.refusal(service.register(VOTER)).reason == "already_deposited"


def test_the_tree_starts_anew_when_the_chain_undoes_what_was_read(
    sqlite_service: Callable[..., Any], chain: ServiceChain
) -> None:
    client = chain.deploy()
    sender = UnlockedSender(chain.w3, chain.w3.eth.accounts[0])
    with sqlite_service(client) as service:
        now = [0.0]
        tree = TreeView(service.services, lambda: now[0])
        client.deposit_many([1], sender)
        with undone(chain.w3):
            client.deposit_many([2, 3], sender)
            assert tree.state().leaf_count == 3  # type: ignore[union-attr]
        client.deposit_many([4], sender)
        now[0] += 60
        state = tree.state()
        expected = CRYPTOGRAPHY[client.scheme].tree(client.config().depth, [1, 4]).root
        assert state is not None
        assert (state.leaf_count, state.root) == (2, expected)


def test_a_permit_comes_with_the_receipt_and_the_contract_takes_it(
    sqlite_service: Callable[..., Any], chain: ServiceChain
) -> None:
    client = chain.deploy()
    with sqlite_service(client, deposits="permit") as service:
        answer = service.register(VOTER)
        receipt, permit = service.receipt(answer), DepositPermit.from_json(answer.json()["permit"])
        assert (receipt.promise, receipt.deposit_by) == (Promise.PERMIT, 0)
        assert permit.commitment == receipt.commitment
        assert OPENS < permit.deadline < VOTES
        assert service.standing(receipt).json()["permit"] == permit.to_json()
        client.deposit_with_permit(permit, UnlockedSender(chain.w3, chain.w3.eth.accounts[1]))
        assert client.leaf_count() == 1


@pytest.fixture
def short_permits(sqlite_service: Callable[..., Any], chain: ServiceChain) -> Iterator[Any]:
    """A service whose permits are good for a day, in an election that lasts longer than one."""
    with sqlite_service(chain.deploy(), deposits="permit", permit_days=1, closing_seconds=0) as service:
        yield service


def expire(chain: ServiceChain, permit: DepositPermit) -> None:
    later(chain, permit.deadline + 1)


def permit_of(answer: Any) -> DepositPermit:
    return DepositPermit.from_json(answer.json()["permit"])


def test_an_expired_permit_is_renewed_for_the_same_commitment(
    short_permits: RegistrarService, chain: ServiceChain
) -> None:
    first = permit_of(short_permits.register(VOTER, 111))
    assert permit_of(short_permits.register(VOTER, 111)) == first
    expire(chain, first)
    renewed = permit_of(short_permits.register(VOTER, 111))
    assert renewed.deadline > first.deadline
    assert permit_of(short_permits.register(VOTER, 111)) == renewed
    assert len(short_permits.registrations()) == 1


def test_another_commitment_waits_until_the_permit_has_expired_unused(
    short_permits: RegistrarService, chain: ServiceChain
) -> None:
    first = permit_of(short_permits.register(VOTER, 111))
    assert short_permits.refusal(short_permits.register(VOTER, 222)).reason == "permit_outstanding"
    expire(chain, first)
    assert permit_of(short_permits.register(VOTER, 222)).commitment == 222
    found = {row.commitment: row.status for row in short_permits.registrations()}
    assert found == {"111": RegistrationStatus.REPLACED, "222": RegistrationStatus.PERMITTED}


def test_an_expired_permit_that_was_used_is_a_deposit(
    short_permits: RegistrarService, chain: ServiceChain
) -> None:
    """The service asks the chain, even if nobody has noticed the deposit yet."""
    first = permit_of(short_permits.register(VOTER, 111))
    sender = UnlockedSender(chain.w3, chain.w3.eth.accounts[1])
    short_permits.services.chain.deposit_with_permit(first, sender)
    expire(chain, first)
    assert short_permits.refusal(short_permits.register(VOTER, 222)).reason == "already_deposited"


def test_an_expired_permit_is_replaced_only_when_no_block_that_could_be_undone_decides(
    sqlite_service: Callable[..., Any], chain: ServiceChain
) -> None:
    """The block that is later than the deadline may be undone, and the permit used in another one."""
    settings = {"deposits": "permit", "permit_days": 1, "closing_seconds": 0, "confirmations": 2}
    with sqlite_service(chain.deploy(), **settings) as service:
        first = permit_of(service.register(VOTER, 111))
        expire(chain, first)
        assert service.refusal(service.register(VOTER, 222)).reason == "permit_outstanding"
        later(chain, first.deadline + 2)
        later(chain, first.deadline + 3)
        assert permit_of(service.register(VOTER, 222)).commitment == 222


def test_before_registration_opens_there_is_no_challenge(
    sqlite_service: Callable[..., Any], chain: ServiceChain
) -> None:
    schedule = {
        "registration_opens": "2034-01-01T00:00:00Z",
        "voting_opens": "2034-02-01T00:00:00Z",
        "voting_closes": "2034-03-01T00:00:00Z",
    }
    with sqlite_service(chain.deploy(schedule=schedule)) as service:
        answer = service.http.post("/v1/challenges")
        assert (answer.status_code, answer.json()["code"]) == (409, "registration_not_open")
        assert service.http.get("/v1/election").json()["registration_opens"] > OPENS


def test_registration_ends_before_voting_opens_and_the_refusal_is_signed(
    sqlite_service: Callable[..., Any], chain: ServiceChain
) -> None:
    with sqlite_service(chain.deploy(), closing_seconds=300) as service:
        body = service.request(VOTER)
        assert service.http.get("/v1/election").json()["registration_closes"] == VOTES - 300
        later(chain, VOTES - 300)
        answer = service.send(body)
        assert (answer.status_code, service.refusal(answer).reason) == (409, "registration_closed")
        assert service.http.post("/v1/challenges").json()["code"] == "registration_closed"


def test_without_a_chain_nothing_is_decided(sqlite_service: Callable[..., Any], chain: ServiceChain) -> None:
    with sqlite_service(chain.deploy()) as service:
        now, real = [0.0], service.services.chain
        chain_time = ChainTime(service.services, lambda: now[0])
        known = chain_time.now()
        object.__setattr__(service.services, "chain", Unreachable(real))
        now[0] += 30
        assert chain_time.now() == known
        now[0] += 60
        with pytest.raises(NotReadyError):
            chain_time.now()
        object.__setattr__(service.services, "chain", real)
        now[0] += 2
        assert chain_time.now() >= known


class Unreachable:
    """A client whose node is gone."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.w3 = Web3(HTTPProvider("http://127.0.0.1:9"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
