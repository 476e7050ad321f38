// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {IMerkleTree} from "./IMerkleTree.sol";
import {Proof} from "./IVoteVerifier.sol";

/// @title Anonymous election with a deposit and a vote per voter: what every scheme has in common
/// @dev No account has power over ballots or the count; the registrar decides who may deposit, and nothing else.
///      Phases follow block timestamps alone.
interface IElection is IMerkleTree {
    /// @notice Pending before registration opens; registration closes when voting opens.
    enum Phase {
        Pending,
        Registration,
        Voting,
        Closed
    }

    /// @notice UNIX seconds; strictly increasing.
    struct Schedule {
        uint64 registrationOpens;
        uint64 votingOpens;
        uint64 votingCloses;
    }

    /// @notice What an election is deployed with. `electionFile` is the canonical file the rest was taken from.
    struct Config {
        bytes electionFile;
        address registrar;
        address treasury;
        uint256 denomination;
        uint256 depth;
        Schedule schedule;
        address[] candidates;
        address verifier;
        address hasher;
    }

    /// @notice The registrar's address is missing.
    error RegistrarMissing();
    /// @notice Deposits carry money, so a treasury has to exist.
    error TreasuryMissing();
    /// @notice The three times have to be strictly increasing.
    error ScheduleNotIncreasing(uint64 registrationOpens, uint64 votingOpens, uint64 votingCloses);
    /// @notice An election needs at least one candidate.
    error CandidatesMissing();
    /// @notice A candidate's address is zero or the election itself, where coins of others lie.
    error CandidateAddressRefused(uint256 choice, address account);
    /// @notice Two candidates share an address, so their coins could not be told apart.
    error CandidateRepeated(uint256 choice, address account);

    /// @notice The election is in another phase.
    error WrongPhase(Phase expected, Phase actual);
    /// @notice Nothing to announce until the next phase begins at `nextPhaseAt` (0 after the last one).
    error PhaseAlreadyAnnounced(Phase phase, uint256 nextPhaseAt);
    /// @notice Only the registrar deposits without a permit, and anchors its log.
    error NotRegistrar(address account);
    /// @notice The permit's deadline has passed.
    error PermitExpired(uint256 deadline, uint256 timestamp);
    /// @notice The signature is not the registrar's over this commitment, deadline, chain and contract.
    error PermitNotFromRegistrar(address signer);
    /// @notice Every deposit carries exactly the denomination.
    error WrongDepositValue(uint256 expected, uint256 sent);
    /// @notice The commitment already has a leaf (the empty leaf counts as taken).
    error CommitmentAlreadyDeposited(uint256 commitment);
    /// @notice There is no candidate of this number.
    error UnknownCandidate(uint256 choice);
    /// @notice The root is none of the last 100 checkpoints.
    error UnknownRoot(uint256 root);
    /// @notice A vote with this nullifier hash was counted before.
    error NullifierAlreadySpent(uint256 nullifierHash);
    /// @notice A fee is paid out of the deposit and cannot exceed it.
    error FeeTooHigh(uint256 fee, uint256 denomination);
    /// @notice A fee needs someone to receive it.
    error RelayerMissing(uint256 fee);
    /// @notice The proof does not prove this vote.
    error InvalidProof();
    /// @notice The relayer does not take the fee, so its ballot is not cast.
    error RelayerPaymentRefused(address relayer, uint256 fee);
    /// @notice The treasury does not take the money.
    error TreasuryPaymentRefused(address treasury, uint256 amount);
    /// @notice The contract holds nothing that belongs to the treasury.
    error NothingToRelease();
    /// @notice The registrar's log had `previous` entries when it was anchored last; it grows only.
    error LogEntriesDecreased(uint64 previous, uint64 given);

