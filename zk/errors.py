"""The root of every error that tohyo raises on purpose.

    TohyoError
    ├── zk.errors.ZkError               malformed field elements, witnesses, proofs, key files
    ├── election.errors.ElectionError   election file, roll, note, ballot
    ├── chain.errors.ChainError         node, network, contract
    └── audit, voter, api, relayer      each its own branch

The root stands in the lowest layer because every other layer may import it. An error carries a stable
`code` (snake case; the wire and the command line use it) and a `hint` that says what to do next.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar


class TohyoError(Exception):
    """An error with a stable code and, where there is one, a next step for the user."""

    code: ClassVar[str] = "tohyo"

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Derive `code` from the class name: `NullifierAlreadySpentError` → `nullifier_already_spent`."""
        super().__init_subclass__(**kwargs)
        stem = cls.__name__.removesuffix("Error")
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", stem).lower()

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without calling `__init__` again: its arguments differ by class, and workers fail too."""
        return _revived, (type(self), self.args, self.__dict__)


def _revived(cls: type[TohyoError], args: tuple[object, ...], attributes: dict[str, object]) -> TohyoError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(attributes)
    return error


class ZkError(TohyoError):
    """A malformed field element, witness, proof or key."""


def shown(name: str) -> str:
    """Return a name from a file as it may be printed: without what a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
