"""Whether the contracts on chain are the ones whose sources are here.

The verifier is rendered again from the key that it answers with, so one look at that key settles what it verifies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.exceptions import Web3Exception

from audit.report import Where
from zk.groth16 import VerifyingKey
from zk.solidity import verifying_key_json

if TYPE_CHECKING:
    from web3 import Web3

    from audit.evidence import Evidence
    from audit.report import Examination
