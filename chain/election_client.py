"""An election's contract as a Python object: typed reads, writes and events, whatever its scheme.

The schemes' own clients are `chain.cream` and `chain.cream_classic`; `chain.elections` opens the right one.
Trusts the node it talks to; `audit` is for those who do not. A write refuses with the contract's own error
before anything is sent (see `chain.sender`). Addresses are checksummed text, amounts wei, times UNIX
seconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from web3 import Web3
from web3.types import Wei

from chain.compiler import contract
from chain.connection import require_contract, typed_errors
from chain.contract_errors import FeeTooHighError, RelayerMissingError, WrongPhaseError
from chain.errors import BallotTooCostlyError, NoContractError
from chain.events import RegistrarLogAnchored
from chain.logs import LogReader
from chain.schemes import CONTRACTS, SchemeContracts
from chain.sender import with_margin
from election.address import ZERO_ADDRESS
from election.phase import Phase
from zk.solidity import verifying_key_from_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hexbytes import HexBytes
    from web3.contract.contract import ContractFunction
    from web3.types import TxParams, TxReceipt

    from chain.events import ElectionEvent
    from chain.sender import Sender
    from election.ballot import Ballot
    from election.permit import DepositPermit
    from election.scheme import Scheme
    from zk.groth16 import VerifyingKey


SENDING_WINDOW = 32
MAX_BALLOT_GAS = 600_000  # twice what a ballot takes; the rest is for a candidate's own contract


@dataclass(frozen=True)
class ElectionConfig:
    """What the contract was deployed with, as it answers for itself."""

    election_id: int
    election_file_hash: bytes
    registrar: str
    treasury: str
    denomination: int
    depth: int
    registration_opens: int
    voting_opens: int
    voting_closes: int
    candidates: tuple[str, ...]
    verifier: str
    hasher: str


@dataclass(frozen=True)
class TransactionResult:
    """An included transaction; `operation` is the contract function's name."""

    operation: str
    hash: str
    gas_used: int
    block_number: int
    timestamp: int


