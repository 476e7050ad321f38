"""Pure rules: election file, phases, ballots, permits, tally. No I/O beyond reading a given file."""
