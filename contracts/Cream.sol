// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IncrementalMerkleTree} from "./IncrementalMerkleTree.sol";
import {VotingCoin} from "./VotingCoin.sol";
import {EmptySubtrees} from "./generated/EmptySubtrees.sol";
import {ICream} from "./interfaces/ICream.sol";
import {IVoteVerifier, Proof} from "./interfaces/IVoteVerifier.sol";
import {IVotingCoin} from "./interfaces/IVotingCoin.sol";

/// @title Anonymous election: see ICream
contract Cream is ICream, IncrementalMerkleTree, VotingCoin, EIP712, ReentrancyGuard {
    bytes32 private constant _PERMIT_TYPEHASH = keccak256("DepositPermit(uint256 commitment,uint256 deadline)");
    /// @dev Enough for a multisig or proxy to receive; a treasury that burns more must not stop votes.
    uint256 private constant _TREASURY_GAS = 50_000;

    uint256 private immutable _ELECTION_ID;
    bytes32 private immutable _ELECTION_FILE_HASH;
    address private immutable _REGISTRAR;
    address private immutable _TREASURY;
    uint256 private immutable _DENOMINATION;
    uint64 private immutable _REGISTRATION_OPENS;
    uint64 private immutable _VOTING_OPENS;
    uint64 private immutable _VOTING_CLOSES;
    IVoteVerifier private immutable _VERIFIER;
    /// @dev The election's constant part of the input commitment: saves a curve multiplication per vote.
    uint256 private immutable _FOLDED_X;
    uint256 private immutable _FOLDED_Y;

    Phase private _announced;
    mapping(uint256 commitment => bool deposited) private _isDeposited;
    mapping(uint256 nullifierHash => bool spent) private _isSpent;

    constructor(Config memory config)
        IncrementalMerkleTree(config.depth, config.hasher)
        VotingCoin(config.candidates)
        EIP712("tohyo", "1")
    {
        _requireSound(config);
        _ELECTION_FILE_HASH = keccak256(config.electionFile);
        _ELECTION_ID = uint256(keccak256(abi.encode(block.chainid, address(this), _ELECTION_FILE_HASH))) % SCALAR_FIELD;
        _REGISTRAR = config.registrar;
        _TREASURY = config.treasury;
        _DENOMINATION = config.denomination;
        _REGISTRATION_OPENS = config.schedule.registrationOpens;
        _VOTING_OPENS = config.schedule.votingOpens;
        _VOTING_CLOSES = config.schedule.votingCloses;
        _VERIFIER = IVoteVerifier(config.verifier);
        (_FOLDED_X, _FOLDED_Y) = IVoteVerifier(config.verifier).foldInput(_ELECTION_ID);
        // the empty leaf stands at every free place; deposited, it would leave the root as it was
        _isDeposited[EmptySubtrees.root(0)] = true;
        emit ElectionDeployed(_ELECTION_ID, config.electionFile);
    }

    /// @inheritdoc ICream
    function deposit(uint256 commitment) external payable {
        _requireRegistrar();
        _requireDeposit(1);
        _deposit(commitment, _reserve(1));
    }

    /// @inheritdoc ICream
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

    /// @inheritdoc ICream
    function depositMany(uint256[] calldata commitments) external payable {
        _requireRegistrar();
        _requireDeposit(commitments.length);
        uint256 first = _reserve(commitments.length);
        for (uint256 i = 0; i < commitments.length; ++i) {
            _deposit(commitments[i], first + i);
        }
    }

    /// @inheritdoc ICream
    function advance() external {
        Phase current = phase();
        if (current == _announced) revert PhaseAlreadyAnnounced(current, _endOf(current));
        _announced = current;
        if (current >= Phase.Voting) checkpoint();
        emit PhaseAdvanced(current);
    }

    /// @inheritdoc ICream
    function castVote(
        uint256 choice,
        uint256 root,
        uint256 nullifierHash,
        address relayer,
        uint256 fee,
        Proof calldata proof
    ) external {
        _requirePhase(Phase.Voting);
        if (choice >= _candidateCount()) revert UnknownCandidate(choice);
        _requireFieldElement(root);
        _requireFieldElement(nullifierHash);
        if (fee > _DENOMINATION) revert FeeTooHigh(fee, _DENOMINATION);
        if (fee != 0 && relayer == address(0)) revert RelayerMissing(fee);
        if (!isKnownRoot(root)) revert UnknownRoot(root);
        if (_isSpent[nullifierHash]) revert NullifierAlreadySpent(nullifierHash);
        _requireProof(root, nullifierHash, _signal(choice, relayer, fee), proof);
        _isSpent[nullifierHash] = true;
        _countVote(choice);
        emit BallotCast(nullifierHash, choice, root, relayer, fee, proof);
        if (_DENOMINATION != 0) _settle(relayer, fee);
    }

    /// @inheritdoc ICream
    function release() external nonReentrant {
        uint256 amount = releasable();
        if (amount == 0) revert NothingToRelease();
        emit Released(amount);
        if (!_pay(_TREASURY, amount, gasleft())) revert TreasuryPaymentRefused(_TREASURY, amount);
    }

    /// @inheritdoc ICream
    function schedule() external view returns (Schedule memory times) {
        return Schedule(_REGISTRATION_OPENS, _VOTING_OPENS, _VOTING_CLOSES);
    }

    /// @inheritdoc ICream
    function electionId() external view returns (uint256 id) {
        return _ELECTION_ID;
    }

    /// @inheritdoc ICream
    function electionFileHash() external view returns (bytes32 fileHash) {
        return _ELECTION_FILE_HASH;
    }

    /// @inheritdoc ICream
    function registrar() external view returns (address account) {
        return _REGISTRAR;
    }

    /// @inheritdoc ICream
    function treasury() external view returns (address account) {
        return _TREASURY;
    }

    /// @inheritdoc ICream
    function denomination() external view returns (uint256 amount) {
        return _DENOMINATION;
    }

    /// @inheritdoc ICream
    function verifier() external view returns (address account) {
        return address(_VERIFIER);
    }

    /// @inheritdoc ICream
    function isSpent(uint256 nullifierHash) external view returns (bool spent) {
        return _isSpent[nullifierHash];
    }

    /// @inheritdoc ICream
    function isDeposited(uint256 commitment) external view returns (bool deposited) {
        return _isDeposited[commitment];
    }

    /// @inheritdoc ICream
    function candidateCount() external view returns (uint256 count) {
        return _candidateCount();
    }

    /// @inheritdoc ICream
    function candidate(uint256 choice) external view returns (address account, uint256 votes) {
        if (choice >= _candidateCount()) revert UnknownCandidate(choice);
        Candidate memory standing = _candidate(choice);
        return (standing.account, standing.votes);
    }

    /// @inheritdoc ICream
    function tally() external view returns (uint256[] memory votes) {
        votes = new uint256[](_candidateCount());
        for (uint256 choice = 0; choice < votes.length; ++choice) {
            votes[choice] = _candidate(choice).votes;
        }
    }

    /// @inheritdoc ICream
    function releasable() public view returns (uint256 amount) {
        if (phase() == Phase.Closed) return address(this).balance;
        return address(this).balance - _DENOMINATION * balanceOf(address(this));
    }

    /// @inheritdoc ICream
    function phase() public view returns (Phase current) {
        // phases are hours long; a block producer's freedom of a few seconds moves nobody's vote
        // solhint-disable-next-line not-rely-on-time
        uint256 time = block.timestamp;
        if (time < _REGISTRATION_OPENS) return Phase.Pending;
        if (time < _VOTING_OPENS) return Phase.Registration;
        return time < _VOTING_CLOSES ? Phase.Voting : Phase.Closed;
    }

    /// @inheritdoc IVotingCoin
    function totalSupply() public view override(IVotingCoin, VotingCoin) returns (uint256 coins) {
        return leafCount();
    }

    function _deposit(uint256 commitment, uint256 index) private {
        _requireFieldElement(commitment);
        if (_isDeposited[commitment]) revert CommitmentAlreadyDeposited(commitment);
        _isDeposited[commitment] = true;
        _insert(commitment, index);
        emit Deposited(commitment, index, msg.sender);
        emit Transfer(address(0), address(this), 1);
    }

    /// @dev Guarded although every effect came before: a payee must not see or move money half settled.
    function _settle(address relayer, uint256 fee) private nonReentrant {
        uint256 rest = _DENOMINATION - fee;
        if (fee != 0 && !_pay(relayer, fee, gasleft())) revert RelayerPaymentRefused(relayer, fee);
        if (rest != 0 && !_pay(_TREASURY, rest, _TREASURY_GAS)) emit TreasuryPaymentDeferred(rest);
    }

    /// @dev Return data is not copied, so a payee cannot make the caller pay for a large one.
    function _pay(address payee, uint256 amount, uint256 gasLimit) private returns (bool paid) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            paid := call(gasLimit, payee, amount, 0, 0, 0, 0)
        }
    }

    /// @dev Calls verifyFolded. By hand, because the compiler would copy every word twice: about 900 gas per vote.
    function _requireProof(uint256 root, uint256 nullifierHash, uint256 signal, Proof calldata proof) private view {
        address verifier_ = address(_VERIFIER);
        uint256 foldedX = _FOLDED_X;
        uint256 foldedY = _FOLDED_Y;
        bytes4 selector = IVoteVerifier.verifyFolded.selector;
        bool valid;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            calldatacopy(add(m, 0x04), proof, 0x100)
            mstore(add(m, 0x104), foldedX)
            mstore(add(m, 0x124), foldedY)
            mstore(add(m, 0x144), root)
            mstore(add(m, 0x164), nullifierHash)
            mstore(add(m, 0x184), signal)
            if iszero(staticcall(gas(), verifier_, m, 0x1a4, 0, 0x20)) {
                // the verifier's own errors say which word is malformed
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
            valid := and(eq(returndatasize(), 0x20), eq(mload(0), 1))
        }
        if (!valid) revert InvalidProof();
    }

    function _requireRegistrar() private view {
        if (msg.sender != _REGISTRAR) revert NotRegistrar(msg.sender);
    }

    function _requireDeposit(uint256 count) private view {
        _requirePhase(Phase.Registration);
        if (msg.value != _DENOMINATION * count) revert WrongDepositValue(_DENOMINATION * count, msg.value);
    }

    function _requirePhase(Phase expected) private view {
        Phase actual = phase();
        if (actual != expected) revert WrongPhase(expected, actual);
    }

    /// @dev keccak256(abi.encode(choice, relayer, fee)) mod r, as election/ballot.py computes it.
    function _signal(uint256 choice, address relayer, uint256 fee) private pure returns (uint256 signal) {
        bytes32 digest;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, choice)
            mstore(add(m, 0x20), and(relayer, 0xffffffffffffffffffffffffffffffffffffffff))
            mstore(add(m, 0x40), fee)
            digest := keccak256(m, 0x60)
        }
        return uint256(digest) % SCALAR_FIELD;
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
