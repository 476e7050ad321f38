"""A whole election on a local chain, as numbered steps: what `tohyo demo` runs and the end-to-end test repeats."""
