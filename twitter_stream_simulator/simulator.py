"""The simulator as tests and scripts use it: a scenario in, a served address out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.oracle.oracle import Oracle
from twitter_stream_simulator.rest.archive import Archive
from twitter_stream_simulator.rest.rest import Api
from twitter_stream_simulator.rest.search import Search
from twitter_stream_simulator.rules.rule_book import RuleBook
from twitter_stream_simulator.scenario.scenario import Scenario
from twitter_stream_simulator.sending.absences import Absences
from twitter_stream_simulator.sending.supply import Supply
from twitter_stream_simulator.server.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


class Simulator:
    """X's streaming endpoints on loopback, listening from the moment it is made.

    Use it in a ``with`` statement, or call :meth:`close`.

    Raises:
        ValueError: ``host`` is not a loopback address.
        OSError: The port is taken.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        oracle_path: Path | None = None,
    ) -> None:
        if host not in LOOPBACK_HOSTS:
            message = f"The simulator serves this machine only: {host} is not a loopback address."
            raise ValueError(message)
        self.scenario = scenario or Scenario()
        self.rules = RuleBook(
            self.scenario.rules_cap,
            lambda: clock.utc_text(clock.now_s()),
            self.scenario.access,
        )
        for rule in self.scenario.rules:
            self.rules.add(rule["value"], rule.get("tag"))
        self.stop_requested = threading.Event()
        price = self.scenario.price_per_post_usd
        self.oracle = Oracle(oracle_path, price_per_post_usd=price)
        supply = Supply(self.scenario, self.rules)
        absences = Absences(supply, self.oracle)
        search = Search(self.scenario, Archive(supply, absences), self.oracle)
        api = Api(supply, search, self.oracle, self.stop_requested.set)
        address = ("127.0.0.1" if host == "localhost" else host, port)
        try:
            self._server = Server(address, supply, absences, self.oracle, api)
        except OSError:
            self.oracle.close()
            raise
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.port}"
        self._server.start()

    @property
    def bearer_token(self) -> str:
        """A token that the simulator accepts."""
        return self.scenario.bearer_tokens[0]

    @property
    def consumer_key(self) -> str:
        """The key that ``/oauth2/token`` accepts."""
        return self.scenario.consumer_key

    @property
    def consumer_secret(self) -> str:
        """The secret that ``/oauth2/token`` accepts."""
        return self.scenario.consumer_secret

    @property
    def access_token(self) -> str:
        """The account that may sign requests for v1.1 streams."""
        return self.scenario.access_token

    @property
    def access_token_secret(self) -> str:
        """The secret that goes with the account."""
        return self.scenario.access_token_secret

    def wait_for(self, predicate: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until the predicate holds; say whether it did within the time."""
        return self.oracle.wait_for(predicate, timeout_s)

    def catch_up(self) -> None:
        """Let the oracle know now what was missed, not at the next connect only."""
        self._server.catch_up()

    def close(self) -> None:
        """End all connections, threads and files."""
        self._server.close()
        self.oracle.close()

    def __enter__(self) -> Self:
        """Return the simulator, which already listens."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()
