"""A Solidity verifier from a Groth16 verifying key.

Trusts nobody about the key's points (`require_well_formed_key`) and everybody about where the key comes from:
that is
`zk.keys`. Needs no proving library, because deployment scripts import it inside Brownie's environment. The
contract's text is `solidity_verifier.sol.template`.
"""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from zk.development import DEVELOPMENT_TRANSCRIPT_HASH
from zk.errors import ZkError
from zk.groth16.types import VerifyingKey, require_well_formed_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.groth16.points import G2Point

TRANSCRIPT_HASH_BYTES = 32

_TEMPLATE = Path(__file__).with_name("solidity_verifier.sol.template")
PROOF_WORDS = 8
_G2_PARTS = ("X_C1", "X_C0", "Y_C1", "Y_C0")

G1Words = tuple[int, int]
G2Words = tuple[int, int, int, int]
KeyWords = tuple[G1Words, G2Words, G2Words, G2Words, tuple[G1Words, ...]]


class VerifierRenderError(ZkError):
    """No verifier can be rendered with these options."""


def _g2_words(point: G2Point) -> G2Words:
    (x0, x1), (y0, y1) = point
    return x1, x0, y1, y0


def _g2_point(words: Sequence[int]) -> G2Point:
    x1, x0, y1, y0 = words
    return (x0, x1), (y0, y1)


def verifying_key_words(key: VerifyingKey) -> KeyWords:
    """Return (alpha, beta, gamma, delta, ic) in EVM order, as the contract's `verifyingKey()` does."""
    g2 = [_g2_words(point) for point in (key.beta_g2, key.gamma_g2, key.delta_g2)]
    return key.alpha_g1, g2[0], g2[1], g2[2], key.ic


def verifying_key_from_words(words: Sequence[Any]) -> VerifyingKey:
    """Read what a deployed verifier answered. Raises VerifyingKeyMalformedError."""
    alpha, beta, gamma, delta, ic = words
    key = VerifyingKey(
        (alpha[0], alpha[1]),
        _g2_point(beta),
        _g2_point(gamma),
        _g2_point(delta),
        tuple((x, y) for x, y in ic),
    )
    require_well_formed_key(key)
    return key


def _constants(alpha: G1Words, g2: dict[str, G2Words], ic: tuple[G1Words, ...]) -> str:
    values = {"ALPHA_X": alpha[0], "ALPHA_Y": alpha[1]}
    for name, words in g2.items():
        values |= {f"{name}_{part}": word for part, word in zip(_G2_PARTS, words, strict=True)}
    for i, (x, y) in enumerate(ic):
        values |= {f"IC{i}_X": x, f"IC{i}_Y": y}
    return "\n".join(
        f"    uint256 private constant _{name} = 0x{value:064x};" for name, value in values.items()
    )


def _add_term(ic: int, name: str) -> str:
    """Assembly that adds input·ICᵢ to the point at m + 0xc0."""
    return f"""\
            mstore(add(m, 0x100), _IC{ic}_X)
            mstore(add(m, 0x120), _IC{ic}_Y)
            mstore(add(m, 0x140), {name})
            if iszero(staticcall(gas(), 7, add(m, 0x100), 0x60, add(m, 0x100), 0x40)) {{
                mstore(0, failure)
                revert(0, 4)
            }}
            if iszero(staticcall(gas(), 6, add(m, 0xc0), 0x80, add(m, 0xc0), 0x40)) {{
                mstore(0, failure)
                revert(0, 4)
            }}"""


def _in_range(names: list[str]) -> str:
    """Assembly for: every input < r and every coordinate < q, without branches."""
    tests = [f"lt({name}, _SCALAR_FIELD)" for name in names]
    tests += [f"lt(calldataload(add(proof, {32 * i:#x})), _BASE_FIELD)" for i in range(PROOF_WORDS)]
    nested = tests[-1]
    for test in reversed(tests[:-1]):
        nested = f"and({test},\n                {nested})"
    return nested


def render_verifier(
    key: VerifyingKey, *, folded_input: int, transcript_hash: bytes = DEVELOPMENT_TRANSCRIPT_HASH
) -> str:
    """Solidity source of contract `Groth16Verifier` for `key`.

    Cost of `verifyFolded`: 181,000 gas for 4 pairings, 6,150 per input but the folded one, about 1,500 around
    them.
    `folded_input` is the position of the public input that `foldInput` takes; `transcript_hash` names the
    ceremony
    (32 zero bytes: development keys). Raises VerifyingKeyMalformedError and VerifierRenderError.
    """
    require_well_formed_key(key)
    alpha, beta, gamma, delta, ic = verifying_key_words(key)
    n_public = len(ic) - 1
    if not 0 <= folded_input < n_public or n_public == 1:
        raise VerifierRenderError(f"there is no input {folded_input} to fold beside another one")
    if len(transcript_hash) != TRANSCRIPT_HASH_BYTES:
        raise VerifierRenderError("a transcript hash has 32 bytes")
    rest = [i for i in range(n_public) if i != folded_input]
    names = [f"input{i}" for i in rest]
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        n_public=n_public,
        n_ic=n_public + 1,
        n_rest=n_public - 1,
        folded=folded_input,
        folded_ic=folded_input + 1,
        transcript_hash=f"0x{transcript_hash.hex()}",
        constants=_constants(alpha, {"BETA": beta, "GAMMA": gamma, "DELTA": delta}, ic),
        rest_of_all=", ".join(f"inputs[{i}]" for i in rest),
        rest=", ".join(f"inputs[{i}]" for i in range(n_public - 1)),
        rest_parameters=", ".join(f"uint256 {name}" for name in names),
        rest_names=", ".join(names),
        in_range=_in_range(names),
        add_terms="\n".join(_add_term(i + 1, name) for i, name in zip(rest, names, strict=True)),
        key_ic="\n".join(f"        key.ic[{i}] = [_IC{i}_X, _IC{i}_Y];" for i in range(n_public + 1)),
    )
