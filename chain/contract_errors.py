"""What the contracts refuse: one class for each Solidity error, and the way from revert data to an instance.

The class of error `X` is `XError`; a test compares the names and fields with the ABI. Values carry
Solidity's names in snake case: `error.values["nullifier_hash"]`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from chain.compiler import contract
from chain.errors import ChainError
from election import errors as election_errors
from zk.errors import TohyoError

_PANIC = bytes.fromhex("4e487b71")
_REVERT_STRING = bytes.fromhex("08c379a0")
_SELECTOR_BYTES = 4
PHASES = ("pending", "registration", "voting", "closed")


def _moment(timestamp: int) -> str:
    """Say a contract's time in words; 0 and the far future stand for never."""
    try:
        return datetime.fromtimestamp(timestamp, UTC).isoformat() if timestamp else "none"
    except (OverflowError, ValueError):
        return f"{timestamp} s"


class ContractError(ChainError):
    """The contract refused. `values` holds what its error carried."""

    sentence: ClassVar[str] = "the contract refused: {values}"
    advice: ClassVar[str] = ""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.values = values or {}
        shown = {**self.values, "values": self.values}
        for name in ("expected", "actual", "phase"):
            if isinstance(shown.get(name), int) and shown[name] < len(PHASES):
                shown[f"{name}_name"] = PHASES[shown[name]]
        for name in ("deadline", "timestamp", "next_phase_at"):
            if isinstance(shown.get(name), int):
                shown[name] = _moment(shown[name])
        TohyoError.__init__(self, self.sentence.format(**shown), hint=self.advice)


class UnknownRevertError(ContractError):
    """The contract reverted with data that none of our errors explains."""

    sentence = "the contract reverted: {reason}"


class FieldElementOutOfRangeError(ContractError):
    """A value is not below the scalar field order."""

    sentence = "{value} is not a field element"
    advice = "a value and the value plus r would be the same in a proof: send the one below r"


class CoordinateOutOfRangeError(ContractError):
    """A proof coordinate is not below the base field order."""

    sentence = "{value} is not a coordinate of a curve point"
    advice = "the proof is damaged: make it again"


class PrecompileFailedError(ContractError):
    """A curve operation failed."""

    sentence = "a curve operation failed in the verifier"
    advice = "send the transaction with more gas"


class DepthOutOfRangeError(ContractError):
    """The tree cannot be this deep."""

    sentence = "a tree of depth {depth} cannot be made"
    advice = "choose a depth from 1 to 32; the scheme cream-classic has 16"


class WrongHasherError(ContractError):
    """The hasher does not compute the tree's hash."""

    sentence = "the contract at {hasher} does not compute the tree's hash"


class TreeFullError(ContractError):
    """Every leaf is taken."""

    sentence = "all {capacity} places for deposits are taken"
    advice = "deploy the next election with a greater depth"


class RegistrarMissingError(ContractError):
    """The registrar's address is missing."""

    sentence = "an election needs a registrar"


class TreasuryMissingError(ContractError):
    """A denomination needs a treasury."""

    sentence = "an election with a denomination needs a treasury"


class DenominationMissingError(ContractError):
    """A classic vote is a payment."""

    sentence = "a vote is a payment here, so the denomination cannot be 0"


class ScheduleNotIncreasingError(ContractError):
    """The three times are not strictly increasing."""

    sentence = "the times {registration_opens}, {voting_opens}, {voting_closes} do not follow one another"


class CandidatesMissingError(ContractError):
    """An election needs a candidate."""

    sentence = "an election needs at least one candidate"


class CandidateAddressRefusedError(ContractError):
    """A candidate's address is zero or the election's own."""

    sentence = "candidate {choice} cannot have the address {account}"


class CandidateRepeatedError(ContractError):
    """Two candidates share an address."""

    sentence = "candidate {choice} has the address {account} of an earlier one"


class WrongPhaseError(ContractError, election_errors.WrongPhaseError):
    """The election is in another phase."""

    sentence = "this needs the {expected_name} phase, but the election is in {actual_name}"
    advice = "`tohyo election status` shows the schedule"


class PhaseAlreadyAnnouncedError(ContractError):
    """Nothing to announce until the next phase begins."""

    sentence = "the {phase_name} phase was announced already; next phase: {next_phase_at}"
    advice = "phases follow the schedule of the election file and cannot be hastened"


class NotRegistrarError(ContractError):
    """Only the registrar deposits without a permit, and anchors its log."""

    sentence = "{account} is not the registrar"
    advice = "deposit with the registrar's permit"


class PermitExpiredError(ContractError):
    """The permit's deadline has passed."""

    sentence = "the permit was good until {deadline}; it is {timestamp}"
    advice = "ask the registrar for a new one"


class PermitNotFromRegistrarError(ContractError):
    """The signature is not the registrar's over this deposit."""

    sentence = "the registrar did not sign this permit for this election and commitment ({signer} did)"
    advice = "use the permit with the commitment and the election it was given for"


class WrongDepositValueError(ContractError):
    """A deposit carries exactly the denomination."""

    sentence = "the deposit needs {expected} wei and carried {sent}"


