"""What can be wrong with a proof, a key or public inputs before any equation is looked at."""

from __future__ import annotations

from zk.errors import ZkError


class ProofMalformedError(ZkError):
    """No proof at all: a missing part, a coordinate ≥ q, a point off its curve or outside its group."""


class VerifyingKeyMalformedError(ZkError):
    """A verifying key with a missing part, a coordinate ≥ q, or a point outside its group."""


class PublicInputCountError(ZkError):
    """More or fewer public inputs than the verifying key has room for."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"the verifying key takes {expected} public inputs, not {found}")
        self.expected = expected
        self.found = found
