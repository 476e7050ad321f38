"""Every registration becomes exactly one leaf, whatever chain, node, other senders or crashes do."""

import threading

import pytest
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes
from sqlalchemy import delete, insert, select, update

from api.database.engine import open_database
from api.database.tables import (
    RegistrationStatus,
    VotingStatus,
    batch_transaction,
    log_anchor,
    log_entry,
    registration,
)
from api.errors import ChainBehindError, LeaseLostError
from api.registry.ledger import counts
from chain.connection import connect
from chain.deposit_batch import GAS_CEILING, SignedTransaction
from chain.errors import ChainError, RpcUnreachableError
from chain.node import start_node
from chain.sender import UnlockedSender
from chain.time import travel_to
from election.scheme import Scheme
from tests.support.databases import (  # noqa: F401
    database,
    database_url,
    new_database_url,
    postgresql_server,
)
from tests.support.deposits import (
    BATCH_SECONDS,
    REGISTRAR,
    Crash,
    Office,
    client_of,
    crash_at,
    deploy,
    rpc,
    running_chain,
)
from tests.support.small_election import CLASSIC, CLOSES, OPENS, VOTES, undone


@pytest.fixture(scope="module")
def chain():
    with running_chain() as w3:
        yield w3


@pytest.fixture(scope="module")
def election(chain):
    return client_of(chain, deploy(chain))


@pytest.fixture
def office(chain, election, database):  # noqa: F811
    with undone(chain):
        yield Office(chain, election, database)
    rpc(chain, "evm_setAutomine", True)  # noqa: FBT003
    rpc(chain, "anvil_setNextBlockBaseFeePerGas", hex(10**9))


def mine(w3, blocks=1):
    rpc(w3, "anvil_mine", blocks)


def no_mining(w3):
    rpc(w3, "evm_setAutomine", False)  # noqa: FBT003


def foreign(w3, **fields):
    """Send something else from the registrar's account, as another program of the office might."""
    account = w3.eth.accounts[REGISTRAR]
    return w3.eth.send_transaction({"from": account, "to": account, "value": 1, **fields})


def only_transaction(w3):
    block = w3.eth.get_block("latest", full_transactions=True)
    assert len(block["transactions"]) == 1
    return block["transactions"][0]


def settle(office, rounds=6):
    """Let a fresh depositor work until nothing changes any more; it remembers nothing of earlier ones."""
    office.patience()
    depositor = office.depositor()
    for _ in range(rounds):
        assert depositor.step()
        mine(office.w3)


def work_until_crash(office, place):
    for _ in range(5):
        office.depositor(crash_at(place)).step()
        office.patience()


def anchored(office):
    """Let the phase have its anchor, so that a test sees deposits only."""
    depositor = office.depositor()
    depositor.step()
    depositor.step()
    assert office.batches()[0][0] == "final"
    return depositor


def test_registrations_of_a_while_are_deposited_in_one_transaction(office):
    made = office.register(5)
    depositor = anchored(office)
    assert office.statuses() == {"queued": 5}, "it waits for company"
    office.clock.now += BATCH_SECONDS
    before = office.w3.eth.block_number
    depositor.step()
    assert office.statuses() == {"submitted": 5}
    assert office.w3.eth.block_number == before + 1
    depositor.step()
    office.require_all_deposited_once(made)
    assert office.actions()["deposited"] == 1


def test_a_full_batch_waits_for_nobody_and_the_rest_waits_on(office):
    office.settings = {"batch_size": 3}
    office.register(4)
    depositor = anchored(office)
    depositor.step()
    depositor.step()
    assert office.statuses() == {"deposited": 3, "queued": 1}


def test_one_alone_is_deposited_as_one(office):
    made = office.register(1)
    depositor = anchored(office)
    office.clock.now += BATCH_SECONDS
    depositor.step()
    depositor.step()
    assert office.client.contract.decode_function_input(only_transaction(office.w3)["input"])[0].fn_name == (
        "deposit"
    )
    office.require_all_deposited_once(made)


def test_nobody_waits_for_company_when_registration_is_about_to_close(office):
    made = office.register(2)
    depositor = anchored(office)
    travel_to(office.w3, VOTES - 60)
    depositor.step()
    depositor.step()
    office.require_all_deposited_once(made)


