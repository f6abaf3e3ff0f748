"""No secret is ever told (G7): every setting that holds one gets a canary, every path is walked.

Mutant: make ``SecretFilter.clean`` return its argument.
"""

from __future__ import annotations

import base64
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import trustme

from tap_twitter_stream.api.call import Caller
from tap_twitter_stream.api.redact import hide
from tap_twitter_stream.api.search import Search, SearchRule
from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.coverage.fill_plan import Purse
from tap_twitter_stream.settings.parse import parse_settings
from tests.e2e.harness import Tap, capture, command, config_for, run, written
from tests.fakes import FakeClock, Reply, ScriptedServer
from tests.network.servers import Proxy, TlsFront, bundle
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterable

TOKEN = "AAAA-canary-bearer%2Fof%3Dnobody"
KEY, SECRET = "canary-key-0001", "canary-secret/0002=="
USER_TOKEN, USER_SECRET = "77-canary-user-0003", "canary-user-secret-0004"
PASSWORD = "canary-pass/0005"
ALL = {
    "bearer_token": TOKEN,
    "consumer_key": KEY,
    "consumer_secret": SECRET,
    "access_token": USER_TOKEN,
    "access_token_secret": USER_SECRET,
}
SAMPLE = {"endpoints": ["sample"], "max_retries": 0}
NETWORK = parse_settings({}, require_auth=False).network
BUG = Path(__file__).parent / "own_bug"


def shapes(secrets: Iterable[str]) -> set[bytes]:
    """Return each secret as it may turn up: plain, in a URL, in a Basic header."""
    plain = {KEY + ":" + SECRET, quote(KEY, "") + ":" + quote(SECRET, ""), "ops:" + PASSWORD}
    for one in secrets:
        plain |= {one, quote(one), quote(one, safe="")}
    coded = {base64.b64encode(one.encode()).rstrip(b"=") for one in plain}
    return {one.encode() for one in plain} | coded


