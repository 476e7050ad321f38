"""Why the registrar gives no permit."""

from __future__ import annotations

from zk.errors import TohyoError


class RegistrarError(TohyoError):
    """The registrar cannot or must not do what was asked."""


class VoterNotOnRollError(RegistrarError):
    """The roll does not name this voter."""


class VoterAlreadyRegisteredError(RegistrarError):
    """The voter got a permit for another commitment before."""


class CommitmentAlreadyRegisteredError(RegistrarError):
    """Another voter got a permit for this commitment before."""


class NotTheRegistrarError(RegistrarError):
    """The account is not the one whose permits the election's contract accepts."""


class RollTooLongError(RegistrarError):
    """The roll names more voters than the election file has room for."""


class StoreOfAnotherElectionError(RegistrarError):
    """The store of permits belongs to another election."""


class StoreDamagedError(RegistrarError):
    """The file is no store of permits, or it is damaged."""


class SettingsError(RegistrarError):
    """A setting of the service is unknown, missing or wrong."""


class LeaseLostError(RegistrarError):
    """Another process deposits now; this one must not."""


class ChainBehindError(RegistrarError):
    """The node knows less of the chain than the registrar saw before."""
