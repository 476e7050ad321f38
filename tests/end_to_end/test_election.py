"""The demonstration's own steps, on a small electorate, looked at after each."""

import json
import stat

import pytest

from chain.node import stop_detached
from chain.paths import EXAMPLE, KEYS_DIR
from election.file import load_election_file
from election.phase import Phase
from election.receipt import Receipt
from election.roll import load_roll
from scripts.tohyo.demo.plan import make_plan, people_for
from scripts.tohyo.demo.report import render_page, report_document
from scripts.tohyo.demo.state import (
    DemoRunningError,
    NothingToResumeError,
    locked,
    resume_state,
    start_state,
)
from scripts.tohyo.demo.steps import STEPS, DemoRun
from tests.support.processes import services_of

VOTERS = 6


ROLL = load_roll(EXAMPLE / "roll.csv")


def small_plan(voters=VOTERS, candidates=3):
    base = load_election_file(EXAMPLE / "election.json")
    return make_plan(base, ROLL, voters=voters, candidates=candidates, seed=7)


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "demo"
    yield folder
    stop_detached(folder / "chain")


@pytest.fixture
def begin(directory):
    """Begin a demonstration, or go on with it as a new process would; its service ends with the test."""
    runs = []

    def make(state=None):
        runs.append(DemoRun(state or resume_state(directory), KEYS_DIR))
        return runs[-1]

    yield make
    for run in runs:
        run.close()


def kept_files(run, *, without):
    """Return every file of the demonstration but those whose owner is meant to know what is in them."""
    folder = run.state.directory
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not str(path.relative_to(folder)).startswith(tuple(without))
    ]


def nobody_is_named_where_nobody_should_be(run):
    """Look for names and addresses outside the office's roll and the authorities' own folder."""
    people = [entry.person for entry in run.state.roll().entries]
    words = [word for person in people for word in (person.name, person.address)]
    words += [word.replace(" ", "") for word in words] + [word.replace(" ", "\u3000") for word in words]
    forms = {form for word in words for form in (word.encode(), json.dumps(word)[1:-1].encode())}
    files = kept_files(run, without=["roll.csv", "testpki"])
    assert {"registrar.sqlite", "registrar.log", "demo.json"} <= {path.name for path in files}
    return not any(form in path.read_bytes() for path in files for form in forms)


def no_secret_left_the_notes(run):
    """Look for every number of every note in every other file: chain state, logs, stores, reports."""
    secrets = [number for note in run.notes.values() for number in (note.nullifier, note.secret)]
    forms = [text.encode() for number in secrets for text in (str(number), f"{number:064x}")]
    kept = kept_files(run, without=["notes-"])
    assert len(kept) > 3
    return not any(form in path.read_bytes().lower() for path in kept for form in forms)


def run_step(run, name):
    dict(STEPS)[name](run, lambda _done, _total: None)


def test_an_election_runs_from_voter_roll_to_audited_result(directory, begin):
    state = start_state(directory, small_plan(), ROLL)
    run = begin(state)

    run_step(run, "prepare keys")
    run_step(run, "start chain")
    run_step(run, "deploy")
    assert run.client.phase() is Phase.REGISTRATION

    run_step(run, "issue test cards")
    run_step(run, "import the roll")
    run_step(run, "register")
    assert run.client.leaf_count() == VOTERS
    assert set(run.client.leaves()) == {note.commitment for note in run.notes.values()}
    receipts = [Receipt.load(state.receipt_file(voter)) for voter in state.plan.voters]
    assert {receipt.commitment for receipt in receipts} == set(run.client.leaves())
    assert len({receipt.roll_entry for receipt in receipts}) == VOTERS

    run_step(run, "close registration")
    assert run.client.phase() is Phase.VOTING

    run_step(run, "vote")
    assert sum(run.client.tally()) == VOTERS

    run_step(run, "close voting")
    assert run.client.phase() is Phase.CLOSED
    assert [anchor.phase for anchor in run.client.log_anchors()] == [1, 2, 3]
    assert not services_of(directory)

    run_step(run, "count")
    assert run.tally == state.plan.expected_tally()
    assert run.gas["castVote"].count == VOTERS
    assert {"deposit", "depositMany"} & set(run.gas)

    run_step(run, "audit")
    assert run.report.verdict == "consistent"
    assert run.report.findings == []

    run_step(run, "check voters")
    assert run.eligibility.verdict == "consistent"
    assert run.eligibility.findings == []
    assert run.eligibility.leaves == VOTERS

    assert no_secret_left_the_notes(run)
    assert nobody_is_named_where_nobody_should_be(run)

    document = report_document(run)
    assert document["as_cast"] is True
    assert sum(document["result"].values()) == VOTERS
    page = render_page(document)
    assert document["contract"] in page
    assert "development keys: not for a real election" in page
    assert "test cards: not for a real election" in page


