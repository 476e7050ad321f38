"""The chain: compiling, local nodes, deployment, typed clients, events."""
