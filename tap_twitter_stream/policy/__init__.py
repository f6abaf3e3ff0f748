"""What we decide: pure functions and values, no I/O, no clock, no chance of their own."""
