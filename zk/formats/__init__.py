"""The binary files that circom and snarkjs share: `.r1cs`, `.wtns`, `.zkey`."""
