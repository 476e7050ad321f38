// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

/// @title The hash of the classic Merkle tree
interface IMiMCSponge {
    /// @notice An input is not below the scalar field order r.
    error FieldElementOutOfRange(uint256 value);

    /// @notice MiMCSponge of two field elements: circomlib's instance (x^5 in a Feistel network of 220 rounds, key 0,
    ///         one output), which classic CREAM and Tornado Cash hash their trees with.
    function compress(uint256 left, uint256 right) external pure returns (uint256 digest);
}
