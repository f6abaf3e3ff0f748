"""The event log: what was received, on disk, in order, before anything is made of it."""