def test_the_order_in_a_batch_is_not_the_order_of_registration(office):
    made = office.register(40)
    settle(office)
    office.require_all_deposited_once(made)
    assert office.client.leaves() != list(made.values())
    assert office.client.leaves() != sorted(made.values())


def test_before_registration_opens_nothing_is_sent(chain, database):  # noqa: F811
    with undone(chain):
        later = {
            "registration_opens": "2033-06-18T03:33:20Z",
            "voting_opens": "2033-06-19T07:20:00Z",
            "voting_closes": "2033-06-20T11:06:40Z",
        }
        office = Office(chain, client_of(chain, deploy(chain, schedule=later)), database)
        office.register(2)
        settle(office, rounds=2)
        assert office.statuses() == {"queued": 2}


@pytest.mark.parametrize("place", ["before sign", "before send", "after send", "before mark"])
def test_a_crash_between_any_two_steps_costs_nothing_and_doubles_nothing(office, place):
    made = office.register(3)
    anchored(office)
    office.patience()
    with pytest.raises(Crash):
        work_until_crash(office, place)
    expected = {"before sign": "queued"}.get(place, "submitted")
    assert office.statuses() == {expected: 3}
    assert office.client.leaf_count() == (0 if place in {"before sign", "before send"} else 3)
    settle(office)
    office.require_all_deposited_once(made)
    assert office.batches()[1:] == [("final", office.batches()[1][1])]


def test_after_a_crash_the_very_same_bytes_are_sent(office):
    office.register(3)
    anchored(office)
    office.patience()
    with pytest.raises(Crash):
        office.depositor(crash_at("before send")).step()
    kept = office.kept()[-1]
    settle(office)
    assert office.kept()[-1] == kept
    assert office.w3.eth.get_transaction_receipt(kept)["status"] == 1


def test_a_transaction_that_the_node_lost_is_sent_again(office):
    made = office.register(3)
    depositor = anchored(office)
    office.patience()
    no_mining(office.w3)
    depositor.step()
    lost = office.kept()[-1]
    rpc(office.w3, "anvil_dropTransaction", lost)
    mine(office.w3)
    depositor.step()
    mine(office.w3)
    depositor.step()
    office.require_all_deposited_once(made)
    assert office.kept()[-1] == lost


def test_a_transaction_that_is_stuck_is_sent_with_higher_fees_and_the_same_nonce(office):
    made = office.register(3)
    depositor = anchored(office)
    office.patience()
    no_mining(office.w3)
    depositor.step()
    depositor.step()
    assert len(office.kept()) == 2, "patience at first"
    office.clock.now += 60
    depositor.step()
    first, second = (transaction_of(office, name) for name in office.kept()[1:])
    assert first["nonce"] == second["nonce"]
    assert bytes(first["data"]) == bytes(second["data"])
    for fee in ("maxFeePerGas", "maxPriorityFeePerGas"):
        assert 8 * second[fee] >= 9 * first[fee]
    depositor.step()
    assert len(office.kept()) == 3, "twice the patience for the second"
    mine(office.w3)
    depositor.step()
    office.require_all_deposited_once(made)


def transaction_of(office, name):
    with office.database.read() as connection:
        raw = connection.execute(
            select(batch_transaction.c.raw).where(batch_transaction.c.hash == name)
        ).scalar_one()
    assert SignedTransaction(name, raw).fees
    return TypedTransaction.from_bytes(HexBytes(raw)).as_dict()


def test_when_the_base_fee_rises_the_next_try_offers_what_the_market_asks(office):
    made = office.register(2)
    depositor = anchored(office)
    office.patience()
    no_mining(office.w3)
    depositor.step()
    rpc(office.w3, "anvil_setNextBlockBaseFeePerGas", hex(500 * 10**9))
    mine(office.w3)
    assert office.client.leaf_count() == 0
    office.clock.now += 60
    depositor.step()
    mine(office.w3, 2)
    depositor.step()
    office.require_all_deposited_once(made)


