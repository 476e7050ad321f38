// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

/// @title The count as a coin: the read side of ERC-20, so that any wallet or explorer can count
/// @dev A deposit mints one coin to the election contract; a vote moves one from there to the candidate. Nobody can
///      transfer a coin otherwise, so there is no write side.
interface IVotingCoin {
    /// @notice One coin was minted (from zero, to the election) or voted (from the election, to a candidate).
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @notice "tohyo vote".
    function name() external view returns (string memory text);

    /// @notice "VOTE".
    function symbol() external view returns (string memory text);

    /// @notice 0: a vote cannot be divided.
    function decimals() external view returns (uint8 digits);

    /// @notice Coins minted, that is deposits made.
    function totalSupply() external view returns (uint256 coins);

    /// @notice Votes of a candidate; of the election contract: deposits that have not voted yet.
    function balanceOf(address account) external view returns (uint256 coins);
}
