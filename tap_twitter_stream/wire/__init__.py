"""What bytes mean. Pure: no socket, clock, chance or log is reached from here."""
