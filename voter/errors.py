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


class RegistrationError(VoterError):
    """A registration did not come about, or cannot be believed."""


class RegistrarUnreachableError(RegistrationError):
    """The registrar's service does not answer, or cannot decide now."""


class RegistrarAnswerError(RegistrationError):
    """The registrar's service said no without a signed refusal, or something that makes no sense."""


class RegistrarOfAnotherElectionError(RegistrationError):
    """The service registers for another election than the note was made for."""


class RegistrarNotEncryptedError(RegistrationError):
    """The registrar's address would send personal data unencrypted over a network."""


class ChallengeNotGenuineError(RegistrationError):
    """What the service wants signed is no challenge for this election."""


class RegistrationWasRefusedError(RegistrationError):
    """The registrar refused and signed the refusal."""


class ReceiptNotGenuineError(RegistrationError):
    """The election's registrar did not sign this for this commitment."""


class ReceiptFileTakenError(RegistrationError):
    """The file holds the receipt of another registration."""


class SignInFailedError(RegistrationError):
    """The sign-in with the OpenID provider did not come back as it was begun."""
