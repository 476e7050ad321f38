"""Errors of the chain layer.

ChainError
├── CompilerError, NodeError…            tools on this machine
├── RpcUnreachableError, …               the network
└── chain.contract_errors.ContractError  the contract said no; one class for each Solidity error
"""

from __future__ import annotations

from zk.errors import TohyoError


class ChainError(TohyoError):
    """The chain, or a tool that reaches it, did not do what was asked."""


class CompilerError(ChainError):
    """The contracts could not be compiled."""


class NodeError(ChainError):
    """A local chain could not be started."""


class NodeProgramMissingError(NodeError):
    """The program of a local chain is not installed."""


class NodeStartError(NodeError):
    """The local chain ended, or did not answer in time."""


class PortTakenError(NodeError):
    """Another program listens on the port."""


class ChainAlreadyRunningError(NodeError):
    """A chain already uses this state directory."""


class RpcUnreachableError(ChainError):
    """Nothing answers at the RPC address."""


class RpcFailedError(ChainError):
    """The node answered a request with an error of its own."""


class WrongNetworkError(ChainError):
    """The node serves another chain than was asked for."""


class NoContractError(ChainError):
    """There is no contract, or not one of ours, at the address."""


class NotADevelopmentChainError(ChainError):
    """Only Anvil and Ganache can move their clock."""


class TransactionFailedError(ChainError):
    """The transaction was included and failed, or was not included in time."""


class WrongVerifyingKeyError(ChainError):
    """The verifying key belongs to another circuit than the election's scheme has."""


class DeploymentFileError(ChainError):
    """The record of a deployment is missing or damaged."""


class BallotTooCostlyError(ChainError):
    """Casting the ballot would take far more gas than a ballot does."""