    /// @notice The election exists; the canonical file is kept here for anyone who recounts.
    event ElectionDeployed(uint256 indexed electionId, bytes electionFile);
    /// @notice A commitment got its leaf.
    event Deposited(uint256 indexed commitment, uint256 leafIndex, address depositor);
    /// @notice A ballot was counted; the proof is repeated so that logs alone suffice for a recount.
    event BallotCast(
        uint256 indexed nullifierHash, uint256 choice, uint256 root, address relayer, uint256 fee, Proof proof
    );
    /// @notice A phase the clock has reached was announced.
    event PhaseAdvanced(Phase phase);
    /// @notice Money that had stayed here went to the treasury.
    event Released(uint256 amount);
    /// @notice The registrar committed itself to its log and to the size of the roll; `phase` is the clock's.
    event RegistrarLogAnchored(Phase indexed phase, bytes32 head, uint64 entries, uint64 rollSize);

    /// @notice Inserts one commitment; registrar only, during registration, with the denomination.
    function deposit(uint256 commitment) external payable;

    /// @notice Inserts one commitment for anyone who holds the registrar's permit for it.
    /// @param signature The registrar's EIP-712 signature of DepositPermit(uint256 commitment,uint256 deadline).
    function deposit(uint256 commitment, uint256 deadline, bytes calldata signature) external payable;

    /// @notice Inserts many commitments; registrar only, all or none.
    function depositMany(uint256[] calldata commitments) external payable;

    /// @notice Announces the phase the schedule has reached; from then on a root covers every deposit of a
    ///         registration that has ended. Anyone may call it, and nothing waits for it: phases change by time alone.
    function advance() external;

    /// @notice Publishes the end of the registrar's hash-chained log; registrar only, in any phase.
    /// @dev A log that is only ever added to cannot become shorter, so fewer entries than anchored before are refused:
    ///      such an anchor is a log started anew, or an old transaction included late, and an auditor could not tell
    ///      which. The same number again is allowed, since a phase may begin without news; whether its head is the
    ///      same too is the auditor's to see, as is everything else about the log. `rollSize` may go down: people die
    ///      and move away. Only the number is kept, beside the announced phase; the rest is in the event.
    /// @param head Hash of the last entry.
    /// @param entries How many entries the log has.
    /// @param rollSize How many people on the roll may register at this point of the log.
    function anchorLog(bytes32 head, uint64 entries, uint64 rollSize) external;

    /// @notice Sends the treasury what it is owed; anyone may call it.
    function release() external;

    /// @notice What `release` would send: money that no ballot can claim, such as the deposits that had not voted when
    ///         voting closed.
    function releasable() external view returns (uint256 amount);

    /// @notice The phase of the current block's timestamp.
    function phase() external view returns (Phase current);

    /// @notice The election's times.
    function schedule() external view returns (Schedule memory times);

    /// @notice keccak256(abi.encode(chain id, this contract, electionFileHash)) mod r; every proof of `cream` is
    ///         bound to it, none of `cream-classic` is.
    function electionId() external view returns (uint256 id);

    /// @notice keccak256 of the canonical election file.
    function electionFileHash() external view returns (bytes32 fileHash);

    /// @notice Who may deposit and sign permits.
    function registrar() external view returns (address account);

    /// @notice Where money goes that belongs to nobody else.
    function treasury() external view returns (address account);

    /// @notice Wei that one deposit carries.
    function denomination() external view returns (uint256 amount);

    /// @notice The verifier of ballots' proofs.
    function verifier() external view returns (address account);

    /// @notice Whether a vote with this nullifier hash was counted.
    function isSpent(uint256 nullifierHash) external view returns (bool spent);

    /// @notice Whether the commitment has a leaf.
    function isDeposited(uint256 commitment) external view returns (bool deposited);

    /// @notice How many candidates stand.
    function candidateCount() external view returns (uint256 count);

    /// @notice A candidate's account and votes so far.
    function candidate(uint256 choice) external view returns (address account, uint256 votes);

    /// @notice Votes of every candidate, in the order of the election file.
    function tally() external view returns (uint256[] memory votes);
}