class CommitmentAlreadyDepositedError(ContractError):
    """The commitment already has a leaf."""

    sentence = "commitment {commitment} was deposited before"
    advice = "nothing is lost if it is yours: vote with its note"


class UnknownCandidateError(ContractError, election_errors.UnknownCandidateError):
    """There is no candidate of this number."""

    sentence = "there is no candidate {choice}"


class RecipientNotCandidateError(ContractError):
    """No candidate has this account."""

    sentence = "{recipient} is no candidate's account"
    advice = "make the ballot again for a candidate of this election"


class UnknownRootError(ContractError):
    """The root is none of the last checkpoints."""

    sentence = "root {root} is none of the last 100 checkpoints"
    advice = "make the ballot again against the latest root"


class NullifierAlreadySpentError(ContractError):
    """A vote with this nullifier hash was counted before."""

    sentence = "a vote with nullifier hash {nullifier_hash} was counted before"
    advice = "each note votes once; `tohyo voter check` shows the ballot that counted"


class FeeTooHighError(ContractError):
    """A fee cannot exceed the deposit."""

    sentence = "a fee of {fee} wei exceeds the deposit of {denomination}"


class RelayerMissingError(ContractError):
    """A fee needs someone to receive it."""

    sentence = "a fee of {fee} wei needs a relayer to receive it"


class InvalidProofError(ContractError):
    """The proof does not prove this vote."""

    sentence = "the proof does not prove this vote"
    advice = "choice, relayer, fee, chain and contract are bound by the proof: make the ballot again"


class RelayerPaymentRefusedError(ContractError):
    """The relayer does not take the fee."""

    sentence = "{relayer} does not take the fee of {fee} wei"
    advice = "make the ballot again with another relayer"


class CandidatePaymentRefusedError(ContractError):
    """The candidate's account does not take the coins."""

    sentence = "the candidate's account {candidate} does not take {amount} wei"
    advice = "nobody can vote for this candidate; the note is unspent and can vote for another"


class TreasuryPaymentRefusedError(ContractError):
    """The treasury does not take the money."""

    sentence = "the treasury {treasury} does not take {amount} wei"


class NothingToReleaseError(ContractError):
    """Nothing belongs to the treasury."""

    sentence = "the contract holds nothing that belongs to the treasury"


class LogEntriesDecreasedError(ContractError):
    """The registrar's log grows only."""

    sentence = "the log had {previous} entries when it was anchored last, so it cannot have {given}"
    advice = "anchor the newest head of the log; if entries are missing, restore the registrar's database"


class ReentrancyGuardReentrantCallError(ContractError):
    """A payee called back (OpenZeppelin)."""

    sentence = "a payee called back into the election while being paid"


class InvalidShortStringError(ContractError):
    """Unreachable with our constant domain name (OpenZeppelin)."""

    sentence = "an internal string is malformed"


class StringTooLongError(ContractError):
    """Unreachable with our constant domain name (OpenZeppelin)."""

    sentence = "an internal string is too long: {str}"


CONTRACTS_WITH_ERRORS = (
    "Cream",
    "CreamClassic",
    "IVoteVerifier",
    "IWithdrawVerifier",
    "PoseidonT3",
    "MiMCSponge",
)


def snake_case(name: str) -> str:
    """`nullifierHash` → `nullifier_hash`; an argument without a name gets "value"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() or "value"


@cache
def error_classes() -> dict[str, type[ContractError]]:
    """Solidity error name → class."""
    return {cls.__name__.removesuffix("Error"): cls for cls in ContractError.__subclasses__()}


@cache
def _by_selector() -> dict[bytes, tuple[str, list[dict[str, Any]]]]:
    entries = [e for name in CONTRACTS_WITH_ERRORS for e in contract(name).abi if e["type"] == "error"]
    return {
        keccak(text=f"{e['name']}({','.join(i['type'] for i in e['inputs'])})")[:_SELECTOR_BYTES]: (
            e["name"],
            e["inputs"],
        )
        for e in entries
    }


def error_from_revert(data: bytes) -> ContractError:
    """Return the error that revert data stands for; UnknownRevertError if it is none of ours."""
    known = _by_selector().get(data[:_SELECTOR_BYTES])
    if known is None:
        return UnknownRevertError({"reason": _foreign_reason(data)})
    name, inputs = known
    try:
        values = decode([i["type"] for i in inputs], data[_SELECTOR_BYTES:])
    except DecodingError:
        return UnknownRevertError({"reason": f"malformed {name}: 0x{data.hex()}"})
    typed = zip(inputs, values, strict=True)
    return error_classes()[name]({snake_case(i["name"]): _shown(i["type"], value) for i, value in typed})


def _shown(kind: str, value: object) -> object:
    return to_checksum_address(str(value)) if kind == "address" else value


def _foreign_reason(data: bytes) -> str:
    try:
        if data[:_SELECTOR_BYTES] == _REVERT_STRING:
            return str(decode(["string"], data[_SELECTOR_BYTES:])[0])
        if data[:_SELECTOR_BYTES] == _PANIC:
            return f"panic 0x{decode(['uint256'], data[_SELECTOR_BYTES:])[0]:02x}"
    except DecodingError:
        pass
    return f"0x{data.hex()}" if data else "no data (out of gas, or no such function)"
