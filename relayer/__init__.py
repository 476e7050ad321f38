"""Ballots on their way to the chain. Knows no voter."""
