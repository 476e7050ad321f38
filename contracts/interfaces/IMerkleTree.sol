// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

/// @title Append-only Merkle tree that remembers its last roots
/// @dev An empty leaf is keccak256("tohyo.empty.v1") mod r. What hashes a node, and when a root is computed, is for the
///      heir to say.
interface IMerkleTree {
    /// @notice A value is not below the scalar field order r; it would alias another one in the proof.
    error FieldElementOutOfRange(uint256 value);
    /// @notice The tree cannot be this deep.
    error DepthOutOfRange(uint256 depth);
    /// @notice The contract at this address does not compute the tree's hash.
    error WrongHasher(address hasher);
    /// @notice Every leaf is taken.
    error TreeFull(uint256 capacity);

    /// @notice A root was computed and may be proved against until 100 newer ones exist.
    event Checkpointed(uint256 indexed root, uint256 leafCount);

    /// @notice Levels between a leaf and the root.
    function depth() external view returns (uint256 levels);

    /// @notice The contract that hashes two nodes.
    function hasher() external view returns (address account);

    /// @notice Leaves inserted so far; the next one gets this index.
    function leafCount() external view returns (uint256 count);

    /// @notice The root of the last checkpoint, 0 before the first one.
    function latestRoot() external view returns (uint256 root);

    /// @notice Whether `root` is one of the last 100 checkpoints.
    function isKnownRoot(uint256 root) external view returns (bool known);
}
