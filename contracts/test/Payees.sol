// SPDX-License-Identifier: GPL-3.0-or-later
// A page of small villains reads better than four files:
// solhint-disable one-contract-per-file
pragma solidity ^0.8.20;

/// @dev Payees that misbehave in one way each; tests make them a relayer or a treasury.
contract RefusingPayee {
    error NoThanks();

    bool private _accepts;

    receive() external payable {
        if (!_accepts) revert NoThanks();
    }

    function accept() external {
        _accepts = true;
    }
}

contract GasBurningPayee {
    uint256 private _wheel;

    receive() external payable {
        while (gasleft() > 0) {
            ++_wheel;
        }
    }
}

contract ReturnBombPayee {
    receive() external payable {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            revert(0, 1000000)
        }
    }
}

/// @dev Calls back with prepared data while it is paid, and keeps what came of it.
contract ReentrantPayee {
    address private _target;
    bytes private _data;
    bool private _calledBack;
    bool private _succeeded;
    bytes private _answer;

    // solhint-disable-next-line no-complex-fallback
    receive() external payable {
        if (_target == address(0)) return;
        _calledBack = true;
        // a payee that calls back is the point of this contract
        // solhint-disable-next-line avoid-low-level-calls
        (_succeeded, _answer) = _target.call(_data);
    }

    function prepare(address target, bytes calldata data) external {
        _target = target;
        _data = data;
    }

    function outcome() external view returns (bool calledBack, bool succeeded, bytes memory answer) {
        return (_calledBack, _succeeded, _answer);
    }
}
