"""What a voter runs: the note, the wallet, the check that a ballot arrived."""
