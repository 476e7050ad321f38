"""An officer who signs here, at the command line, with the key that the settings name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.errors import OfficerRoleMissingError, OfficerSignatureInvalidError
from api.office.roles import Role, require_officers
from identity.officer import OfficerKey, sign_document, verify_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from api.settings import OfficerSettings


@dataclass(frozen=True, repr=False)
class Signer:
    """One officer with their private key."""

    officer: OfficerSettings
    key: OfficerKey

    @property
    def id(self) -> str:
        """The officer's id."""
        return self.officer.id

    @staticmethod
    def of(officers: Iterable[OfficerSettings], officer_id: str, key: OfficerKey) -> Signer:
        """Find the officer in the settings.

        Raises:
            OfficerSignatureInvalidError: nobody has this id, or the key is not theirs.
            SettingsError: the settings' officers cannot be told apart.

        """
        officer = require_officers(officers).get(officer_id)
        if officer is None or officer.public_key != key.public_key_hex:
            raise OfficerSignatureInvalidError(
                f"The settings name no officer {officer_id[:32]} with this key.",
                hint="`tohyo office key show FILE` prints the public key that the settings need.",
            )
        return Signer(officer, key)

    def require_role(self, role: Role) -> None:
        """Raise OfficerRoleMissingError unless the officer has the role."""
        if role not in self.officer.roles:
            raise OfficerRoleMissingError(
                f"The roles of {self.id} do not allow this.", hint=f"Ask somebody whose role is `{role}`."
            )

    def sign(self, statement: dict[str, Any]) -> bytes:
        """Sign a statement."""
        return sign_document(statement, self.key)


def require_signature(
    statement: dict[str, Any],
    signature: bytes,
    officer_id: str,
    role: Role,
    officers: Iterable[OfficerSettings],
) -> None:
    """Raise OfficerSignatureInvalidError unless an officer with this role signed the statement."""
    officer = require_officers(officers).get(officer_id)
    if (
        officer is None
        or role not in officer.roles
        or not verify_document(statement, signature, officer.public_key)
    ):
        raise OfficerSignatureInvalidError(
            f"The signature of {officer_id} does not hold, or the settings no longer give them the role.",
            hint="Reject the list; an officer with the role may propose it again.",
        )
