// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {IMerkleTree} from "./IMerkleTree.sol";

/// @title Append-only Merkle tree whose root is computed on request
/// @dev Node = Poseidon(left, right); 1 to 32 levels. Pinned to zk/merkle.py by tests/contracts/test_merkle_tree.py.
interface IIncrementalMerkleTree is IMerkleTree {
    /// @notice Computes the root over all leaves so far; anyone may call it. An unchanged tree keeps its last root
    ///         and takes no place in the history.
    /// @dev Costs `depth` hashes, which is why an insertion does not do it.
    /// @return root The newest root, 0 while the tree is empty.
    function checkpoint() external returns (uint256 root);
}
