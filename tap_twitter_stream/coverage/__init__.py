"""Which time was captured, lost, filled: the ledger of each endpoint and partition. Pure."""
