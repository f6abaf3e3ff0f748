"""Everything that speaks HTTP to X: credentials, rules, search, connections. No event log."""
