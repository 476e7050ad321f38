"""Measurements: each script writes one file of bench/results and prints it."""
