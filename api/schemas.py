"""The documents on the wire: what requests must be, and what answers are. Unknown members are refused.

Numbers beyond 53 bits are decimal text, since JavaScript would round them. There is no member in which a
note, a nullifier or a choice could be put.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from api.database.tables import RegistrationStatus
from election.receipt import Promise
from identity.challenge import MAX_LENGTH
from identity.credential import CredentialKind, Mode

_DECIMAL = r"^(0|[1-9][0-9]{0,77})$"
_ID = r"^[0-9a-f]{32}$"
_EXAMPLE_ID = "8f2b6c1d3e4a5f60718293a4b5c6d7e8"
_EXAMPLE_COMMITMENT = "1234567890123456789012345678901234567890"
_EXAMPLE_CHALLENGE = (
    "tohyo voter registration / 有権者登録\nElection: つくば市 …\nContract: 0x… on chain 31337\n"
    "Purpose: register one anonymous commitment / 匿名コミットメントを一つ登録する\n"
    "Issued: 2026-11-21T09:00:00Z\nExpires: 2026-11-21T09:10:00Z\nNonce: …\n"
)

Decimal = Annotated[str, Field(pattern=_DECIMAL, examples=["1800000000"])]
Commitment = Annotated[
    str,
    Field(
        pattern=_DECIMAL,
        examples=[_EXAMPLE_COMMITMENT],
        description="The commitment of a note, in decimal, below the field's order r.",
    ),
]
Identifier = Annotated[str, Field(pattern=_ID, examples=[_EXAMPLE_ID])]
SignatureHex = Annotated[
    str,
    Field(
        pattern=r"^0x[0-9a-f]{130}$",
        examples=["0x" + "1b" * 65],
        description="The registrar's signature: EIP-712 typed data, secp256k1.",
    ),
]
Url = Annotated[str, Field(min_length=1, max_length=500, examples=["https://idp.example.jp"])]
# A list of signatures is taken in, so that its refusal can say what is wrong; it is never accepted.
OneSignature = Annotated[
    str | list[str],
    WithJsonSchema(
        {
            "type": "string",
            "examples": ["c2lnbmF0dXJl…"],
            "description": "Base64 of one signature over the challenge, then `Commitment: <decimal>` and a"
            " line end. RSA-2048 PKCS #1 v1.5 with SHA-256, or ECDSA P-384 with SHA-384 (DER).",
        }
    ),
]


class Strict(BaseModel):
    """A document that holds the members it names and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    __str__ = __repr__


class Nothing(Strict):
    """An empty object."""


class JpkiCredential(Strict):
    """A My Number card: the signing certificate and one signature made with it."""

    kind: Literal["jpki"]
    certificate: Annotated[
        str, Field(max_length=16_384, examples=["MIIF…"], description="Base64 of the certificate (DER).")
    ]
    signature: OneSignature


class OidcCredential(Strict):
    """A sign-in with an OpenID provider: what came back to the voter's browser."""

    kind: Literal["oidc"]
    state: Annotated[str, Field(max_length=200, examples=["Zk3…"])]
    code: Annotated[str, Field(max_length=4_096, examples=["SplxlOBeZQQYbYS6WxSbIA"])]
    issuer: Url | None = None


class OfficeCredential(Strict):
    """A one-time credential that two officers of the election office issued."""

    kind: Literal["office"]
    id: Identifier
    secret: Annotated[
        str,
        Field(min_length=1, max_length=64, examples=["ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567"]),
    ]


Credential = Annotated[JpkiCredential | OidcCredential | OfficeCredential, Field(discriminator="kind")]
ChallengeText = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH, examples=[_EXAMPLE_CHALLENGE])]


class ChallengeDocument(Strict):
    """A text to sign; it serves for one registration and expires."""

    challenge: ChallengeText
    expires_at: Annotated[int, Field(description="Seconds since 1970.", examples=[1_800_000_600])]


class RegistrationDocument(Strict):
    """A request to register one commitment."""

    challenge: ChallengeText
    commitment: Commitment
    credential: Credential