def test_whichever_of_two_tries_is_included_counts_once(office):
    """The first one is included after the second was kept, and before it was sent."""
    made = office.register(2)
    depositor = anchored(office)
    office.patience()
    no_mining(office.w3)
    depositor.step()
    office.clock.now += 60

    def include_first(place):
        if place == "before send":
            mine(office.w3)

    office.clock.now += 60
    office.depositor(include_first).step()
    office.clock.now += 60
    settle(office)
    office.require_all_deposited_once(made)


def test_a_block_that_is_undone_takes_nobodys_deposit_with_it(office):
    office.settings = {"confirmations": 3}
    made = office.register(3)
    depositor = office.depositor()
    for _ in range(6):  # the anchor of the phase
        depositor.step()
        mine(office.w3)
    office.patience()
    depositor.step()
    mine(office.w3)
    depositor.step()
    assert office.batches()[-1][0] == "included"
    assert office.statuses() == {"submitted": 3}
    rpc(office.w3, "anvil_reorg", 2, [])
    assert office.client.leaf_count() == 0
    depositor.step()
    assert office.batches()[-1][0] == "prepared"
    for _ in range(6):
        mine(office.w3)
        depositor.step()
    office.require_all_deposited_once(made)


def test_nothing_is_marked_before_its_block_is_final(office):
    office.settings = {"confirmations": 3}
    office.register(2)
    depositor = office.depositor()
    for _ in range(6):
        depositor.step()
        mine(office.w3)
    office.patience()
    depositor.step()
    for _ in range(2):
        mine(office.w3)
        depositor.step()
        assert office.statuses() == {"submitted": 2}
    mine(office.w3)
    depositor.step()
    assert office.statuses() == {"deposited": 2}


def test_a_nonce_that_another_transaction_took_costs_nothing(office):
    made = office.register(3)
    anchored(office)
    office.patience()

    def come_first(place):
        if place == "before send":
            foreign(office.w3)

    office.depositor(come_first).step()
    assert office.client.leaf_count() == 0
    settle(office)
    office.require_all_deposited_once(made)
    assert [state for state, _ in office.batches()] == ["final", "failed", "final"]
    assert office.actions()["deposit_failed"] == 1


def test_a_batch_whose_nonce_may_still_be_free_is_not_given_up(office):
    """A foreign transaction has the nonce in a block that is undone afterwards."""
    office.settings = {"confirmations": 3}
    made = office.register(2)
    depositor = office.depositor()
    for _ in range(6):
        depositor.step()
        mine(office.w3)
    office.patience()

    def come_first(place):
        if place == "before send":
            foreign(office.w3)

    office.depositor(come_first).step()
    depositor = office.depositor()
    office.patience()
    depositor.step()
    assert office.batches()[-1][0] == "prepared"
    rpc(office.w3, "anvil_reorg", 1, [])
    for _ in range(6):
        depositor.step()
        mine(office.w3)
    office.require_all_deposited_once(made)
    assert [state for state, _ in office.batches()] == ["final", "final"]


def test_a_gap_that_somebody_elses_lost_transaction_left_is_filled(office):
    made = office.register(2)
    depositor = anchored(office)
    office.patience()
    no_mining(office.w3)
    waiting = foreign(office.w3)
    depositor.step()
    nonce = office.batches()[-1][1]
    rpc(office.w3, "anvil_dropTransaction", waiting.to_0x_hex())
    mine(office.w3)
    assert office.w3.eth.get_transaction_count(office.w3.eth.accounts[REGISTRAR]) == nonce - 1
    for _ in range(4):
        depositor.step()
        mine(office.w3)
    depositor.step()
    office.require_all_deposited_once(made)


def test_one_that_a_permit_deposited_meanwhile_does_not_hold_up_the_others(office):
    made = office.register(4)
    anchored(office)
    office.patience()
    early = next(iter(made.values()))

    def come_first(place):
        if place == "before send":
            office.deposit_with_permit(early)

    office.depositor(come_first).step()
    settle(office)
    office.require_all_deposited_once(made)
    assert office.leaves()[early] == 0
    assert [state for state, _ in office.batches()] == ["final", "failed", "final"]


