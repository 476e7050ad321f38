"""Recounting an election from the chain alone."""