def test_every_role_sends_from_an_account_of_its_own(directory, begin):
    run = begin(start_state(directory, small_plan(voters=2), ROLL))
    for name, step in STEPS[:9]:
        assert name
        step(run, lambda _done, _total: None)
    senders = {"registrar": set(), "office": set(), "relayer": set()}
    roles = {"castVote": "relayer", "advance": "office"}
    for number in range(run.w3.eth.block_number + 1):
        for transaction in run.w3.eth.get_block(number, full_transactions=True)["transactions"]:
            if transaction.get("to") == run.deployment.contract:
                function, _ = run.client.contract.decode_function_input(transaction["input"])
                senders[roles.get(function.fn_name, "registrar")].add(transaction["from"])
    assert [len(accounts) for accounts in senders.values()] == [1, 1, 1]
    assert len(set.union(*senders.values())) == 3


def test_every_step_goes_on_from_what_is_there_already(directory, begin):
    """Interrupt in the middle of registrations and of votes, forget everything in memory, go on."""
    run = begin(start_state(directory, small_plan(), ROLL))

    class Stop(Exception):  # noqa: N818  not an error: the test's own Ctrl-C
        pass

    def stop_after_two(done, _total):
        if done == 2:
            raise Stop

    for name in ("prepare keys", "start chain", "deploy", "issue test cards", "import the roll"):
        run_step(run, name)
    with pytest.raises(Stop):
        dict(STEPS)["register"](run, stop_after_two)
    run.close()
    assert len(list((directory / "receipts").iterdir())) >= 2

    run = begin()
    for name, _ in STEPS[:7]:
        run_step(run, name)
    assert run.client.leaf_count() == VOTERS
    with pytest.raises(Stop):
        dict(STEPS)["vote"](run, stop_after_two)
    assert 2 <= sum(run.client.tally()) < VOTERS
    run.close()

    stop_detached(run.state.chain_directory)  # the chain dies too: its state is on disk
    run = begin()
    for name, _ in STEPS:
        run_step(run, name)
    assert run.tally == run.state.plan.expected_tally()
    assert run.report.verdict == "consistent"
    assert run.eligibility.verdict == "consistent"


def test_an_earlier_demonstration_is_set_aside_not_deleted(directory):
    start_state(directory, small_plan(voters=2))
    start_state(directory, small_plan(voters=3))
    kept = [path for path in directory.parent.iterdir() if path != directory]
    assert len(kept) == 1
    assert len(json.loads((kept[0] / "demo.json").read_text())["plan"]["voters"]) == 2


def test_two_demonstrations_do_not_share_a_folder(directory):
    with locked(directory), pytest.raises(DemoRunningError), locked(directory):
        pass
    with locked(directory):
        assert True, "the first one's end freed the folder"


def test_an_election_without_a_roll_has_as_many_made_up_voters_as_its_file_says():
    base = load_election_file(EXAMPLE / "election.json")
    plan = make_plan(base, None)
    assert len(set(plan.voters)) == base.electorate == 119
    assert len(make_plan(base, None, voters=4).voters) == 4


def test_made_up_people_could_not_be_taken_for_those_on_the_roll():
    plan = small_plan(voters=150)
    people = {entry.voter_id: entry.person for entry in people_for(plan, ROLL).entries}
    assert list(people) == list(plan.voters)
    known = {entry.voter_id for entry in ROLL.entries}
    births = {people[voter].date_of_birth for voter in known}
    assert all(people[voter].date_of_birth not in births for voter in people if voter not in known)
    assert len({(person.name, person.date_of_birth) for person in people.values()}) == 150


def test_notes_are_kept_where_only_their_owner_can_read_them(directory):
    state = start_state(directory, small_plan(voters=2))
    contract = "0x00000000000000000000000000000000000000A1"
    first = state.notes(31337, contract)
    mode = stat.S_IMODE((directory / f"notes-{contract}.json").stat().st_mode)
    assert mode == 0o600
    assert state.notes(31337, contract) == first


def test_resuming_where_nothing_was_begun_says_what_to_do(tmp_path):
    with pytest.raises(NothingToResumeError) as caught:
        resume_state(tmp_path / "nowhere")
    assert "tohyo demo" in caught.value.hint


def test_the_seed_decides_the_choices_and_nothing_else():
    assert small_plan().expected_tally() == small_plan().expected_tally()
    stretched = small_plan(voters=150, candidates=20)
    assert len(stretched.voters) == len(set(stretched.voters)) == 150
    assert len(stretched.election.candidates) == 20
    assert stretched.election.electorate == 150
    assert 2**stretched.election.depth >= 150
