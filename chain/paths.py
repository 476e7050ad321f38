"""Where things lie in the project tree; the only module of this layer that knows."""

from __future__ import annotations

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
BUILD_DIR = PROJECT_ROOT / "build"
CONTRACTS_DIR = PROJECT_ROOT / "contracts"
NODE_MODULES = PROJECT_ROOT / "node_modules"
SOLCX_DIR = PROJECT_ROOT / ".toolchain" / "solcx"
KEYS_DIR = BUILD_DIR / "keys"
COMPILED_DIR = BUILD_DIR / "contracts"
EXAMPLE = PROJECT_ROOT / "examples" / "tsukuba-2018"  # an election file and its roll
