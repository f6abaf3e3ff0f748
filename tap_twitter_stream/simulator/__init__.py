"""A simulator of X's streaming endpoints on loopback: scripted faults, and a record of it all."""

from __future__ import annotations

from tap_twitter_stream.simulator.oracle_file import OracleFile, read_oracle
from tap_twitter_stream.simulator.scenario import Scenario
from tap_twitter_stream.simulator.simulator import Simulator
from tap_twitter_stream.simulator.step_parser import ScenarioError

__all__ = ["OracleFile", "Scenario", "ScenarioError", "Simulator", "read_oracle"]
