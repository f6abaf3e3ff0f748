from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.api.session import BearerAuth, default_user_agent, make_session
from tap_twitter_stream.settings.parse import parse_settings
from tests.fakes import Reply, ScriptedServer
from tests.limits import HANG_S

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.settings.values import Network

NETWORK = parse_settings({}, require_auth=False).network


def asked_by(server: ScriptedServer, network: Network, token: str | None) -> dict[str, str]:
    """Make one request and return the headers that arrived."""
    with make_session(network, token) as session:
        session.get(server.url, timeout=HANG_S)
    return server.requests[-1][1]


def test_token_goes_out_as_it_is() -> None:
    with ScriptedServer(Reply()) as server:
        headers = asked_by(server, NETWORK, "AAAA%2Fmade%3Dup")
    assert headers["authorization"] == "Bearer AAAA%2Fmade%3Dup"


def test_name_and_version_are_sent() -> None:
    with ScriptedServer(Reply()) as server:
        assert asked_by(server, NETWORK, None)["user-agent"] == default_user_agent()
        named = replace(NETWORK, user_agent="me/1")
        assert asked_by(server, named, None)["user-agent"] == "me/1"
    assert default_user_agent().startswith("tap-twitter-stream/")


def test_redirect_is_an_answer_and_not_followed() -> None:
    with ScriptedServer(Reply()) as other:
        moved = Reply(302, headers=(("Location", other.url),))
        with ScriptedServer(moved) as server, make_session(NETWORK, "token") as session:
            assert session.get(server.url, timeout=HANG_S).status_code == 302
        assert other.requests == []


@pytest.mark.parametrize("token", [None, "token-of-the-settings"])
def test_netrc_is_not_read(
    token: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with ScriptedServer(Reply()) as server:
        found = asked_by(server, NETWORK, token).get("authorization")
    assert found == (None if token is None else f"Bearer {token}")


def test_proxy_of_the_settings_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(Reply()) as ours, ScriptedServer(Reply()) as theirs:
        monkeypatch.setenv("HTTP_PROXY", theirs.url)
        monkeypatch.setenv("NO_PROXY", "")
        with make_session(replace(NETWORK, proxy=ours.url)) as session:
            session.get("http://x.example/", timeout=HANG_S)
        assert (len(ours.requests), len(theirs.requests)) == (1, 0)


def test_proxy_of_the_environment_is_used_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(Reply()) as theirs:
        monkeypatch.setenv("HTTP_PROXY", theirs.url)
        monkeypatch.setenv("NO_PROXY", "")
        with make_session(NETWORK) as session:
            session.get("http://x.example/", timeout=HANG_S)
        assert len(theirs.requests) == 1


def test_certificates_of_the_settings_win_over_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/theirs.pem")
    with make_session(replace(NETWORK, ca_bundle="/ours.pem")) as session:
        merged = session.merge_environment_settings("https://x.example", {}, None, None, None)
    assert merged["verify"] == "/ours.pem"
    with make_session(NETWORK) as session:
        merged = session.merge_environment_settings("https://x.example", {}, None, None, None)
    assert merged["verify"] == "/theirs.pem"


def test_token_is_in_no_repr() -> None:
    assert "secret-token" not in repr(BearerAuth("secret-token"))
