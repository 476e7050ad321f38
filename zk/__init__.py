"""Fields, hashes, circuits and proofs; knows no chain, no HTTP and no election."""
