// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

/// @dev Answers like the hasher, with another hash.
contract FakeHasher {
    function hash(uint256 left, uint256 right) external pure returns (uint256 digest) {
        return left ^ right;
    }
}
