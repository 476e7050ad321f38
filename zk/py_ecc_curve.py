"""py_ecc's curve arithmetic, without what importing it does to the rest of the process.

py_ecc raises Python's recursion limit to 100,000 when it is first imported. Its own exponentiation goes some
3,000 deep; but a parser written in C, given a text nested that deep, would run out of stack and take the
process down instead of raising RecursionError. So the limit is brought back to what py_ecc needs.
"""

from __future__ import annotations

import sys

from py_ecc.fields import optimized_bn128_FQ as FQ
from py_ecc.fields import optimized_bn128_FQ2 as FQ2
from py_ecc.fields import optimized_bn128_FQ12 as FQ12
from py_ecc.optimized_bn128 import optimized_curve as curve
from py_ecc.optimized_bn128 import optimized_pairing as pairings

RECURSION_LIMIT = 10_000

sys.setrecursionlimit(RECURSION_LIMIT)

__all__ = ["FQ", "FQ2", "FQ12", "curve", "pairings"]
