"""Why an audit came to no verdict."""

from __future__ import annotations

from election.errors import DocumentError
from zk.errors import TohyoError


class AuditError(TohyoError):
    """The audit went wrong."""


class AuditImpossibleError(AuditError):
    """The election could not be checked; this says nothing about whether it is consistent."""


class OfficersFileError(DocumentError):
    """The file of officers' public keys is malformed."""

    what = "file of officers' keys"
