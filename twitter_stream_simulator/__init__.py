"""A simulator of X's streaming endpoints on loopback: scripted faults, and a record of it all."""

from __future__ import annotations

from twitter_stream_simulator.oracle.oracle_file import OracleFile, read_oracle
from twitter_stream_simulator.scenario.scenario import Scenario
from twitter_stream_simulator.scenario.step_parser import ScenarioError
from twitter_stream_simulator.simulator import Simulator

__all__ = ["OracleFile", "Scenario", "ScenarioError", "Simulator", "read_oracle"]
