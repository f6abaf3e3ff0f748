"""X's list of the app's stream connections, and the one way to end those that X forgot."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.errors import ApiError, StopRequestedError
from tap_twitter_stream.policy.stale_connections import ghosts_of

if TYPE_CHECKING:
    from tap_twitter_stream.api.call import Caller

CONNECTIONS_PATH = "/2/connections"
_MOST = 100
_FIELDS = "connected_at,endpoint_name,id"

logger = logging.getLogger(__name__)


class GhostHunter:
    """Ends connections that X still counts for this app, but that this run does not hold.

    Args:
        caller: Carries the app's token.
        run_began_s: Seconds since 1970, by this machine's clock.
    """

    def __init__(self, caller: Caller, run_began_s: float) -> None:
        self._caller = caller
        self._run_began_s = run_began_s

    def hunt(self, endpoint_id: str, *, alone: bool) -> int:
        """End the ghosts of one endpoint and return how many; a failure is told and means none.

        Args:
            endpoint_id: X's name for the endpoint.
            alone: Whether this run holds no other connection to it.
        """
        query = {
            "status": "active",
            "endpoints": endpoint_id,
            "max_results": str(_MOST),
            "connection.fields": _FIELDS,
        }
        try:
            listed = self._caller.json("GET", CONNECTIONS_PATH, params=query).get("data")
            rows: list[Any] = listed if isinstance(listed, list) else []
            ids = ghosts_of(rows, endpoint_id, run_began_s=self._run_began_s, alone=alone)[:_MOST]
            if not ids:
                return 0
            answer = self._caller.json("DELETE", CONNECTIONS_PATH, json={"uuids": ids}).get("data")
        except StopRequestedError:
            return 0
        except ApiError as error:
            logger.warning("Connections that X still counts could not be ended. %s", error)
            return 0
        ended = answer.get("successful_kills") if isinstance(answer, dict) else 0
        return ended if isinstance(ended, int) else 0
