"""A whole election on a local chain, as numbered steps: `tohyo demo` and the end-to-end test run the same."""
