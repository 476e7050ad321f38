"""What the registrar cannot or must not do, and why."""

from __future__ import annotations

from zk.errors import TohyoError


class RegistrarError(TohyoError):
    """The registrar cannot or must not do what was asked."""


class CommitmentAlreadyRegisteredError(RegistrarError):
    """Another voter registered this commitment before."""


class NotTheRegistrarError(RegistrarError):
    """The account is not the one whose permits the election's contract accepts."""


class RollTooLongError(RegistrarError):
    """The roll names more voters than the election file has room for."""


class SettingsError(RegistrarError):
    """A setting of the service is unknown, missing or wrong."""


class DatabaseError(RegistrarError):
    """The registrar's database cannot be used."""


class DatabaseUnavailableError(DatabaseError):
    """The database does not answer, or not in time; nothing was changed."""


class DatabaseDamagedError(DatabaseError):
    """It is no registrar's database, or it is damaged."""


class DatabaseTooNewError(DatabaseError):
    """A newer version of the program made the database."""


class DatabaseOfAnotherElectionError(DatabaseError):
    """The database belongs to another election."""


class VaultError(RegistrarError):
    """Something sealed cannot be opened, or a key file cannot be used."""


class KeyFileError(VaultError):
    """The file of master keys is missing, malformed or open to others."""


class MasterKeyMissingError(VaultError):
    """A record was sealed under a master key that is not there."""


class SealBrokenError(VaultError):
    """A sealed record was changed, or moved to another place."""


class RecordErasedError(VaultError):
    """The retention command erased the record."""


class RotationRefusedError(VaultError):
    """An old master key may still be needed."""


class RollEntryUnknownError(RegistrarError):
    """Nobody on the roll has this pseudonym, or no longer."""


class LedgerError(RegistrarError):
    """The ledger of voting status does not allow it."""


class VotesByAnotherChannelError(LedgerError):
    """The person already uses another way to vote."""


class LedgerTransitionRefusedError(LedgerError):
    """The status does not lead to the wanted one, or not for this actor."""


class ChangeListError(RegistrarError):
    """A change of the roll cannot be proposed or decided."""


class ChangeListUnknownError(ChangeListError):
    """No change list has this id."""


class ChangeListDecidedError(ChangeListError):
    """The change list was approved or rejected before."""


class ChangeListRefusedError(ChangeListError):
    """The change list does not fit the roll as it is now."""


class SecondOfficerNeededError(ChangeListError):
    """Whoever proposed a change cannot decide on it."""


class OfficerSignatureInvalidError(ChangeListError):
    """An officer's signature does not hold."""


class RetentionTooEarlyError(RegistrarError):
    """The election is not over, or its results can still be contested."""


class LeaseLostError(RegistrarError):
    """Another process deposits now; this one must not."""


class ChainBehindError(RegistrarError):
    """The node knows less of the chain than the registrar saw before."""


class OfficeError(RegistrarError):
    """An officer cannot or must not do what was asked."""


class OfficerNotAuthenticatedError(OfficeError):
    """Nothing shows which officer is asking."""


class OfficerTokenRefusedError(OfficerNotAuthenticatedError):
    """The token is none, or no officer signed it for this registrar."""


class OfficerTokenExpiredError(OfficerNotAuthenticatedError):
    """The token's time is over, has not come, or is longer than five minutes."""


class OfficerTokenReplayedError(OfficerNotAuthenticatedError):
    """The token was used before."""


class OfficerTokenForAnotherRequestError(OfficerNotAuthenticatedError):
    """The token was signed for another method, address or body."""


class OfficerCertificateUnknownError(OfficerNotAuthenticatedError):
    """The TLS client certificate is no officer's."""


class OfficerRoleMissingError(OfficeError):
    """The officer's roles do not allow this."""


class OfficerStatementStaleError(OfficeError):
    """The signed time is not the present time."""


class ReviewUnknownError(OfficeError):
    """No registration with this id was ever in review."""


class ReviewClosedError(OfficeError):
    """Two officers have decided this review."""


class ReviewRefusedError(OfficeError):
    """Two officers decided that the registration belongs to nobody on the roll."""


class OfficeCredentialUnknownError(OfficeError):
    """No office-issued credential has this id."""


class OfficeCredentialExistsError(OfficeError):
    """An office-issued credential has this id already."""


class OfficeCredentialDecidedError(OfficeError):
    """The office-issued credential was approved, used, or has expired."""


class RefusalUnknownError(OfficeError):
    """This registrar never signed this refusal."""


class RefusalResolvedError(OfficeError):
    """An officer has answered this refusal."""


class RequestError(RegistrarError):
    """The request is not one that the service answers; nothing was decided."""


class RequestMalformedError(RequestError):
    """The body, a parameter or a header is not what the description of the service asks for."""


class RequestTimeoutError(RequestError):
    """The body of the request did not arrive in time."""


class BodyTooLargeError(RequestError):
    """The body of the request is longer than the service reads."""


class UnsupportedMediaTypeError(RequestError):
    """The body of the request is not declared as JSON."""


class RateLimitedError(RequestError):
    """Too many requests in the last minute; none of them is connected with an address."""

    def __init__(self, message: str, *, hint: str = "", retry_after: int = 60) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after  # seconds


class OverloadedError(RequestError):
    """Too many requests are being answered at this moment."""


class NotFoundError(RequestError):
    """Nothing is at this address."""


class MethodNotAllowedError(RequestError):
    """The address does not take this method."""


class ReceiptRequiredError(RequestError):
    """The request carries no receipt's signature."""


class RegistrationUnknownError(RequestError):
    """There is no registration of this id with this receipt."""


class InternalError(RegistrarError):
    """Something unforeseen happened; only its number is told."""


class NotReadyError(RegistrarError):
    """The service cannot do its work now."""


class ChallengeError(RegistrarError):
    """The challenge cannot be used."""


class ChallengeUnknownError(ChallengeError):
    """This registrar gave no such challenge, or it was changed."""


class ChallengeExpiredError(ChallengeError):
    """The challenge's time is over."""


class ChallengeUsedError(ChallengeError):
    """The challenge was used for another request."""


class RegistrationRefusedError(RegistrarError):
    """The registrar signs a refusal: the person, the commitment or the time is not right."""


class RegistrationNotOpenError(RegistrationRefusedError):
    """Registration has not begun."""


class RegistrationClosedError(RegistrationRefusedError):
    """Registration is over, or so nearly over that no deposit could be promised."""


class CredentialKindNotAcceptedError(RegistrationRefusedError):
    """This registrar does not take credentials of this kind."""


class PersonNotOnRollError(RegistrationRefusedError):
    """The roll names nobody like the person whose credential it is."""


class DepositInProgressError(RegistrationRefusedError):
    """The person's earlier commitment is on its way to the chain and cannot be replaced now."""


class AlreadyDepositedError(RegistrationRefusedError):
    """The person's earlier commitment is in the tree."""


class PermitOutstandingError(RegistrationRefusedError):
    """The person holds a permit for another commitment that could still be used."""
