"""The REST endpoints: rules, search, counts, connections, usage."""
