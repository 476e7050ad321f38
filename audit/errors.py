"""Why an audit came to no verdict."""

from __future__ import annotations

from zk.errors import TohyoError


class AuditError(TohyoError):
    """The audit went wrong."""


class AuditImpossibleError(AuditError):
    """The election could not be checked; this says nothing about whether it is consistent."""
