// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

/// @title Append-only Merkle tree whose root is computed on request
/// @dev Node = Poseidon(left, right); an empty leaf is keccak256("tohyo.empty.v1") mod r. Pinned to zk/merkle.py by
///      tests/contracts/test_merkle_tree.py.
interface IIncrementalMerkleTree {
    /// @notice A value is not below the scalar field order r; it would alias another one in the proof.
    error FieldElementOutOfRange(uint256 value);
    /// @notice The tree can be 1 to 32 levels deep.
    error DepthOutOfRange(uint256 depth);
    /// @notice The contract at this address does not compute the tree's hash.
    error WrongHasher(address hasher);
    /// @notice Every leaf is taken.
    error TreeFull(uint256 capacity);

    /// @notice A root was computed and may be proved against until 100 newer ones exist.
    event Checkpointed(uint256 indexed root, uint256 leafCount);

    /// @notice Computes the root over all leaves so far; anyone may call it. An unchanged tree keeps its last root
    ///         and takes no place in the history.
    /// @dev Costs `depth` hashes, which is why an insertion does not do it.
    /// @return root The newest root, 0 while the tree is empty.
    function checkpoint() external returns (uint256 root);

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
