"""What the chain says about an election at one block: its events, and what its contract answers.

Everything is read at one block, so that an election can be audited while it goes on. Judges nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3.exceptions import Web3Exception, Web3RPCError

from audit.errors import AuditImpossibleError
from chain.connection import typed_errors
from chain.contract_errors import ContractError
from chain.elections import open_election
from chain.errors import ChainError
from chain.events import BallotCast, Checkpointed, Deposited, ElectionDeployed, ElectionEvent
from chain.schemes import CONTRACTS
from election.identity import election_id
from election.scheme import TRAITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.providers.base import JSONBaseProvider
    from web3.types import RPCEndpoint

    from election.scheme import Scheme

REQUESTS_PER_BATCH = 250


@dataclass(frozen=True)
class Block:
    """The block at which everything was read."""

    number: int
    hash: str
    timestamp: int


@dataclass(frozen=True)
class CoinState:
    """What the contract answers about its voting coins."""

    total_supply: int
    held: int | None  # None: the contract fails to say, because it counted more votes than coins
    balances: tuple[int, ...]


@dataclass(frozen=True)
class CandidateAccount:
    """Ether of a candidate's account, and whether it has no code and never sent a transaction."""

    ether: int
    looks_untouched: bool


@dataclass(frozen=True)
class ContractState:
    """What the contract answers about itself."""

    election_id: int
    file_hash: bytes
    registrar: str
    treasury: str
    denomination: int
    depth: int
    schedule: tuple[int, int, int]
    verifier: str
    hasher: str
    leaf_count: int
    latest_root: int
    tally: tuple[int, ...]
    candidates: tuple[tuple[str, int], ...]
    ether: int
    coins: CoinState | None  # None: the scheme has no voting coins


@dataclass(frozen=True)
class Evidence:
    """Everything that an audit of one election rests on."""

    chain_id: int
    contract: ChecksumAddress
    scheme: Scheme
    block: Block
    file_bytes: bytes
    state: ContractState
    candidate_accounts: tuple[CandidateAccount, ...]  # only where votes are payments
    events: list[ElectionEvent]
    header_times: dict[int, int]
    is_deposited: dict[int, bool]
    is_spent: dict[int, bool]
    is_known_root: dict[int, bool]

    @property
    def file_hash(self) -> bytes:
        """Hash of the published election file."""
        return bytes(keccak(self.file_bytes))

    @property
    def election_id(self) -> int:
        """What the election id must be, whatever the contract says."""
        return election_id(self.chain_id, self.contract, self.file_hash)


def gather(
    w3: Web3, address: str, to_block: int | None = None, on_progress: Callable[[int, int], None] | None = None
) -> Evidence:
    """Read an election at `to_block`, or at the newest block.

    Raises:
        AuditImpossibleError: nothing answers, there is no election at the address, or old logs are gone.

    """
    with _impossible_if_it_fails():
        client = open_election(w3, address)
        block = _read_block(w3, to_block)
        reader = _StateReader(w3, client.address, block.number)
        state = reader.state(has_coins=CONTRACTS[client.scheme].has_voting_coins)
        events = client.events(to_block=block.number, on_progress=on_progress)
        times = _header_times(w3, {event.block_number for event in events})
        commitments = [event.commitment for event in events if isinstance(event, Deposited)]
        nullifier_hashes = [event.nullifier_hash for event in events if isinstance(event, BallotCast)]
        roots = [event.root for event in events if isinstance(event, Checkpointed)]
        paid = [account for account, _ in state.candidates] if TRAITS[client.scheme].pays_candidates else []
        evidence = Evidence(
            chain_id=client.chain_id(),
            contract=client.address,
            scheme=client.scheme,
            block=block,
            file_bytes=_file_bytes(events),
            state=state,
            candidate_accounts=_read_accounts(w3, paid, block.number),
            events=events,
            header_times=times,
            is_deposited=reader.flags("isDeposited(uint256)", commitments),
            is_spent=reader.flags("isSpent(uint256)", nullifier_hashes),
            is_known_root=reader.flags("isKnownRoot(uint256)", roots),
        )
    require_block(w3, block)
    return evidence


def require_block(w3: Web3, block: Block) -> None:
    """Make sure that the node still answers, and with the same chain.

    Raises:
        AuditImpossibleError: it does not.

    """
    with _impossible_if_it_fails():
        found = _read_block(w3, block.number)
    if found != block:
        raise AuditImpossibleError(
            f"Block {block.number} was replaced by another one during the audit.",
            hint="Audit again; on a chain without finality choose an older block.",
        )


