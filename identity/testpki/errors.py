"""What goes wrong with a test PKI.

TestPkiError
├── TestPkiDamagedError, TestPkiFolderTakenError, TestPkiBusyError
├── CardNameTakenError, NoSuchCardError
└── CardSecretMalformedError
"""

from __future__ import annotations

from typing import ClassVar

from identity.errors import IdentityError


class TestPkiError(IdentityError):
    """A test PKI cannot do what was asked."""

    __test__: ClassVar[bool] = False  # pytest collects nothing here


class TestPkiDamagedError(TestPkiError):
    """The folder is no test PKI, or files of it are missing."""


class TestPkiFolderTakenError(TestPkiError):
    """Something else is in the folder."""


class TestPkiBusyError(TestPkiError):
    """Another process is making cards in the folder."""


class CardNameTakenError(TestPkiError):
    """There is a card of that name already."""


class NoSuchCardError(TestPkiError):
    """No card of that name was issued."""


class CardSecretMalformedError(TestPkiError):
    """A password or PIN has another form than those of real cards."""
