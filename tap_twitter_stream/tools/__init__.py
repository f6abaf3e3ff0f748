"""Commands that read what was captured, or check what takes it."""
