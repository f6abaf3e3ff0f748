"""The scenario: what the simulator is asked to do, parsed and checked."""
