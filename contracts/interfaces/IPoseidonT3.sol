// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

/// @title The hash of the Merkle tree
interface IPoseidonT3 {
    /// @notice An input is not below the scalar field order r.
    error FieldElementOutOfRange(uint256 value);

    /// @notice Poseidon of two field elements: circomlib's instance (x^5, 8 full and 57 partial rounds, 3 lanes,
    ///         capacity 0), so that any third-party tool can check the tree.
    function hash(uint256 left, uint256 right) external pure returns (uint256 digest);
}
