"""Why the relayer does not carry a ballot. What the contract would refuse has the contract's own error."""

from __future__ import annotations

from zk.errors import TohyoError


class RelayerError(TohyoError):
    """The relayer does not carry this ballot."""


class RelayerOfAnotherAccountError(RelayerError):
    """The ballot's fee would go to somebody else."""


class FeeTooLowError(RelayerError):
    """The ballot pays less than this relayer asks."""
