"""The well-known accounts of local chains: everybody has their keys, so they are worth nothing elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_account import Account

from chain.engines import DEVELOPMENT_MNEMONIC

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


def development_account(number: int) -> LocalAccount:
    """Return the account that Anvil and Ganache list under this number, with its key."""
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(
        DEVELOPMENT_MNEMONIC, account_path=f"m/44'/60'/0'/0/{number}"
    )
    return account
