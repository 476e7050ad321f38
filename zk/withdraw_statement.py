"""What a withdrawal of classic CREAM proves, and what its prover knows.

    commitment     C = H₁(nullifier ‖ secret)      H₁ the x-coordinate of the Pedersen hash
    nullifier hash h = H₁(nullifier)
    S[R, h, B, f, t] = { I know nullifier, secret, path: C is the leaf at path under root R, whose nodes are
                         MiMCSponge(left, right), and h is the nullifier's hash }

B, the candidate's address, the fee f and the relayer's address t are bound by the proof and not used by it:
a copied proof can only make the same payment. Nullifier and secret have 248 bits and enter H₁ lowest bit
first. Source: the CREAM specification of 2020, which follows Tornado Cash; numbers as in circomlib.

The order of the public inputs is fixed here and nowhere else. Unlike `zk.statement`, h does not name an
election: a note that serves twice shows it, so a wallet makes one note for each election.

Leaves to others: whether `root` is one of the last the contract keeps, whether h was used before, the rest
of the payment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from zk.errors import ZkError
from zk.field import require_field_element
from zk.pedersen import number_bits, pedersen_hash

NOTE_BITS: Final = 248  # 31 bytes: below r whatever they are
ADDRESS_BITS: Final = 160

PublicInputs = tuple[int, int, int, int, int]


class NumberTooLongError(ZkError):
    """A number with more bits than its place in the statement has; the message does not show it."""

    def __init__(self, name: str, bits: int) -> None:
        super().__init__(
            f"{name} is not an integer of at most {bits} bits", hint=f"give {name} as a number below 2^{bits}"
        )
        self.name = name
        self.bits = bits


def require_bits(number: int, name: str, bits: int) -> int:
    """Return the number; raise NumberTooLongError, which names it, unless it is in [0, 2^bits)."""
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 1 << bits:
        raise NumberTooLongError(name, bits)
    return number


def classic_commitment(nullifier: int, secret: int) -> int:
    """C = H₁(nullifier ‖ secret): the leaf of a classic deposit. Hides both, binds both."""
    return pedersen_hash([*_note_bits(nullifier, "nullifier"), *_note_bits(secret, "secret")]).x


def classic_nullifier_hash(nullifier: int) -> int:
    """H₁(nullifier): the public number of a note, the same in every election."""
    return pedersen_hash(_note_bits(nullifier, "nullifier")).x


@dataclass(frozen=True)
class WithdrawStatement:
    """The public inputs of a withdrawal; every number's range is checked when it is made."""

    root: int
    nullifier_hash: int
    recipient: int  # the candidate's address as a number
    fee: int
    relayer: int  # the relayer's address as a number, 0 if nobody relays

    def __post_init__(self) -> None:
        for name in ("root", "nullifier_hash", "fee"):
            require_field_element(getattr(self, name), name)
        for name in ("recipient", "relayer"):
            require_bits(getattr(self, name), name, ADDRESS_BITS)

    def public_inputs(self) -> PublicInputs:
        """[R, h, B, f, t], in the order of the circuit and the contract."""
        return (self.root, self.nullifier_hash, self.recipient, self.fee, self.relayer)


@dataclass(frozen=True)
class WithdrawWitness:
    """What only the voter knows. Its repr shows neither the secrets nor where the leaf is."""

    nullifier: int = field(repr=False)
    secret: int = field(repr=False)
    leaf_index: int = field(repr=False)
    path_elements: tuple[int, ...] = field(repr=False)

    def __post_init__(self) -> None:
        require_bits(self.nullifier, "nullifier", NOTE_BITS)
        require_bits(self.secret, "secret", NOTE_BITS)
        for level, element in enumerate(self.path_elements):
            require_field_element(element, f"path_elements[{level}]")


def _note_bits(number: int, name: str) -> list[int]:
    return number_bits(require_bits(number, name, NOTE_BITS), NOTE_BITS)