def test_one_that_is_in_the_tree_before_its_batch_is_marked_and_left_out(office):
    made = office.register(3)
    office.deposit_with_permit(next(iter(made.values())))
    settle(office)
    office.require_all_deposited_once(made)
    assert [state for state, _ in office.batches()] == ["final", "final"]


def test_one_that_was_in_the_tree_before_it_was_registered_is_found_too(office):
    office.register(1)
    depositor = anchored(office)
    office.patience()
    depositor.step()
    depositor.step()  # by now it has read every event
    foreign_one = 12345
    office.deposit_with_permit(foreign_one)
    office.register(1, RegistrationStatus.REFUSED)
    depositor.step()
    office.register(1, commitment=str(foreign_one))
    office.patience()
    for _ in range(3):
        depositor.step()
    assert office.statuses() == {"deposited": 2, "refused": 1}


def test_in_permit_mode_deposits_of_voters_are_noticed(office):
    office.settings = {"deposits": "permit", "confirmations": 1}
    made = office.register(3, RegistrationStatus.PERMITTED)
    depositor = office.depositor()
    depositor.step()
    for commitment in list(made.values())[:2]:
        office.deposit_with_permit(commitment)
    depositor.step()
    assert office.statuses()["deposited"] < 2, "one is not final"
    mine(office.w3)
    depositor.step()
    assert office.statuses() == {"deposited": 2, "permitted": 1}
    assert sorted(index for index in office.leaves().values() if index is not None) == [0, 1]


def test_whoever_came_too_late_is_told_to_the_office_and_may_vote_another_way(office):
    made = office.register(3)
    anchored(office)
    office.patience()

    def close(place):
        if place == "before send":
            travel_to(office.w3, VOTES)

    office.depositor(close).step()
    settle(office)
    assert office.client.leaf_count() == 0
    assert office.statuses() == {"missed": 3}
    late = {subject for action, subject in office.log() if action == "deposit_missed"}
    assert late == set(made)
    with office.database.read() as connection:
        assert counts(connection)[VotingStatus.ELIGIBLE] == 3


def test_what_is_queued_after_the_close_is_missed_too(office):
    travel_to(office.w3, VOTES)
    office.register(1)
    settle(office, rounds=1)
    assert office.statuses() == {"missed": 1}


@pytest.mark.parametrize("change", ["commitment", "roll_entry", "deposit_by", "receipt_signature"])
def test_who_can_write_into_the_database_alone_gets_no_leaf(office, change):
    """Only what the registrar's key signed is deposited."""
    made, (forged,), (other,) = office.register(1), office.register(1), office.register(1)
    with office.database.begin() as connection:
        rows = {row.id: row for row in connection.execute(select(registration))}
        connection.execute(delete(registration).where(registration.c.id == other))
        taken = {
            "commitment": "5",
            "roll_entry": rows[other].roll_entry,
            "deposit_by": rows[forged].deposit_by + 1,
            "receipt_signature": rows[other].receipt_signature,
        }
        changed = update(registration).where(registration.c.id == forged)
        connection.execute(changed.values({change: taken[change]}))
    settle(office)
    assert office.statuses() == {"deposited": 1, "queued": 1}
    assert office.client.leaves() == list(made.values())


def test_whoever_never_used_a_permit_may_vote_another_way_after_the_close(office):
    office.settings = {"deposits": "permit"}
    made = office.register(2, RegistrationStatus.PERMITTED)
    used, unused = made
    office.deposit_with_permit(made[used])
    travel_to(office.w3, VOTES)
    settle(office, rounds=1)
    assert office.statuses() == {"deposited": 1, "missed": 1}
    assert [subject for action, subject in office.log() if action == "deposit_missed"] == [unused]
    with office.database.read() as connection:
        assert counts(connection)[VotingStatus.ELIGIBLE] == 1


def test_nobody_with_a_leaf_is_given_up_because_an_index_of_events_lags(office, monkeypatch):
    office.settings = {"deposits": "permit"}
    made = office.register(1, RegistrationStatus.PERMITTED)
    office.deposit_with_permit(*made.values())
    travel_to(office.w3, VOTES)
    depositor = office.depositor()
    with monkeypatch.context() as lagging:
        lagging.setattr("api.depositor.leaf_indexes", lambda *_range: {})
        depositor.step()
        assert office.statuses() == {"permitted": 1}
    depositor.step()
    assert office.statuses() == {"deposited": 1}


