"""The oracle: a record of what was sent, asked for and billed."""
