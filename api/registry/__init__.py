"""The registrar's books: the roll, the ledger of voting status, and the log."""
