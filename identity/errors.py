"""Why a credential proves nobody's identity.

IdentityError
├── CredentialRefusedError      the credential says no; the voter gets a signed refusal with this code
│   ├── CertificateMalformedError, NotExactlyOneSignatureError, SignatureInvalidError
│   ├── IssuerUnknownError, CertificateIsAuthorityError, WrongKeyUsageError, WrongCertificatePolicyError
│   ├── CertificateNotYetValidError, CertificateExpiredError, CertificateRevokedError
│   ├── RevocationUnknownError  the authority does not know the certificate
│   ├── UnsupportedKeyError, UnknownCriticalExtensionError
│   ├── CertificateNamesNoPersonError, PersonalDataMalformedError
│   ├── SignInRefusedError      an OpenID provider's answer cannot be accepted
│   └── OfficeCredentialRefusedError
├── RevocationUnavailableError  nobody answered: nothing is decided, try again
├── SignInUnavailableError      the OpenID provider does not answer: try again
├── SignInSettingsError         an OpenID provider's settings cannot be used
├── OfficerKeyError             an officer's key file or public key cannot be used
├── RegistrarLogBrokenError     the log was changed after it was written
├── EvidenceError               the archive of the evidence cannot be used
│   └── EvidenceKeyError, EvidenceDamagedError, EvidenceMalformedError
└── TrustError                  the configured roots cannot be used
    ├── TestRootInProductionError, ProductionRootInTestError
    └── RootMalformedError
"""

from __future__ import annotations

from zk.errors import TohyoError


class IdentityError(TohyoError):
    """Somebody's identity could not be established."""


class CredentialRefusedError(IdentityError):
    """The credential says no."""


class CertificateMalformedError(CredentialRefusedError):
    """It is no DER-encoded X.509 certificate of version 3, or there is something after it."""


class NotExactlyOneSignatureError(CredentialRefusedError):
    """There is no signature, or more than one."""


class SignatureInvalidError(CredentialRefusedError):
    """The signature is not one over this challenge and commitment with the certificate's key."""


class IssuerUnknownError(CredentialRefusedError):
    """No trusted authority signed the certificate, whatever name it gives."""


class CertificateIsAuthorityError(CredentialRefusedError):
    """The certificate may sign certificates; a person's may not."""


class WrongKeyUsageError(CredentialRefusedError):
    """The key is not meant for this."""


class WrongCertificatePolicyError(CredentialRefusedError):
    """The certificate was issued under another policy."""


class CertificateNotYetValidError(CredentialRefusedError):
    """The certificate begins later."""


class CertificateExpiredError(CredentialRefusedError):
    """The certificate's time is over."""


class CertificateRevokedError(CredentialRefusedError):
    """The authority took the certificate back."""


class RevocationUnknownError(CredentialRefusedError):
    """The authority's answer is that it does not know the certificate."""


class UnsupportedKeyError(CredentialRefusedError):
    """Neither RSA-2048 nor P-384, or another signature algorithm than the profile's."""


class UnknownCriticalExtensionError(CredentialRefusedError):
    """The certificate has a part that must be understood, and is not."""


class CertificateNamesNoPersonError(CredentialRefusedError):
    """A user-authentication certificate says nothing about its holder."""


class PersonalDataMalformedError(CredentialRefusedError):
    """Name, date of birth, sex or address in the certificate cannot be read."""


class SignInRefusedError(CredentialRefusedError):
    """The OpenID provider's answer cannot be accepted."""


class OfficeCredentialRefusedError(CredentialRefusedError):
    """The office-issued credential is unknown, used, expired or not approved by two officers."""


class RevocationUnavailableError(IdentityError):
    """Nobody could say whether the certificate was revoked; nothing is decided."""


class SignInUnavailableError(IdentityError):
    """The OpenID provider does not answer; nothing is decided."""


class SignInSettingsError(IdentityError):
    """An OpenID provider's settings cannot be used."""


class OfficerKeyError(IdentityError):
    """An officer's key file or public key cannot be used."""


class RegistrarLogBrokenError(IdentityError):
    """An entry of the registrar's log is missing, added or changed."""


class EvidenceError(IdentityError):
    """An archive of the evidence cannot be written or read."""


class EvidenceKeyError(EvidenceError):
    """The key is none, or it does not open this archive."""


class EvidenceDamagedError(EvidenceError):
    """The archive was cut off or changed, or is none."""


class EvidenceMalformedError(EvidenceError):
    """A line of the archive is not what it should be."""


class TrustError(IdentityError):
    """The configured certificates cannot be used as roots of trust."""


class TestRootInProductionError(TrustError):
    """A root of a test PKI was configured in production mode."""


class ProductionRootInTestError(TrustError):
    """A production root was configured in test mode."""


class RootMalformedError(TrustError):
    """The file is no self-signed authority certificate."""
