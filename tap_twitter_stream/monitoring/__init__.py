"""How a run is doing: METRIC lines for a machine, a line of progress for a person."""