def left_behind(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder but the config that the test itself wrote."""
    files = (one for one in folder.rglob("*") if one.is_file() and one.name != "config.json")
    return {str(one.relative_to(folder)): one.read_bytes() for one in files}


def check(folder: Path, *said: str | bytes) -> None:
    """Look for the canaries in all that a run has said and left."""
    found = left_behind(folder)
    for number, one in enumerate(said):
        found[f"output {number}"] = one.encode() if isinstance(one, str) else one
    assert any(found.values()), "nothing was said: the test has no eyes"
    for where, text in found.items():
        for shape in shapes([*ALL.values(), PASSWORD]):
            assert shape not in text, (where, shape)


def output(tap: Tap) -> bytes:
    return b"".join(tap.raw)


@pytest.fixture
def spool(tmp_path: Path) -> str:
    return str(tmp_path / "spool")


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_answers_that_echo_the_request(
    tmp_path: Path, spool: str, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy or a debugging front end may answer with what it was asked."""
    monkeypatch.setenv("TAP_TWITTER_STREAM_LOGLEVEL", level)
    monkeypatch.setenv("LOGLEVEL", level)
    told = f"token {TOKEN} of {KEY}:{SECRET} is bad"
    json_body = {"title": told, "detail": told, "type": f"https://x.test/{TOKEN}", "status": 403}
    replies = [
        Reply(403, json_body, (("x-transaction-id", TOKEN), ("www-authenticate", told))),
        Reply(403, f"<html><title>{told}</title><body>{told}</body></html>".encode()),
        Reply(403, {"errors": [{"code": 89, "message": told}]}),
    ]
    for reply in replies:
        with ScriptedServer(reply) as server:
            config = {"api_url": server.url, "spool_dir": spool, **SAMPLE, **ALL}
            code, tap = run(tmp_path, config)
        assert code == 1
        assert tap.records("errors")
        check(tmp_path, output(tap))


def test_answers_of_search_that_echo_the_request() -> None:
    """What X says of a gap goes into the log's frames and rows. Mutant: do not ``scrub`` it."""
    told = f"Bearer {TOKEN} of {KEY}:{SECRET}"
    count = Reply(200, {"meta": {"total_tweet_count": 1}})
    pages: list[Any] = []
    for secret in ALL.values():
        hide(secret)
    for replies in (
        [Reply(400, {"title": told, "detail": told})],
        [Reply(503, f"<title>{told}</title>".encode(), (("retry-after", told),))],
        [Reply(200, {"meta": {"total_tweet_count": told}})],
        [count, Reply(400, {"errors": [{"message": told}]})],
        [count, Reply(200, told.encode())],
    ):
        with ScriptedServer(*replies) as server:
            caller = Caller(make_session(NETWORK, TOKEN), server.url, clock=FakeClock())
            search = Search(caller, {}, Purse(1.0, 0.01), lambda *one: pages.append(one))
            why = search.search(("filtered", 0, 1), [SearchRule("1", "cat")], 1, 2).why
        assert why
        for shape in shapes(ALL.values()):
            assert shape not in why.encode(), why
    assert pages == []


def test_a_whole_run_through_a_proxy_with_a_login(tmp_path: Path, spool: str) -> None:
    authority = trustme.CA()
    trusted = bundle(authority, tmp_path / "ca.pem")
    scenario = Scenario(bearer_tokens=(TOKEN,), consumer_key=KEY, consumer_secret=SECRET)
    with Simulator(scenario) as sim, TlsFront(sim.url, authority) as front, Proxy() as proxy:
        login = quote(PASSWORD, safe="")
        address = proxy.url.replace("http://", f"http://ops:{login}@")
        own = {"api_url": front.url, "ca_bundle": trusted, "proxy": address, "spool_dir": spool}
        config = config_for(sim, consumer_key=KEY, consumer_secret=SECRET, **own)
        del config["bearer_token"]
        with Tap(tmp_path, config) as tap:
            tap.has(20)
            for pid in (tap.process.pid, tap.receiver()):
                check(tmp_path, Path(f"/proc/{pid}/cmdline").read_bytes())
                check(tmp_path, Path(f"/proc/{pid}/environ").read_bytes())
            assert tap.stop() == 0, tap.stderr
        check(tmp_path, output(tap))
        refused = Proxy("ops:another")
        with refused:
            code, tap = run(
                tmp_path, {**config, "proxy": address.replace(str(proxy.port), str(refused.port))}
            )
        assert code == 1
        check(tmp_path, output(tap))
        code, said, errors = command(
            tmp_path, "--test", "--config", written(tmp_path / "config.json", config)
        )
        assert code == 0, errors
        check(tmp_path, said, errors)


def test_a_pair_that_x_refuses(tmp_path: Path) -> None:
    with Simulator(Scenario()) as sim:
        config = config_for(sim, consumer_key=KEY, consumer_secret=SECRET)
        del config["bearer_token"]
        code, tap = run(tmp_path, config)
    assert code == 1
    check(tmp_path, output(tap))


@pytest.mark.parametrize("where", ["classify", "open_stream", "prepare"])
def test_a_bug_of_our_own(
    tmp_path: Path, spool: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception whose text holds the request, in the tap and in the receiver."""
    monkeypatch.setenv("PYTHONPATH", str(BUG))
    monkeypatch.setenv("OWN_BUG", where)
    monkeypatch.setenv("OWN_BUG_SAYS", f"Bearer {TOKEN} {SECRET}")
    with Simulator(Scenario(bearer_tokens=(TOKEN,))) as sim:
        code, tap = run(
            tmp_path, config_for(sim, spool_dir=spool, **{**ALL, "bearer_token": TOKEN})
        )
    assert code != 0
    check(tmp_path, output(tap))


@pytest.mark.parametrize("name", [*ALL, "proxy"])
def test_settings_that_are_wrong(tmp_path: Path, name: str) -> None:
    canaries: dict[str, Any] = {**ALL, "proxy": f"http://ops:{PASSWORD}@127.0.0.1:1"}
    for wrong in ([canaries[name]], {"value": canaries[name]}, canaries[name] + "\nX: y", ""):
        config = {**SAMPLE, **canaries, name: wrong}
        path = written(tmp_path / "config.json", config)
        code, said, errors = command(tmp_path, "--config", path)
        assert code == 1, (wrong, errors)
        check(tmp_path, said, errors)


def test_settings_in_damaged_files_and_in_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**SAMPLE, **ALL})[:-2])
    code, said, errors = command(tmp_path, "--config", str(path))
    assert code == 1
    check(tmp_path, said, errors)
    env = {f"TAP_TWITTER_STREAM_{name.upper()}": value for name, value in ALL.items()}
    env["TAP_TWITTER_STREAM_BEARER_TOKN"] = TOKEN
    for options in (["--about"], ["--about", "--format", "json"], ["--discover"]):
        _, said, errors = command(tmp_path, *options, "--config", "ENV", env=env)
        check(tmp_path, said, errors)


def test_a_process_that_is_aborted(tmp_path: Path, spool: str) -> None:
    with Simulator(Scenario(bearer_tokens=(TOKEN,))) as sim:
        with Tap(tmp_path, config_for(sim, spool_dir=spool)) as tap:
            tap.has(20)
            os.kill(tap.receiver(), signal.SIGABRT)
            assert tap.ended() == 1
        check(tmp_path, output(tap))
        capture(tmp_path, config_for(sim, spool_dir=spool), 20)
    check(tmp_path, output(tap))
