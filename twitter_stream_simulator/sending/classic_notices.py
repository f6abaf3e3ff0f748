"""What v1.1 says between statuses: a scripted notice and what it is about in, one message out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from twitter_stream_simulator.scenario.steps import Notice

# Codes with the reasons X gave; 3, 6 and 8 are known from clients only.
DISCONNECT_REASONS = {
    1: "Shutdown",
    2: "Duplicate stream",
    3: "Control request",
    4: "Stall",
    5: "Normal",
    6: "Token revoked",
    7: "admin logout",
    8: "Internal",
    9: "Max message limit",
    10: "Stream exception",
    11: "Broker stall",
    12: "Shed load",
}
# The nearest code to each type of v2, so that one script serves both dialects.
_CODE_OF_TYPE = {
    "OperationalDisconnect": 1,
    "UpstreamOperationalDisconnect": 12,
    "ForceDisconnect": 7,
    "UpstreamUncleanDisconnect": 11,
    "SlowReader": 4,
    "InternalError": 10,
    "ClientApplicationStateDegraded": 6,
    "InvalidRules": 3,
}
_STREAM_NAME = "simulated-statuses1"
_FALLING_BEHIND = "Your connection is falling behind and messages are being queued for delivery."
_OVER_LIMIT = "You follow more accounts than this stream may have."


@dataclass(slots=True)
class Talk:
    """What notices of one connection are about; ``undelivered`` counts from its opening."""

    status_id: int
    user_id: int
    undelivered: int = 0
    withheld_in: list[str] = field(default_factory=lambda: ["DE", "AR"])

    @property
    def status(self) -> dict[str, Any]:
        """Name the status and its author, as numbers and as texts."""
        return {**_named("id", self.status_id), **_named("user_id", self.user_id)}


def notice(step: Notice, talk: Talk) -> dict[str, Any]:
    """Return the message of a scripted notice; ``limit`` adds to the connection's counter."""
    message = _MAKERS[step.kind](step, talk)
    body = message.get(step.kind)
    if step.values and isinstance(body, dict):
        return {**message, step.kind: {**body, **dict(step.values)}}
    return message


def disconnect(disconnect_type: str, code: int | None = None) -> dict[str, Any]:
    """Return the message that announces the end of a stream."""
    code = code or _CODE_OF_TYPE[disconnect_type]
    reason = DISCONNECT_REASONS.get(code, "")
    return {"disconnect": {"code": code, "stream_name": _STREAM_NAME, "reason": reason}}


def falling_behind(percent_full: int) -> dict[str, Any]:
    """Return what a client that asked for stall warnings reads when it is too slow."""
    about = {"code": "FALLING_BEHIND", "message": _FALLING_BEHIND, "percent_full": percent_full}
    return {"warning": about}


def _named(name: str, number: int) -> dict[str, Any]:
    return {name: number, f"{name}_str": str(number)}


def _now_ms() -> str:
    return str(int(clock.now_s() * 1000))


def _delete(_: Notice, talk: Talk) -> dict[str, Any]:
    return {"delete": {"status": talk.status, "timestamp_ms": _now_ms()}}


def _scrub_geo(_: Notice, talk: Talk) -> dict[str, Any]:
    up_to = _named("up_to_status_id", talk.status_id)
    return {"scrub_geo": {**_named("user_id", talk.user_id), **up_to}}


def _limit(step: Notice, talk: Talk) -> dict[str, Any]:
    talk.undelivered += step.undelivered
    return {"limit": {"track": talk.undelivered, "timestamp_ms": _now_ms()}}


def _status_withheld(_: Notice, talk: Talk) -> dict[str, Any]:
    about = {"id": talk.status_id, "user_id": talk.user_id}
    return {"status_withheld": {**about, "withheld_in_countries": talk.withheld_in}}


def _user_withheld(_: Notice, talk: Talk) -> dict[str, Any]:
    return {"user_withheld": {"id": talk.user_id, "withheld_in_countries": talk.withheld_in}}


def _warning(_: Notice, __: Talk) -> dict[str, Any]:
    return falling_behind(60)


def _over_limit(_: Notice, talk: Talk) -> dict[str, Any]:
    about = {"code": "FOLLOWS_OVER_LIMIT", "message": _OVER_LIMIT, "user_id": talk.user_id}
    return {"warning": about}


def _event(_: Notice, talk: Talk) -> dict[str, Any]:
    both = {"source": {"id": talk.user_id}, "target": {"id": talk.user_id}}
    return {"event": "user_update", "created_at": clock.classic_text(clock.now_s()), **both}


def _direct_message(_: Notice, talk: Talk) -> dict[str, Any]:
    about = {**_named("id", talk.status_id), **_named("sender_id", talk.user_id)}
    return {"direct_message": {**about, "text": "a made-up word between two lighthouses"}}


def _for_user(_: Notice, talk: Talk) -> dict[str, Any]:
    return {"for_user": talk.user_id, "message": {"delete": {"status": talk.status}}}


def _control(_: Notice, __: Talk) -> dict[str, Any]:
    return {"control": {"control_uri": f"/1.1/site/c/1_1_{'0' * 32}"}}


_MAKERS: dict[str, Callable[[Notice, Talk], dict[str, Any]]] = {
    "delete": _delete,
    "scrub_geo": _scrub_geo,
    "limit": _limit,
    "status_withheld": _status_withheld,
    "user_withheld": _user_withheld,
    "warning": _warning,
    "follows_over_limit": _over_limit,
    "event": _event,
    "friends": lambda _, talk: {"friends": [talk.user_id]},
    "friends_str": lambda _, talk: {"friends_str": [str(talk.user_id)]},
    "direct_message": _direct_message,
    "for_user": _for_user,
    "control": _control,
}
