"""Brownie fixtures: `alice` is the registrar, `bob` anyone else; every test starts from the same chain."""

import pytest
from brownie import Cream, PoseidonT3, TreeHarness, accounts

from scripts import deploy


@pytest.fixture(scope="module", autouse=True)
def module_isolation(module_isolation):
    """One deployment per module."""


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """What a test does is undone."""


@pytest.fixture(scope="session")
def alice():
    return accounts[0]


@pytest.fixture(scope="session")
def bob():
    return accounts[1]


@pytest.fixture(scope="module")
def hasher(alice):
    return alice.deploy(PoseidonT3)


@pytest.fixture(scope="module")
def tree(alice, hasher):
    return alice.deploy(TreeHarness, 4, hasher)


@pytest.fixture(scope="module")
def election(alice):
    """The election that scripts/deploy.py deploys."""
    return Cream.at(deploy.main())
