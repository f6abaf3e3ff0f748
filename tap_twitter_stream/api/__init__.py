"""Everything that talks HTTP to X: credentials, rules, connections, and their connect budget."""