class _StateReader:
    """Asks one contract at one block, many questions to a request."""

    def __init__(self, w3: Web3, contract: ChecksumAddress, block: int) -> None:
        self._w3, self._contract, self._block = w3, contract, block

    def state(self, *, has_coins: bool) -> ContractState:
        one = self._one
        count = one("candidateCount()", "uint256")
        candidates = self._ask([("candidate(uint256)", ("address", "uint256"), (i,)) for i in range(count)])
        accounts = [str(to_checksum_address(account)) for account, _ in candidates]
        (schedule,) = self._ask([("schedule()", ("uint64", "uint64", "uint64"), ())])
        return ContractState(
            election_id=one("electionId()", "uint256"),
            file_hash=one("electionFileHash()", "bytes32"),
            registrar=to_checksum_address(one("registrar()", "address")),
            treasury=to_checksum_address(one("treasury()", "address")),
            denomination=one("denomination()", "uint256"),
            depth=one("depth()", "uint256"),
            schedule=(schedule[0], schedule[1], schedule[2]),
            verifier=to_checksum_address(one("verifier()", "address")),
            hasher=to_checksum_address(one("hasher()", "address")),
            leaf_count=one("leafCount()", "uint256"),
            latest_root=one("latestRoot()", "uint256"),
            tally=tuple(one("tally()", "uint256[]")),
            candidates=tuple(zip(accounts, (votes for _, votes in candidates), strict=True)),
            ether=self._w3.eth.get_balance(self._contract, self._block),
            coins=self._coins(accounts) if has_coins else None,
        )

    def flags(self, signature: str, arguments: list[int]) -> dict[int, bool]:
        distinct = list(dict.fromkeys(arguments))
        answers = self._ask([(signature, ("bool",), (argument,)) for argument in distinct])
        return {argument: answer for argument, (answer,) in zip(distinct, answers, strict=True)}

    def _coins(self, accounts: list[str]) -> CoinState:
        asked = [("balanceOf(address)", ("uint256",), (account,)) for account in accounts]
        balances = tuple(coins for (coins,) in self._ask(asked))
        return CoinState(self._one("totalSupply()", "uint256"), self._held(), balances)

    def _held(self) -> int | None:
        question = ("balanceOf(address)", ("uint256",), (self._contract,))
        try:
            with typed_errors():
                return int(self._ask([question])[0][0])
        except ContractError:
            return None

    def _one(self, signature: str, kind: str) -> Any:  # noqa: ANN401  a decoded ABI value
        return self._ask([(signature, (kind,), ())])[0][0]

    def _ask(
        self, questions: Sequence[tuple[str, tuple[str, ...], tuple[object, ...]]]
    ) -> list[tuple[Any, ...]]:
        calls = [_calldata(signature, arguments) for signature, _, arguments in questions]
        at = hex(self._block)
        requests = [("eth_call", [{"to": self._contract, "data": "0x" + data.hex()}, at]) for data in calls]
        answers = [bytes.fromhex(answer[2:]) for answer in _ask_all(self._w3, requests)]
        return [decode(kinds, answer) for (_, kinds, _), answer in zip(questions, answers, strict=True)]


def _calldata(signature: str, arguments: tuple[object, ...]) -> bytes:
    kinds = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(kinds.split(",") if kinds else [], arguments)


def _read_block(w3: Web3, number: int | None) -> Block:
    with typed_errors():
        header = w3.eth.get_block("latest" if number is None else number)
    return Block(header["number"], header["hash"].to_0x_hex(), header["timestamp"])


def _header_times(w3: Web3, numbers: set[int]) -> dict[int, int]:
    """Block times from the blocks themselves: a log's own note of the time is not part of the chain."""
    requests = [("eth_getBlockByNumber", [hex(number), False]) for number in sorted(numbers)]
    headers = _ask_all(w3, requests)
    return {int(header["number"], 16): int(header["timestamp"], 16) for header in headers}


def _read_accounts(w3: Web3, accounts: list[str], block: int) -> tuple[CandidateAccount, ...]:
    methods = ("eth_getBalance", "eth_getTransactionCount", "eth_getCode")
    told = [_ask_all(w3, [(method, [account, hex(block)]) for account in accounts]) for method in methods]
    return tuple(
        CandidateAccount(int(ether, 16), looks_untouched=int(sent, 16) == 0 and code == "0x")
        for ether, sent, code in zip(*told, strict=True)
    )


def _ask_all(w3: Web3, requests: list[tuple[str, list[Any]]]) -> list[Any]:
    """Send many requests at a time, past web3's formatters, which would take longer than the node does."""
    provider = cast("JSONBaseProvider", w3.provider)
    results: list[Any] = []
    for start in range(0, len(requests), REQUESTS_PER_BATCH):
        chunk = requests[start : start + REQUESTS_PER_BATCH]
        responses = provider.make_batch_request(cast("list[tuple[RPCEndpoint, Any]]", chunk))
        for response in responses if isinstance(responses, list) else [responses]:
            if "error" in response:
                raise Web3RPCError(repr(response["error"]), rpc_response=response)
            results.append(response["result"])
    return results


def _file_bytes(events: list[ElectionEvent]) -> bytes:
    for event in events:
        if isinstance(event, ElectionDeployed):
            return event.election_file
    raise AuditImpossibleError(
        "The contract's first event is missing: it is no election, or the node no longer has logs that old.",
        hint="Ask a node that keeps all logs.",
    )


@contextmanager
def _impossible_if_it_fails() -> Iterator[None]:
    """Anything that keeps the evidence from being read is no verdict on the election."""
    try:
        with typed_errors():
            yield
    except ChainError as failure:
        raise AuditImpossibleError(
            f"The election could not be read: {failure}", hint=failure.hint
        ) from failure
    except (DecodingError, Web3Exception, LookupError, TypeError, ValueError) as failure:
        raise AuditImpossibleError(
            f"The contract does not answer as an election does: {failure!r}",
            hint="Check --contract: it must be the address that `tohyo election deploy` printed.",
        ) from failure
