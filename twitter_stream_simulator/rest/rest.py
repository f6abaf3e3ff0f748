"""The requests that are answered at once: rules, token, usage, and the simulator's own pages."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from twitter_stream_simulator import clock
from twitter_stream_simulator.protocol import problems
from twitter_stream_simulator.protocol.endpoints import ENDPOINT_IDS, ENDPOINTS
from twitter_stream_simulator.protocol.http import Answer, json_answer
from twitter_stream_simulator.rest import home
from twitter_stream_simulator.sending.connection_registry import Roll

if TYPE_CHECKING:
    from collections.abc import Callable

    from twitter_stream_simulator.oracle.oracle import Oracle
    from twitter_stream_simulator.protocol.http import Request
    from twitter_stream_simulator.rest.search import Search
    from twitter_stream_simulator.sending.supply import Supply

MAX_RULES_PER_PAGE = 1000
MAX_CONNECTIONS_PER_PAGE = 100
APP_ID = "10000001"
PROJECT_ID = "1000000001"
# Monthly cap of the pay-per-use plan.
PROJECT_CAP = 3_000_000


class Api:
    """One method to each row of the endpoint table that is no stream."""

    def __init__(
        self, supply: Supply, search: Search, oracle: Oracle, stop: Callable[[], None]
    ) -> None:
        self._scenario = scenario = supply.scenario
        self._rules = supply.rules
        self._oracle = oracle
        self._stop = stop
        self.roll = Roll(scenario.seed)
        self._handlers: dict[str, Callable[[Request], Answer]] = {
            "list_rules": self.list_rules,
            "change_rules": self.change_rules,
            "count_rules": self.count_rules,
            "search": search.search,
            "count": search.count,
            "give_token": self.give_token,
            "usage_of_posts": self.usage_of_posts,
            "list_connections": self.list_connections,
            "end_connections": self.end_connections,
            "end_all": self.end_all,
            "end_endpoint": self.end_endpoint,
            "describe": self.describe,
            "show_oracle": self.show_oracle,
            "stop": self.stop,
        }

    def answer(self, handler: str, request: Request) -> Answer:
        """Call the method that a row of the table names."""
        return self._handlers[handler](request)

    def list_rules(self, request: Request) -> Answer:
        """Answer one page of rules; a page token says where the next one starts."""
        ids = request.query["ids"].split(",") if "ids" in request.query else None
        max_results = request.query.get("max_results", str(MAX_RULES_PER_PAGE))
        token = request.query.get("pagination_token", "0" * 16)
        if not max_results.isdecimal() or not 1 <= int(max_results) <= MAX_RULES_PER_PAGE:
            why = f"is not between 1 and {MAX_RULES_PER_PAGE}"
            return _invalid("max_results", max_results, why)
        if len(token) != 16 or not token.isdecimal():  # noqa: PLR2004 - as X's description has it
            return _invalid("pagination_token", token, "is not a token that was given out")
        offset = int(token)
        body, more = self._rules.page(ids, int(max_results), offset)
        if more:
            body["meta"]["next_token"] = f"{offset + int(max_results):016d}"
        return json_answer(200, body)

    def change_rules(self, request: Request) -> Answer:
        """Add or delete rules, exactly one of the two."""
        dry_run = _is_true(request, "dry_run")
        if _is_true(request, "delete_all"):
            return json_answer(*self._rules.delete_all(dry_run=dry_run))
        body = request.json()
        add, delete = body.get("add"), body.get("delete")
        if isinstance(add, list) and add and delete is None:
            return json_answer(*self._rules.create(add, dry_run=dry_run))
        if isinstance(delete, dict) and add is None and _names_rules(delete):
            return json_answer(*self._rules.delete(delete, dry_run=dry_run))
        return _invalid("body", "", "must hold exactly one of add and delete")

    def count_rules(self, _: Request) -> Answer:
        """Answer how many rules there are, and may be."""
        total, cap = len(self._rules), str(self._scenario.rules_cap)
        app = {"client_app_id": APP_ID, "rule_count": total}
        counts: dict[str, Any] = {
            "cap_per_client_app": cap,
            "cap_per_project": cap,
            "project_rules_count": str(total),
            "client_app_rules_count": app,
            "all_project_client_apps": [app],
        }
        return json_answer(200, {"data": counts})

    def give_token(self, request: Request) -> Answer:
        """Exchange consumer key and secret for the bearer token."""
        grant = parse_qs(request.body.decode("latin-1")).get("grant_type")
        wanted = (self._scenario.consumer_key, self._scenario.consumer_secret)
        if _basic_pair(request.headers.get("authorization", "")) != wanted or grant != [
            "client_credentials"
        ]:
            message = "Unable to verify your credentials"
            error = {"code": 99, "label": "authenticity_token_error", "message": message}
            return json_answer(403, {"errors": [error]})
        token = {"token_type": "bearer", "access_token": self._scenario.bearer_tokens[0]}
        return json_answer(200, token)

    def usage_of_posts(self, request: Request) -> Answer:
        """Answer how many posts were billed, in total and by day."""
        days = request.query.get("days", "7")
        if not days.isdecimal() or not 1 <= int(days) <= 90:  # noqa: PLR2004 - X's bounds
            return _invalid("days", days, "is not between 1 and 90")
        by_day = self._oracle.billed_by_day
        usage = [{"date": f"{d}T00:00:00.000Z", "usage": str(n)} for d, n in by_day.items()]
        asked = set(request.query.get("usage.fields", "").split(","))
        data: dict[str, Any] = {
            "project_id": PROJECT_ID,
            "project_cap": str(PROJECT_CAP),
            "project_usage": str(sum(by_day.values())),
        }
        if "cap_reset_day" in asked:
            data["cap_reset_day"] = 1
        if "daily_project_usage" in asked:
            data["daily_project_usage"] = {"project_id": PROJECT_ID, "usage": usage}
        if "daily_client_app_usage" in asked:
            app = {"client_app_id": APP_ID, "usage_result_count": len(usage), "usage": usage}
            data["daily_client_app_usage"] = [app]
        return json_answer(200, {"data": data})

    def list_connections(self, request: Request) -> Answer:
        """Answer one page of the app's stream connections."""
        status = request.query.get("status", "active")
        if status not in {"active", "inactive", "all"}:
            return _invalid("status", status, "is not one of [active,inactive,all]")
        names = [one for one in request.query.get("endpoints", "").split(",") if one]
        unknown = [one for one in names if one not in ENDPOINT_IDS]
        if unknown:
            return _invalid("endpoints", unknown[0], "is not the id of an endpoint")
        most, token = request.query.get("max_results", "10"), request.query.get("pagination_token")
        if not most.isdecimal() or not 1 <= int(most) <= MAX_CONNECTIONS_PER_PAGE:
            return _invalid("max_results", most, "is not between 1 and 100")
        offset = int(token) if token and token.isdecimal() else 0
        rows = self.roll.rows(status, names)
        page = rows[offset : offset + int(most)]
        meta: dict[str, Any] = {"result_count": len(page)}
        if offset + len(page) < len(rows):
            meta["next_token"] = str(offset + len(page))
        asked = {"id", *request.query.get("connection.fields", "id,endpoint_name").split(",")}
        data = [{name: one[name] for name in one if name in asked} for one in page]
        return json_answer(200, {"data": data, "meta": meta})

    def end_connections(self, request: Request) -> Answer:
        """End connections by id."""
        ids = request.json().get("uuids")
        if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_CONNECTIONS_PER_PAGE:
            return _invalid("uuids", "", "must hold 1 to 100 ids")
        return self._ended(self.roll.kill(map(str, ids)))

    def end_all(self, _: Request) -> Answer:
        """End every connection of the app."""
        return self._ended(self.roll.kill([one["id"] for one in self.roll.rows("active", ())]))

    def end_endpoint(self, request: Request) -> Answer:
        """End every connection to one endpoint."""
        name = request.path.rpartition("/")[2]
        return self._ended(self.roll.kill([one["id"] for one in self.roll.rows("active", [name])]))

    @staticmethod
    def _ended(results: list[dict[str, Any]]) -> Answer:
        ended = sum(one["success"] for one in results)
        counts = {"successful_kills": ended, "failed_kills": len(results) - ended}
        return json_answer(200, {"data": {**counts, "results": results}})

    def describe(self, request: Request) -> Answer:
        """Answer a page for a person who opens the address."""
        url = f"http://{request.headers.get('host', '127.0.0.1')}"
        text = home.page(ENDPOINTS, url=url, token=self._scenario.bearer_tokens[0])
        return Answer(200, text.encode(), content_type="text/plain; charset=utf-8")

    def show_oracle(self, _: Request) -> Answer:
        """Answer the oracle's counts."""
        return json_answer(200, {**self._oracle.summary(), "t": clock.now_s()})

    def stop(self, _: Request) -> Answer:
        """Ask the simulator to end, after the answer: the end closes every connection."""
        answer = json_answer(200, {"stopping": True})
        answer.then = self._stop
        return answer


def _names_rules(delete: dict[str, Any]) -> bool:
    """Say whether a deletion names rules by lists of ids and values, and nothing else."""
    lists = all(isinstance(names, list) for names in delete.values())
    texts = lists and all(isinstance(name, str) for names in delete.values() for name in names)
    return bool(delete) and texts and delete.keys() <= {"ids", "values"}


def _is_true(request: Request, name: str) -> bool:
    """Read a switch; Python clients write ``True``."""
    return request.query.get(name, "").lower() == "true"


def _invalid(name: str, value: str, why: str) -> Answer:
    """Return the refusal of one parameter."""
    message = f"The `{name}` query parameter value [{value}] {why}"
    return json_answer(400, problems.invalid_request(name, value, message))


def _basic_pair(header: str) -> tuple[str, str] | None:
    """Return key and secret of a Basic authorization, url-decoded as X wants them encoded."""
    scheme, _, encoded = header.partition(" ")
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (unquote(key), unquote(secret)) if scheme.lower() == "basic" else None