@pytest.mark.parametrize("change", [{"removed_at": 1}, {"status": VotingStatus.PAPER_BALLOT_ISSUED}])
def test_whoever_may_not_vote_on_the_internet_any_more_is_left_out(office, change):
    made = office.register(3)
    out = next(iter(made))
    office.change_person(out, **change)
    settle(office)
    assert office.statuses() == {"deposited": 2, "queued": 1}
    assert made[out] not in office.client.leaves()


def test_whoever_is_removed_at_the_last_moment_is_left_out(office):
    made = office.register(3)
    anchored(office)
    office.patience()
    out = next(iter(made))

    def remove(place):
        if place == "before sign":
            office.change_person(out, removed_at=1)

    office.depositor(remove).step()
    settle(office)
    assert office.statuses() == {"deposited": 2, "queued": 1}
    assert made[out] not in office.client.leaves()


def test_without_money_for_gas_the_batch_waits_and_goes_out_later(office):
    made = office.register(2)
    anchored(office)
    office.patience()
    account = office.w3.eth.accounts[REGISTRAR]
    rich = hex(office.w3.eth.get_balance(account))

    def impoverish(place):
        if place == "before send":
            rpc(office.w3, "anvil_setBalance", account, "0x0")

    office.depositor(impoverish).step()
    assert office.statuses() == {"submitted": 2}
    rpc(office.w3, "anvil_setBalance", account, rich)
    settle(office)
    office.require_all_deposited_once(made)


def test_batches_are_as_large_as_before_once_the_trouble_that_made_them_small_is_over(office):
    made = office.register(12)
    depositor = anchored(office)
    office.patience()
    account = office.w3.eth.accounts[REGISTRAR]
    rich = hex(office.w3.eth.get_balance(account))
    rpc(office.w3, "anvil_setBalance", account, "0x0")
    with pytest.raises(ChainError):
        depositor.step()
    assert office.statuses() == {"queued": 12}
    rpc(office.w3, "anvil_setBalance", account, rich)
    for _ in range(8):
        depositor.step()
    office.require_all_deposited_once(made)
    assert len(office.batches()) <= 1 + 4, "the anchor, then 1 + 2 + 4 + 5"


def test_an_anchor_that_the_contract_refuses_holds_up_no_deposit(office):
    """As after a database was restored from an old copy: the contract knows a longer log."""
    office.client.anchor_log(
        bytes(32), 1_000, 5, UnlockedSender(office.w3, office.w3.eth.accounts[REGISTRAR])
    )
    made = office.register(2)
    with office.database.begin() as connection:
        connection.execute(
            insert(log_anchor).values(phase=1, sequence=1, head=b"", transaction_hash="", at=0)
        )
    settle(office)
    office.require_all_deposited_once(made)
    travel_to(office.w3, VOTES)
    settle(office, rounds=2)
    assert [anchor.entries for anchor in office.client.log_anchors()] == [1_000]
    assert office.actions()["log_anchored"] == 0


def test_a_second_depositor_does_nothing_until_the_first_ones_time_is_over(office):
    made = office.register(2)
    first, second = anchored(office), office.depositor()
    office.clock.now += BATCH_SECONDS
    assert first.step()
    assert not second.step()
    office.clock.now += 11
    assert second.step()
    assert not first.step()
    office.require_all_deposited_once(made)


def test_one_that_was_paused_too_long_writes_nothing(office):
    made = office.register(3)
    anchored(office)
    office.patience()
    other = office.depositor()

    def oversleep(place):
        if place == "before sign":
            office.clock.now += 1000
            assert other.step()

    with pytest.raises(LeaseLostError):
        office.depositor(oversleep).step()
    settle(office)
    office.require_all_deposited_once(made)
    assert len(office.batches()) == 2


def test_a_node_that_forgot_the_chain_is_not_believed(office):
    office.register(2)
    depositor = anchored(office)
    with undone(office.w3):
        office.patience()
        depositor.step()
        depositor.step()
        assert office.statuses() == {"deposited": 2}
    office.register(1)
    office.patience()
    with pytest.raises(ChainBehindError):
        depositor.step()
    assert office.statuses() == {"deposited": 2, "queued": 1}


