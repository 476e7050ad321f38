"""Key ceremonies: a trusted set-up that several people carry out, of whom one honest one is enough.

    powers             phase 1: powers of tau, for every circuit up to a size
    lagrange           preparing them for phase 2
    circuit_key        phase 2 begins: the key of one circuit
    key_contribution   one person's contribution to it
    powers_check, key_check   everything that can be checked about either phase
    transcript, finish        the record that goes on chain, and the key folder that elections use

    group, combinations, workers   points, sums over many of them, and all cores
    curve_bytes, randomness, resumable_hash, knowledge   the encodings, random streams, hashes and proofs

Files, hashes and random streams are those of snarkjs, so that anybody can take part with either program, and
check with either. Sources: Bowe, Gabizon, Miers, "Scalable multi-party computation for zk-SNARK parameters in
the random beacon model", eprint 2017/1050; Groth, eprint 2016/260.

Trusts that at least one contributor of each phase forgot their secrets. That cannot be checked; everything
else is.
"""
