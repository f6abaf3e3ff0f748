"""From frames of the event log to lines, messages and records."""
