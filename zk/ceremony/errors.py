"""What can be wrong with a ceremony's files, before and after any equation is looked at.

CeremonyError
├── CeremonyFileError           no such file as the step needs: foreign, cut short, a point off its curve
├── ContributionInvalidError    a contribution that breaks a rule; names its number and its contributor
├── PowersInvalidError          a powers-of-tau file whose points do not fit together
├── CircuitKeyInvalidError      a circuit key whose points do not follow from circuit and powers of tau
├── TranscriptInvalidError      a transcript that cannot be read or does not fit together
├── CeremonyIncompleteError     too few people have contributed
└── CeremonyRequestError        a request that cannot be carried out: name too long, weak beacon, …
"""

from __future__ import annotations

from zk.errors import ZkError, shown

ASK_AGAIN = (
    "Do not use the file. Ask whoever sent it to send it again, or to contribute again to the last good file."
)


class CeremonyError(ZkError):
    """Something that a ceremony does not accept."""


class CeremonyFileError(CeremonyError):
    """A file that is not what the step needs."""


class ContributionInvalidError(CeremonyError):
    """A contribution that breaks a rule."""

    def __init__(self, number: int, name: str, reason: str) -> None:
        who = f"contribution {number}" + (f" ({shown(name)})" if name else "")
        super().__init__(f"{who} is invalid: {reason}", hint=ASK_AGAIN)
        self.number = number
        self.contributor = name
        self.reason = reason


class PowersInvalidError(CeremonyError):
    """A powers-of-tau file whose points do not fit together."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the powers of tau are invalid: {reason}", hint=ASK_AGAIN)
        self.reason = reason


class CircuitKeyInvalidError(CeremonyError):
    """A circuit key that does not follow from its circuit, the powers of tau and its contributions."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the circuit key is invalid: {reason}", hint=ASK_AGAIN)
        self.reason = reason


class TranscriptInvalidError(CeremonyError):
    """A transcript that cannot be read, or whose parts do not fit together."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the transcript is invalid: {reason}",
            hint="Get the transcript again from whoever published it, and compare its hash.",
        )
        self.reason = reason


class CeremonyIncompleteError(CeremonyError):
    """Too few people have contributed for the keys to be trusted."""


class CeremonyRequestError(CeremonyError):
    """A request that cannot be carried out."""
