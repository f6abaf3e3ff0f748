"""Streams while they are open: what is sent to which connection, when, and with which faults."""