def test_a_batch_stays_below_the_gas_that_one_transaction_may_use(chain, database):  # noqa: F811
    with undone(chain):
        client = client_of(chain, deploy(chain, **CLASSIC), Scheme.CREAM_CLASSIC)
        office = Office(chain, client, database)
        made = office.register(25)
        settle(office, rounds=10)
        office.require_all_deposited_once(made)
        deposits = [name for name in office.kept() if transaction_of(office, name)["value"]]
        used = [chain.eth.get_transaction_receipt(name)["gasUsed"] for name in deposits]
        assert len(used) > 1
        assert max(used) <= GAS_CEILING
        assert len(used) < 25


def test_the_end_of_the_log_is_anchored_once_in_each_phase(office):
    office.register(3)
    settle(office)
    for moment in (VOTES, CLOSES):
        travel_to(office.w3, moment)
        settle(office)
    found = office.client.log_anchors()
    assert [anchor.phase for anchor in found] == [1, 2, 3]
    assert [anchor.roll_size for anchor in found] == [3, 3, 3]
    assert [anchor.entries for anchor in found] == sorted(anchor.entries for anchor in found)
    assert office.actions()["log_anchored"] == 3
    with office.database.read() as connection:
        for anchor in found[1:]:
            wanted = select(log_entry.c.hash).where(log_entry.c.sequence == anchor.entries)
            assert connection.execute(wanted).scalar_one() == anchor.head


def test_an_anchor_after_registration_covers_every_deposit(office):
    office.settings = {"confirmations": 3}
    office.register(2)
    depositor = office.depositor()
    for _ in range(6):
        depositor.step()
        mine(office.w3)
    office.patience()
    depositor.step()
    travel_to(office.w3, VOTES)
    for _ in range(12):
        depositor.step()
        mine(office.w3)
    anchor = office.client.log_anchors()[-1]
    assert anchor.phase == 2
    actions = [action for action, _ in office.log()]
    assert "deposited" in actions[: anchor.entries]


@pytest.mark.parametrize("place", ["before send", "before mark"])
def test_a_crash_around_an_anchor_leaves_one_anchor(office, place):
    office.register(1)
    with pytest.raises(Crash):
        work_until_crash(office, place)
    settle(office)
    assert [anchor.phase for anchor in office.client.log_anchors()] == [1]
    assert office.actions()["log_anchored"] == 1


def test_an_empty_roll_is_not_anchored_before_it_can_be_imported(office):
    settle(office)
    assert office.client.log_anchors() == []


def test_it_runs_in_a_thread_until_told_and_lets_the_next_one_begin_at_once(office):
    made = office.register(3)
    office.settings = {"batch_seconds": 0}
    stop = threading.Event()
    thread = threading.Thread(target=office.depositor().run, args=(stop,))
    thread.start()
    done = threading.Event()
    for _ in range(300):
        if office.statuses() == {"deposited": 3}:
            break
        done.wait(0.1)
    stop.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
    office.require_all_deposited_once(made)
    assert office.depositor().step()


def test_it_outlives_a_node_that_does_not_answer(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/registrar.sqlite")  # noqa: F811
    state = tmp_path / "chain"
    node = start_node(timestamp=OPENS, state_dir=state)
    port = node.port
    w3 = connect(node.rpc_url)
    office = Office(w3, client_of(w3, deploy(w3)), database, settings={"batch_seconds": 0})
    office.client.config()
    made = office.register(2)
    node.stop()
    with pytest.raises(RpcUnreachableError):
        office.depositor().step()
    stop = threading.Event()
    thread = threading.Thread(target=office.depositor().run, args=(stop,))
    office.patience()
    thread.start()
    with start_node(port=port, state_dir=state, timestamp=OPENS):
        for _ in range(600):
            if office.statuses() == {"deposited": 2}:
                break
            threading.Event().wait(0.1)
        stop.set()
        thread.join(timeout=40)
        assert not thread.is_alive()
        office.require_all_deposited_once(made)
    database.close()
