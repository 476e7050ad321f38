"""Why a note cannot vote (yet). No message ever holds any part of a note's secrets."""

from __future__ import annotations

from zk.errors import TohyoError


class VoterError(TohyoError):
    """Something stands between a voter and the ballot."""


class NoteDamagedError(VoterError):
    """The text is no note, or a character of it was lost or mistyped."""


class NoteOfAnotherElectionError(VoterError):
    """The note belongs to another chain or contract."""


class NoteOfAnotherSchemeError(VoterError):
    """The note's numbers are not those of the election's scheme."""


class NotDepositedYetError(VoterError):
    """The note's commitment is not among the deposits."""


class NotCheckpointedYetError(VoterError):
    """The commitment is deposited, but no root that the contract accepts covers it."""


class NodeContradictsItselfError(VoterError):
    """The deposits that the node tells do not add up to the root that it tells."""


class NoteAlreadyUsedError(VoterError):
    """A ballot made from this note is in already."""
