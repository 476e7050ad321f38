"""Tools that look for holes in circuits; see `report` for what a check says and docs/circuit-checks.md."""
