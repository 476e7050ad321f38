"""Where the demonstration gets its proofs: the pool of `zk.prover_pool`."""

from zk.prover_pool import ProverPool, prover_pool

__all__ = ["ProverPool", "prover_pool"]