class ElectionClient(ABC):
    """One election's contract. Raises NoContractError if there is none at `address`."""

    scheme: ClassVar[Scheme]
    cast_operation: ClassVar[str]  # the contract's function that casts a ballot

    def __init__(self, w3: Web3, address: str) -> None:
        self.w3 = w3
        self.address = require_contract(w3, address)
        self.contract = w3.eth.contract(address=self.address, abi=contract(self._contracts.election).abi)
        self._logs = LogReader(w3, self.contract)
        self._config: ElectionConfig | None = None
        self._deployment_block: int | None = None
        self._election_file: bytes | None = None

    @property
    def _contracts(self) -> SchemeContracts:
        return CONTRACTS[self.scheme]

    def config(self) -> ElectionConfig:
        """Return what never changes; asked once."""
        if self._config is None:
            self._config = self._read_config()
        return self._config

    def phase(self) -> Phase:
        """Phase at the newest block's timestamp."""
        return Phase(self._read("phase"))

    def announced_phase(self) -> Phase:
        """Return the phase that was last recorded on chain, which may lag behind the clock."""
        announced = (event.phase for event in self.events(names={"PhaseAdvanced"}))  # type: ignore[attr-defined] # the filter
        return Phase(max(announced, default=Phase.PENDING))

    def require_phase(self, expected: Phase) -> None:
        """Raise WrongPhaseError, as the contract would, unless the election is in this phase."""
        actual = self.phase()
        if actual is not expected:
            raise WrongPhaseError({"expected": int(expected), "actual": int(actual)})

    def require_fee(self, fee: int, relayer: str) -> None:
        """Raise FeeTooHighError or RelayerMissingError for a fee that the contract would not pay."""
        denomination = self.config().denomination
        if fee > denomination:
            raise FeeTooHighError({"fee": fee, "denomination": denomination})
        if fee and relayer == ZERO_ADDRESS:
            raise RelayerMissingError({"fee": fee})

    def leaf_count(self) -> int:
        """Deposits so far."""
        return int(self._read("leafCount"))

    def latest_root(self) -> int:
        """Root of the last checkpoint, 0 before the first."""
        return int(self._read("latestRoot"))

    def is_known_root(self, root: int) -> bool:
        """Whether votes against this root are accepted."""
        return bool(self._read("isKnownRoot", root))

    def is_spent(self, nullifier_hash: int) -> bool:
        """Whether a vote with this nullifier hash was counted."""
        return bool(self._read("isSpent", nullifier_hash))

    def is_deposited(self, commitment: int) -> bool:
        """Whether the commitment has a leaf."""
        return bool(self._read("isDeposited", commitment))

    def tally(self) -> tuple[int, ...]:
        """Votes of every candidate, in the order of the election file."""
        return tuple(self._read("tally"))

    def releasable(self) -> int:
        """Wei that `release` would send to the treasury."""
        return int(self._read("releasable"))

    def verifying_key(self) -> VerifyingKey:
        """Return the key that the election's verifier answers with."""
        return verifying_key_from_words(self._read_verifier("verifyingKey"))

    def transcript_hash(self) -> bytes:
        """Return the hash of the key's ceremony; 32 zero bytes say development keys."""
        return bytes(self._read_verifier("ceremonyTranscriptHash"))

    def chain_id(self) -> int:
        """Return the chain's id."""
        with typed_errors():
            return self.w3.eth.chain_id

    def deployment_block(self) -> int:
        """Return the block in which the election announced itself (`chain.logs` says how); asked once."""
        if self._deployment_block is None:
            self._deployment_block = self._logs.deployment_block()
        return self._deployment_block

    def election_file(self) -> bytes:
        """Return the canonical election file as published; asked once. Raises NoContractError."""
        if self._election_file is None:
            self._election_file = self._read_election_file()
        return self._election_file

    def leaves(self, on_progress: Callable[[int, int], None] | None = None) -> list[int]:
        """Every commitment in leaf order, from the logs."""
        events = self.events(names={"Deposited"}, on_progress=on_progress)
        return [event.commitment for event in events]  # type: ignore[attr-defined] # the filter above

    def events(
        self,
        from_block: int | None = None,
        to_block: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        names: set[str] | None = None,
    ) -> list[ElectionEvent]:
        """Return events in chain order, by default all since the deployment; `names` selects."""
        first = self.deployment_block() if from_block is None else from_block
        with typed_errors():
            last = self.w3.eth.block_number if to_block is None else to_block
        return self._logs.read(names, first, last, on_progress)

    def deposit(self, commitment: int, sender: Sender) -> TransactionResult:
        """Deposit as the registrar."""
        return self.deposit_each([commitment], sender)[0]

    def deposit_each(
        self,
        commitments: Sequence[int],
        sender: Sender,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[TransactionResult]:
        """Deposit as the registrar, one transaction per commitment, many on their way at once."""
        value = self._value(1)
        calls = [self._fn("deposit(uint256)", commitment) for commitment in commitments]
        return self._write_each("deposit", calls, sender, value, on_progress)

    def deposit_with_permit(self, permit: DepositPermit, sender: Sender) -> TransactionResult:
        """Deposit with the registrar's permit, from any account."""
        call = self._fn(
            "deposit(uint256,uint256,bytes)", permit.commitment, permit.deadline, permit.signature
        )
        return self._write_each("deposit", [call], sender, self._value(1))[0]

    def deposit_many(self, commitments: Sequence[int], sender: Sender) -> TransactionResult:
        """Deposit as the registrar, all in one transaction."""
        call = self._fn("depositMany(uint256[])", list(commitments))
        return self._write_each("depositMany", [call], sender, self._value(len(commitments)))[0]

    def advance(self, sender: Sender) -> TransactionResult:
        """Announce the phase that the schedule has reached."""
        return self._write("advance", self._fn("advance()"), sender)

    def cast_vote(self, ballot: Ballot, sender: Sender) -> TransactionResult:
        """Cast a ballot; any account may.

        Raises:
            BallotTooCostlyError: it would take far more gas than a ballot does. In `cream-classic` a ballot
                calls the candidate's account, whose code may burn its sender's gas on purpose.

        """
        return self.cast_votes([ballot], sender)[0]

    def cast_votes(
        self, ballots: Sequence[Ballot], sender: Sender, on_progress: Callable[[int, int], None] | None = None
    ) -> list[TransactionResult]:
        """Cast many ballots, one transaction each, many on their way at once; raises as `cast_vote`."""
        calls = [self.cast_vote_call(ballot) for ballot in ballots]
        return self._write_each(self.cast_operation, calls, sender, 0, on_progress)

    @abstractmethod
    def cast_vote_call(self, ballot: Ballot) -> ContractFunction:
        """Prepare the call, for a sender that manages its own transactions."""

    def anchor_log(self, head: bytes, entries: int, roll_size: int, sender: Sender) -> TransactionResult:
        """Publish the end of the registrar's log and the roll's size, as the registrar.

        Raises:
            LogEntriesDecreasedError: an anchor with more entries is on chain.

        """
        call = self._fn("anchorLog(bytes32,uint64,uint64)", head, entries, roll_size)
        return self._write("anchorLog", call, sender)

    def log_anchors(self) -> list[RegistrarLogAnchored]:
        """Return every anchor of the registrar's log, oldest first."""
        events = self.events(names={"RegistrarLogAnchored"})
        return [event for event in events if isinstance(event, RegistrarLogAnchored)]

    def release(self, sender: Sender) -> TransactionResult:
        """Send the treasury what it is owed."""
        return self._write("release", self._fn("release()"), sender)

    def _fn(self, signature: str, *arguments: object) -> ContractFunction:
        call: ContractFunction = self.contract.get_function_by_signature(signature)(*arguments)
        return call

    def _read(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - decoded ABI values
        with typed_errors():
            return self.contract.get_function_by_name(name)(*arguments).call()

    def _read_verifier(self, name: str) -> Any:  # noqa: ANN401 - decoded ABI values
        verifier = self.w3.eth.contract(
            address=Web3.to_checksum_address(self.config().verifier),
            abi=contract(self._contracts.verifier).abi,
        )
        with typed_errors():
            return verifier.get_function_by_name(name)().call()

    def _value(self, count: int) -> int:
        return self.config().denomination * count

    def _transaction(self, call: ContractFunction, value: int) -> TxParams:
        return {
            "to": self.address,
            "data": self.contract.encode_abi(call.abi_element_identifier, call.args),
            "value": Wei(value),
        }

    def _prepared(self, operation: str, call: ContractFunction, sender: Sender, value: int) -> TxParams:
        """Set the gas where what the sender would set is wrong.

        A deposit that is included later merges more of the tree than the estimate saw; a ballot must not
        take whatever the account that it pays likes to burn.
        """
        transaction = self._transaction(call, value)
        if operation.startswith("deposit"):
            transaction["gas"] = self._estimate(transaction, sender) + self._later_deposit_gas()
        elif operation == self.cast_operation:
            transaction["gas"] = with_margin(_require_ballot_gas(self._estimate(transaction, sender)))
        return transaction

    def _estimate(self, transaction: TxParams, sender: Sender) -> int:
        with typed_errors():
            return self.w3.eth.estimate_gas({**transaction, "from": sender.address})

    def _write(self, operation: str, call: ContractFunction, sender: Sender) -> TransactionResult:
        return self._result(operation, sender.send(self._transaction(call, 0)))

    def _write_each(
        self,
        operation: str,
        calls: Sequence[ContractFunction],
        sender: Sender,
        value: int,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[TransactionResult]:
        """Send in windows: enough on their way to use the chain's blocks, few enough for its queue."""
        results: list[TransactionResult] = []
        for start in range(0, len(calls), SENDING_WINDOW):
            sent: list[HexBytes] = [
                sender.send_nowait(self._prepared(operation, call, sender, value))
                for call in calls[start : start + SENDING_WINDOW]
            ]
            for transaction_hash in sent:
                results.append(self._result(operation, sender.wait(transaction_hash)))
                if on_progress is not None:
                    on_progress(len(results), len(calls))
        return results

    def _result(self, operation: str, receipt: TxReceipt) -> TransactionResult:
        return TransactionResult(
            operation,
            receipt["transactionHash"].to_0x_hex(),
            receipt["gasUsed"],
            receipt["blockNumber"],
            self._logs.timestamp(receipt["blockNumber"]),
        )

    @abstractmethod
    def _later_deposit_gas(self) -> int:
        """Gas that a deposit may need beyond its estimate when others come before it."""

    def _read_election_file(self) -> bytes:
        events = self._logs.read({"ElectionDeployed"}, self.deployment_block(), self.deployment_block())
        for event in events:
            return bytes(event.election_file)  # type: ignore[attr-defined] # the filter above
        raise NoContractError(f"the contract at {self.address} published no election file")

    def _read_config(self) -> ElectionConfig:
        schedule = self._read("schedule")
        count = self._read("candidateCount")
        return ElectionConfig(
            election_id=self._read("electionId"),
            election_file_hash=bytes(self._read("electionFileHash")),
            registrar=self._read("registrar"),
            treasury=self._read("treasury"),
            denomination=self._read("denomination"),
            depth=self._read("depth"),
            registration_opens=schedule[0],
            voting_opens=schedule[1],
            voting_closes=schedule[2],
            candidates=tuple(self._read("candidate", choice)[0] for choice in range(count)),
            verifier=self._read("verifier"),
            hasher=self._read("hasher"),
        )


def _require_ballot_gas(estimate: int) -> int:
    if estimate > MAX_BALLOT_GAS:
        raise BallotTooCostlyError(
            f"The ballot would take {estimate:,} gas, and nothing needs more than {MAX_BALLOT_GAS:,}.",
            hint="The account that it pays burns gas. Tell the election office before you vote again.",
        )
    return estimate
