// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Candidates} from "./Candidates.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {EmptySubtrees} from "./generated/EmptySubtrees.sol";
import {IElection} from "./interfaces/IElection.sol";

/// @title What the schemes share: see IElection. The heir brings the tree, the vote, and what a vote pays.
abstract contract Election is IElection, MerkleTree, Candidates, EIP712, ReentrancyGuard {
    bytes32 private constant _PERMIT_TYPEHASH = keccak256("DepositPermit(uint256 commitment,uint256 deadline)");

    uint256 internal immutable _ELECTION_ID;
    bytes32 private immutable _ELECTION_FILE_HASH;
    address private immutable _REGISTRAR;
    address internal immutable _TREASURY;
    uint256 internal immutable _DENOMINATION;
    uint64 private immutable _REGISTRATION_OPENS;
    uint64 private immutable _VOTING_OPENS;
    uint64 private immutable _VOTING_CLOSES;
    address internal immutable _VERIFIER;

    Phase private _announced;
    uint64 private _anchoredEntries; // in the slot of `_announced`, which no ballot reads
    mapping(uint256 commitment => bool deposited) private _isDeposited;
    mapping(uint256 nullifierHash => bool spent) internal _isSpent;

    constructor(Config memory config) EIP712("tohyo", "1") {
        _requireSound(config);
        _ELECTION_FILE_HASH = keccak256(config.electionFile);
        _ELECTION_ID = uint256(keccak256(abi.encode(block.chainid, address(this), _ELECTION_FILE_HASH))) % SCALAR_FIELD;
        _REGISTRAR = config.registrar;
        _TREASURY = config.treasury;
        _DENOMINATION = config.denomination;
        _REGISTRATION_OPENS = config.schedule.registrationOpens;
        _VOTING_OPENS = config.schedule.votingOpens;
        _VOTING_CLOSES = config.schedule.votingCloses;
        _VERIFIER = config.verifier;
        // the empty leaf stands at every free place; deposited, it would leave the root as it was
        _isDeposited[EmptySubtrees.root(0)] = true;
        emit ElectionDeployed(_ELECTION_ID, config.electionFile);
    }

    /// @inheritdoc IElection
    function deposit(uint256 commitment) external payable {
        _requireRegistrar();
        _requireDeposit(1);
        _deposit(commitment, _reserve(1));
    }

    /// @inheritdoc IElection
    function deposit(uint256 commitment, uint256 deadline, bytes calldata signature) external payable {
        // the schedule is in seconds as the deadline is; a block producer's freedom of a few does not matter
        // solhint-disable-next-line not-rely-on-time
        if (block.timestamp > deadline) revert PermitExpired(deadline, block.timestamp);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(_PERMIT_TYPEHASH, commitment, deadline)));
        // tryRecover answers zero for malformed and malleable signatures, and the registrar is not zero
        (address signer,,) = ECDSA.tryRecover(digest, signature);
        if (signer != _REGISTRAR) revert PermitNotFromRegistrar(signer);
        _requireDeposit(1);
        _deposit(commitment, _reserve(1));
    }

    /// @inheritdoc IElection
    function depositMany(uint256[] calldata commitments) external payable {
        _requireRegistrar();
        _requireDeposit(commitments.length);
        uint256 first = _reserve(commitments.length);
        for (uint256 i = 0; i < commitments.length; ++i) {
            _deposit(commitments[i], first + i);
        }
    }

    /// @inheritdoc IElection
    function advance() external {
        Phase current = phase();
        if (current == _announced) revert PhaseAlreadyAnnounced(current, _endOf(current));
        _announced = current;
        if (current >= Phase.Voting) _coverDeposits();
        emit PhaseAdvanced(current);
    }

    /// @inheritdoc IElection
    function anchorLog(bytes32 head, uint64 entries, uint64 rollSize) external {
        _requireRegistrar();
        uint64 previous = _anchoredEntries;
        if (entries < previous) revert LogEntriesDecreased(previous, entries);
        _anchoredEntries = entries;
        emit RegistrarLogAnchored(phase(), head, entries, rollSize);
    }

    /// @inheritdoc IElection
    function release() external nonReentrant {
        uint256 amount = releasable();
        if (amount == 0) revert NothingToRelease();
        emit Released(amount);
        if (!_pay(_TREASURY, amount, gasleft())) revert TreasuryPaymentRefused(_TREASURY, amount);
    }

    /// @inheritdoc IElection
    function schedule() external view returns (Schedule memory times) {
        return Schedule(_REGISTRATION_OPENS, _VOTING_OPENS, _VOTING_CLOSES);
    }

    /// @inheritdoc IElection
    function electionId() external view returns (uint256 id) {
        return _ELECTION_ID;
    }

    /// @inheritdoc IElection
    function electionFileHash() external view returns (bytes32 fileHash) {
        return _ELECTION_FILE_HASH;
    }

    /// @inheritdoc IElection
    function registrar() external view returns (address account) {
        return _REGISTRAR;
    }

    /// @inheritdoc IElection
    function treasury() external view returns (address account) {
        return _TREASURY;
    }

    /// @inheritdoc IElection
    function denomination() external view returns (uint256 amount) {
        return _DENOMINATION;
    }

    /// @inheritdoc IElection
    function verifier() external view returns (address account) {
        return _VERIFIER;
    }

    /// @inheritdoc IElection
    function isSpent(uint256 nullifierHash) external view returns (bool spent) {
        return _isSpent[nullifierHash];
    }

    /// @inheritdoc IElection
    function isDeposited(uint256 commitment) external view returns (bool deposited) {
        return _isDeposited[commitment];
    }

    /// @inheritdoc IElection
    function candidateCount() external view returns (uint256 count) {
        return _CANDIDATE_COUNT;
    }

    /// @inheritdoc IElection
    function candidate(uint256 choice) external view returns (address account, uint256 votes) {
        if (choice >= _CANDIDATE_COUNT) revert UnknownCandidate(choice);
        Candidate memory standing = _candidate(choice);
        return (standing.account, standing.votes);
    }

    /// @inheritdoc IElection
    function tally() external view returns (uint256[] memory votes) {
        votes = new uint256[](_CANDIDATE_COUNT);
        for (uint256 choice = 0; choice < votes.length; ++choice) {
            votes[choice] = _candidate(choice).votes;
        }
    }

    /// @inheritdoc IElection
    function releasable() public view virtual returns (uint256 amount);

    /// @inheritdoc IElection
    function phase() public view returns (Phase current) {
        // phases are hours long; a block producer's freedom of a few seconds moves nobody's vote
        // solhint-disable-next-line not-rely-on-time
        uint256 time = block.timestamp;
        if (time < _REGISTRATION_OPENS) return Phase.Pending;
        if (time < _VOTING_OPENS) return Phase.Registration;
        return time < _VOTING_CLOSES ? Phase.Voting : Phase.Closed;
    }

    function _deposit(uint256 commitment, uint256 index) internal virtual {
        _requireFieldElement(commitment);
        if (_isDeposited[commitment]) revert CommitmentAlreadyDeposited(commitment);
        _isDeposited[commitment] = true;
        emit Deposited(commitment, index, msg.sender);
        _insert(commitment, index);
    }

    /// @dev Sees to it that the newest root covers every deposit.
    function _coverDeposits() internal virtual;

    /// @dev Return data is not copied, so a payee cannot make the caller pay for a large one.
    function _pay(address payee, uint256 amount, uint256 gasLimit) internal returns (bool paid) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            paid := call(gasLimit, payee, amount, 0, 0, 0, 0)
        }
    }

    function _requirePhase(Phase expected) internal view {
        Phase actual = phase();
        if (actual != expected) revert WrongPhase(expected, actual);
    }

    function _requireRegistrar() private view {
        if (msg.sender != _REGISTRAR) revert NotRegistrar(msg.sender);
    }

    function _requireDeposit(uint256 count) private view {
        _requirePhase(Phase.Registration);
        if (msg.value != _DENOMINATION * count) revert WrongDepositValue(_DENOMINATION * count, msg.value);
    }

    /// @dev When `current` gives way to the next phase; 0 for the last one.
    function _endOf(Phase current) private view returns (uint256 time) {
        if (current == Phase.Pending) return _REGISTRATION_OPENS;
        if (current == Phase.Registration) return _VOTING_OPENS;
        return current == Phase.Voting ? _VOTING_CLOSES : 0;
    }

    function _requireSound(Config memory config) private view {
        if (config.registrar == address(0)) revert RegistrarMissing();
        if (config.denomination != 0 && config.treasury == address(0)) revert TreasuryMissing();
        Schedule memory times = config.schedule;
        if (times.registrationOpens >= times.votingOpens || times.votingOpens >= times.votingCloses) {
            revert ScheduleNotIncreasing(times.registrationOpens, times.votingOpens, times.votingCloses);
        }
        if (config.candidates.length == 0) revert CandidatesMissing();
        for (uint256 choice = 0; choice < config.candidates.length; ++choice) {
            _requireNewCandidate(config.candidates, choice);
        }
    }

    function _requireNewCandidate(address[] memory candidates, uint256 choice) private view {
        address account = candidates[choice];
        if (account == address(0) || account == address(this)) revert CandidateAddressRefused(choice, account);
        for (uint256 earlier = 0; earlier < choice; ++earlier) {
            if (candidates[earlier] == account) revert CandidateRepeated(choice, account);
        }
    }
}