class AuthorizationRequest(Strict):
    """A request to begin a sign-in that is bound to one challenge and one commitment."""

    challenge: ChallengeText
    commitment: Commitment
    issuer: Annotated[Url | None, Field(description="May be left out if there is one provider.")] = None


class AuthorizationDocument(Strict):
    """Where to send the voter's browser; the state must come back with the code."""

    url: Annotated[str, Field(examples=["https://idp.example.jp/authorize?response_type=code&…"])]
    state: Annotated[str, Field(examples=["Zk3…"])]


class ReceiptDocument(Strict):
    """The registrar's signed promise; keep it. Its signature opens the registration to its holder."""

    format: Literal["tohyo-receipt/1"]
    registration_id: Identifier
    election_id: Decimal
    commitment: Commitment
    roll_entry: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{32})?$",
            examples=[_EXAMPLE_ID],
            description="Pseudonym of the entry on the roll; empty while the office decides.",
        ),
    ]
    promise: Promise
    issued_at: Decimal
    deposit_by: Decimal
    signature: SignatureHex


class PermitDocument(Strict):
    """A signed permission to deposit the commitment oneself."""

    format: Literal["tohyo-permit/1"]
    commitment: Commitment
    deadline: Decimal
    signature: SignatureHex


class RegisteredDocument(Strict):
    """What a registration gets: a receipt, and a permit if voters deposit themselves."""

    receipt: ReceiptDocument
    permit: PermitDocument | None


class TreeDocument(Strict):
    """The tree over the chain's deposits, and whether ballots may use its root already."""

    leaf_count: int
    root: Decimal
    known_on_chain: bool


class StandingDocument(Strict):
    """How far a registration has come."""

    registration_id: Identifier
    status: RegistrationStatus
    leaf_index: int | None
    tree: Annotated[
        TreeDocument | None, Field(description="Once deposited; null until the service has read the chain.")
    ]
    receipt: ReceiptDocument
    permit: PermitDocument | None
    refusal: Annotated[
        "RefusalDocument | None", Field(description="After a review in which two officers refused.")
    ] = None


class ElectionDocument(Strict):
    """What everybody may know of the election and its registrar."""

    title: str
    contract: Annotated[str, Field(examples=["0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"])]
    chain_id: int
    election_id: Decimal
    registrar: str
    scheme: Annotated[str, Field(examples=["cream"])]
    mode: Mode
    deposits: Literal["batch", "permit"]
    credentials: list[CredentialKind]
    sign_in_issuers: list[str]
    registration_opens: int
    registration_closes: Annotated[int, Field(description="A little before voting opens.")]
    voting_opens: int
    voting_closes: int
    warnings: Annotated[list[str], Field(examples=[["test cards: not for a real election"]])]
    version: str


class HealthDocument(Strict):
    """The process lives."""

    status: Literal["ok"]


class ReadyDocument(Strict):
    """What the service needs, and whether it is there."""

    ready: bool
    checks: dict[str, bool]


class RefusalDocument(Strict):
    """The registrar's signed no; it can be contested with POST /v1/contests."""

    format: Literal["tohyo-refusal/1"]
    refusal_id: Identifier
    election_id: Decimal
    request_digest: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$", examples=["0x" + "ab" * 32])]
    reason: Annotated[str, Field(examples=["certificate_expired"])]
    refused_at: Decimal
    signature: SignatureHex


class Fault(Strict):
    """One thing wrong with a request: where, and what."""

    at: str
    fault: str


class Problem(BaseModel):
    """What went wrong (RFC 9457): `code` is stable, `detail` and `hint` are for people."""

    type: Annotated[str, Field(examples=["urn:tohyo:problem:challenge_used"])]
    title: str
    status: int
    code: Annotated[str, Field(examples=["challenge_used"])]
    detail: str
    hint: str
    refusal: RefusalDocument | None = None
    errors: list[Fault] = []
    error_id: str = ""
