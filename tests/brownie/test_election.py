"""The deployment script and the contracts as Brownie sees them; the full suite is tests/contracts."""

from brownie import ZERO_ADDRESS, reverts


def test_the_script_deploys_an_election_in_its_first_phase(election, alice):
    assert election.registrar() == alice
    assert election.leafCount() == 0
    assert election.totalSupply() == 0
    assert sum(election.tally()) == 0


def test_nobody_votes_before_voting_opens(election, bob):
    with reverts():
        election.castVote(0, 1, 1, ZERO_ADDRESS, 0, (0,) * 8, {"from": bob})


def test_only_the_registrar_deposits(election, bob):
    with reverts():
        election.deposit["uint256"](1, {"from": bob})


def test_a_leaf_changes_the_root(tree, bob):
    tree.insertAndCheckpoint([7], {"from": bob})
    first = tree.latestRoot()
    tree.insertAndCheckpoint([8], {"from": bob})
    assert tree.latestRoot() != first
    assert tree.isKnownRoot(first)


def test_each_test_starts_from_an_empty_tree(tree):
    assert tree.leafCount() == 0


def test_the_hasher_gives_poseidons_known_digest(hasher):
    # poseidon([1, 2]) of circomlibjs
    assert hasher.hash(1, 2) == 7853200120776062878684798364095072458815029376092732009249414926327459813530
