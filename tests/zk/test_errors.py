from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zk.circuit import UnsatisfiedConstraintError
from zk.circuits import CircuitName
from zk.field import FieldElementOutOfRangeError
from zk.files import InputFileError
from zk.keys import KeyFileDamagedError

if TYPE_CHECKING:
    from zk.errors import ZkError

ERRORS = [
    UnsatisfiedConstraintError(7, "y is the square of x", "square.py:3"),
    FieldElementOutOfRangeError("secret"),
    InputFileError(Path("a.json"), "is no JSON"),
    KeyFileDamagedError(Path("vote.zkey"), CircuitName.VOTE, 20, "its SHA-256 is another"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_comes_out_of_another_process_as_it_was(error: ZkError) -> None:
    error.add_note("at position 1")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  made in the line itself
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
