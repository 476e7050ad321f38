// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

/// @notice A Groth16 proof in the word order of the EVM's pairing precompile (imaginary part of G2 first).
struct Proof {
    uint256 ax;
    uint256 ay;
    uint256 bxC1;
    uint256 bxC0;
    uint256 byC1;
    uint256 byC0;
    uint256 cx;
    uint256 cy;
}

/// @notice Every constant of a verifying key with four public inputs, in the precompiles' word order.
struct VerifyingKey {
    uint256[2] alphaG1;
    uint256[4] betaG2;
    uint256[4] gammaG2;
    uint256[4] deltaG2;
    uint256[2][5] ic;
}

/// @title Verifies vote proofs
/// @dev Rendered from a verifying key by zk/solidity.py. Public inputs: root, nullifierHash, electionId, signal.
interface IVoteVerifier {
    /// @notice A public input is not below the scalar field order r.
    error FieldElementOutOfRange(uint256 value);
    /// @notice A proof coordinate is not below the base field order q.
    error CoordinateOutOfRange(uint256 value);
    /// @notice A precompile failed on a well-formed call: out of gas, or `folded` is not a point of the curve.
    error PrecompileFailed();

    /// @notice Whether `proof` proves the statement; reverts on malformed words, returns false on a false proof.
    function verifyProof(Proof calldata proof, uint256[4] calldata inputs) external view returns (bool valid);

    /// @notice The part of the input commitment that an election never changes: IC0 + electionId * IC3.
    function foldInput(uint256 electionId) external view returns (uint256 x, uint256 y);

    /// @notice As verifyProof with electionId already folded; saves one multiplication on the curve per vote.
    /// @param folded What foldInput returned; a caller that passes another point verifies another statement.
    /// @param inputs root, nullifierHash, signal.
    function verifyFolded(Proof calldata proof, uint256[2] calldata folded, uint256[3] calldata inputs)
        external
        view
        returns (bool valid);

    /// @notice The verifying key, so that anyone can render this contract again and compare.
    function verifyingKey() external view returns (VerifyingKey memory key);

    /// @notice Hash of the transcript of the key's ceremony; 0 says development keys: not for a real election.
    function ceremonyTranscriptHash() external view returns (bytes32 transcriptHash);
}
