"""Deploys an election: hasher, verifier, then the contract of its scheme.

Imports web3, eth-abi and pydantic only, because Brownie's environment has no more. The election file says
everything but the registrar; the verifying key comes from `zk.keys`, with the hash of its ceremony's
transcript.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from web3 import Web3

from chain.compiler import CompiledContract, compile_verifier, contract
from chain.connection import typed_errors
from chain.errors import DeploymentFileError, TransactionFailedError, WrongVerifyingKeyError
from chain.schemes import CONTRACTS
from election.identity import election_id
from election.scheme import TRAITS, Scheme
from zk.development import DEVELOPMENT_TRANSCRIPT_HASH
from zk.solidity import render_verifier
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from eth_typing import ChecksumAddress
    from web3.types import TxReceipt

    from chain.sender import Sender
    from election.file import ElectionFile
    from zk.groth16 import VerifyingKey

FOLDED_INPUT = CONTRACTS[Scheme.CREAM].folded_input
STEPS = ("hasher", "verifier", "contract")


@dataclass(frozen=True)
class Deployment:
    """Where an election lives. Addresses are checksummed, hashes 0x-hexadecimal; `gas` is per contract."""

    chain_id: int
    contract: str
    verifier: str
    hasher: str
    election_id: int
    file_hash: str
    block_number: int
    gas: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; the election id as text, because JavaScript would round it."""
        return {**asdict(self), "election_id": str(self.election_id)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Deployment:
        """Inverse of to_json. Raises DeploymentFileError."""
        try:
            return cls(**{**record, "election_id": int(record["election_id"])})
        except (KeyError, TypeError, ValueError) as error:
            raise DeploymentFileError(f"this is not the record of a deployment: {error!r}") from error

    def save(self, path: Path) -> None:
        """Write the record; it appears whole or not at all."""
        write_whole(path, json.dumps(self.to_json(), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read a record. Raises DeploymentFileError."""
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise DeploymentFileError(
                f"{path} cannot be read: {error}", hint="give the file that `tohyo election deploy` wrote"
            ) from error
        if not isinstance(record, dict):
            raise DeploymentFileError(f"{path} does not hold the record of a deployment")
        return cls.from_json(record)


def deploy_election(  # noqa: PLR0917 - its callers read as sentences
    w3: Web3,
    sender: Sender,
    election: ElectionFile,
    verifying_key: VerifyingKey,
    registrar: str,
    transcript_hash: bytes = DEVELOPMENT_TRANSCRIPT_HASH,
    on_progress: Callable[[int, int], None] | None = None,
) -> Deployment:
    """Deploy hasher, verifier (rendered from `verifying_key`) and the scheme's contract.

    Raises ContractError, TransactionFailedError, RpcUnreachableError, VerifyingKeyMalformedError,
    WrongVerifyingKeyError.
    """
    report = on_progress or (lambda _done, _total: None)
    contracts = CONTRACTS[election.scheme]
    _require_key_for(election.scheme, verifying_key)
    source = render_verifier(
        verifying_key, folded_input=contracts.folded_input, transcript_hash=transcript_hash
    )
    hasher = deploy_contract(w3, sender, contract(contracts.hasher))
    report(1, len(STEPS))
    verifier = deploy_contract(w3, sender, compile_verifier(source))
    report(2, len(STEPS))
    config = contract_config(election, registrar, verifier=_address(verifier), hasher=_address(hasher))
    receipt = deploy_contract(w3, sender, contract(contracts.election), config)
    report(3, len(STEPS))
    with typed_errors():
        chain_id = w3.eth.chain_id
    address = _address(receipt)
    return Deployment(
        chain_id=chain_id,
        contract=address,
        verifier=_address(verifier),
        hasher=_address(hasher),
        election_id=election_id(chain_id, address, election.file_hash()),
        file_hash=f"0x{election.file_hash().hex()}",
        block_number=receipt["blockNumber"],
        gas={step: each["gasUsed"] for step, each in zip(STEPS, (hasher, verifier, receipt), strict=True)},
    )


def contract_config(
    election: ElectionFile, registrar: str, *, verifier: str, hasher: str
) -> tuple[object, ...]:
    """IElection.Config of an election file, in the order of the struct."""
    return (
        election.canonical_bytes(),
        Web3.to_checksum_address(registrar),
        Web3.to_checksum_address(election.treasury),
        election.denomination,
        election.depth,
        election.schedule.timestamps(),
        [Web3.to_checksum_address(candidate.address) for candidate in election.candidates],
        verifier,
        hasher,
    )


def deploy_contract(w3: Web3, sender: Sender, compiled: CompiledContract, *arguments: object) -> TxReceipt:
    """Deploy one contract and wait; the receipt has its address."""
    factory = w3.eth.contract(abi=compiled.abi, bytecode=compiled.bytecode)
    return sender.send({"data": factory.constructor(*arguments).data_in_transaction})


def _require_key_for(scheme: Scheme, verifying_key: VerifyingKey) -> None:
    """Refuse a key with which everything would deploy and no ballot could be cast."""
    n_public, wanted = len(verifying_key.ic) - 1, CONTRACTS[scheme].n_public
    if n_public != wanted:
        raise WrongVerifyingKeyError(
            f"the verifying key has {n_public} public inputs; a ballot of the scheme {scheme} has {wanted}",
            hint=f"give the keys of the circuit {TRAITS[scheme].circuit}",
        )


def _address(receipt: TxReceipt) -> ChecksumAddress:
    address = receipt["contractAddress"]
    if address is None:
        raise TransactionFailedError("the node's receipt of a deployment names no contract")
    return address
