"""The receiver: connect, read, store in the event log. A process of its own, without Singer."""
