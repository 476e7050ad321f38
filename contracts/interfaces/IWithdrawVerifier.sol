// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {Proof} from "./IVoteVerifier.sol";

/// @notice Every constant of a verifying key with five public inputs, in the precompiles' word order.
struct WithdrawVerifyingKey {
    uint256[2] alphaG1;
    uint256[4] betaG2;
    uint256[4] gammaG2;
    uint256[4] deltaG2;
    uint256[2][6] ic;
}

/// @title Verifies proofs of withdrawals
/// @dev Rendered from a verifying key by zk/solidity.py. Public inputs: root, nullifierHash, recipient, fee, relayer.
interface IWithdrawVerifier {
    /// @notice A public input is not below the scalar field order r.
    error FieldElementOutOfRange(uint256 value);
    /// @notice A proof coordinate is not below the base field order q.
    error CoordinateOutOfRange(uint256 value);
    /// @notice A precompile failed on a well-formed call: out of gas.
    error PrecompileFailed();

    /// @notice Whether `proof` proves the statement; reverts on malformed words, returns false on a false proof.
    function verifyProof(Proof calldata proof, uint256[5] calldata inputs) external view returns (bool valid);

    /// @notice The verifying key, so that anyone can render this contract again and compare.
    function verifyingKey() external view returns (WithdrawVerifyingKey memory key);

    /// @notice Hash of the transcript of the key's ceremony; 0 says development keys: not for a real election.
    function ceremonyTranscriptHash() external view returns (bytes32 transcriptHash);
}
