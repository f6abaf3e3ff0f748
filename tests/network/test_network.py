"""The tap behind what companies put between it and X: TLS of their own, proxies, odd names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.e2e.harness import Tap, capture, config_for, one_sentence, run
from tests.network.servers import Proxy, TlsFront, bundle
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "correct-horse-battery"
LOGIN = f"ops:{PASSWORD}"
KEEP_ALIVE_TIMER = "02"  # as the second-last columns of /proc/net/tcp call it


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(Scenario(rate_per_s=400.0)) as running:
        yield running


def secure(sim: Simulator, front: TlsFront, trusted: str, **more: object) -> dict[str, Any]:
    """Return settings for a capture through TLS."""
    return config_for(sim, api_url=front.url, ca_bundle=trusted, **more)


def tcp_timers(pid: int, port: int) -> list[str]:
    """Return the kind of timer that runs on each of a process's connections to a port."""
    rows = [one.split() for one in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return [row[5].split(":")[0] for row in rows if int(row[2].split(":")[1], 16) == port]


def test_a_proxy_with_a_login_and_a_ca_of_ones_own(
    tmp_path: Path, sim: Simulator, authority: trustme.CA
) -> None:
    """Rules and stream alike take the tunnel; the name is left to the proxy to look up."""
    trusted = bundle(authority, tmp_path / "ca.pem")
    with TlsFront(sim.url, authority) as front, Proxy(LOGIN) as proxy:
        address = proxy.url.replace("http://", f"http://{LOGIN}@")
        tap = capture(tmp_path, secure(sim, front, trusted, proxy=address), 50)
    assert set(proxy.asked) == {f"localhost:{front.port}"}
    assert len(proxy.asked) >= 2, "one tunnel for the rules, one for the stream"
    assert tap.ids() == sim.oracle.sent_ids()[: len(tap.ids())]
    assert PASSWORD not in tap.stderr + b"".join(tap.raw).decode()


def test_a_token_is_fetched_through_the_same_proxy(
    tmp_path: Path, sim: Simulator, authority: trustme.CA
) -> None:
    trusted = bundle(authority, tmp_path / "ca.pem")
    pair = {"consumer_key": sim.consumer_key, "consumer_secret": sim.consumer_secret}
    with TlsFront(sim.url, authority) as front, Proxy() as proxy:
        config = secure(sim, front, trusted, proxy=proxy.url, **pair)
        del config["bearer_token"]
        capture(tmp_path, config, 20)
    assert len(proxy.asked) >= 3, "token, rules, stream"


def test_the_environment_names_proxy_and_exceptions(
    tmp_path: Path, sim: Simulator, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = bundle(authority, tmp_path / "ca.pem")
    with TlsFront(sim.url, authority) as front, Proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", trusted)
        config = config_for(sim, api_url=front.url)
        capture(tmp_path, config, 20)
        assert proxy.asked
        proxy.asked.clear()
        monkeypatch.setenv("NO_PROXY", "localhost")
        capture(tmp_path, config, 20)
        assert not proxy.asked


def test_rules_at_one_host_and_the_stream_at_another(
    tmp_path: Path, sim: Simulator, authority: trustme.CA
) -> None:
    trusted = bundle(authority, tmp_path / "ca.pem")
    with TlsFront(sim.url, authority) as front:
        capture(tmp_path, config_for(sim, stream_url=front.url, ca_bundle=trusted), 20)
    assert len(front.served) == 1


def test_the_name_is_looked_up_anew_for_each_connection(
    tmp_path: Path, sim: Simulator, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X moves its hosts; who keeps the first address reconnects to one that is gone."""
    address = tmp_path / "address"
    address.write_text("127.0.0.2")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "own_names"))
    monkeypatch.setenv("OWN_NAME", "stream.x.test")
    monkeypatch.setenv("OWN_ADDRESS_FILE", str(address))
    trusted = bundle(authority, tmp_path / "ca.pem")
    names = ("stream.x.test",)
    with (
        TlsFront(sim.url, authority, names=names, host="127.0.0.2") as old,
        TlsFront(sim.url, authority, names=names, host="127.0.0.3", port=old.port) as new,
    ):
        url = f"https://stream.x.test:{old.port}"
        config = config_for(sim, stream_url=url, ca_bundle=trusted)
        with Tap(tmp_path, config) as tap:
            tap.has(20)
            address.write_text("127.0.0.3")
            old.cut()
            tap.has(len(tap.ids()) + 20)
            assert tap.stop() == 0, tap.stderr
    assert len(old.served) == 1
    assert len(new.served) == 1


def test_the_system_probes_a_silent_connection(tmp_path: Path) -> None:
    """A NAT or a firewall that forgot the connection is noticed, and kept from forgetting it."""
    with (
        Simulator(
            Scenario(connections=[{"steps": [{"do": "send", "posts": 5}, {"do": "idle"}]}])
        ) as sim,
        Tap(tmp_path, config_for(sim)) as tap,
    ):
        tap.has(5)
        timers = tcp_timers(tap.receiver(), int(sim.url.rpartition(":")[2]))
        assert tap.stop() == 0
    assert KEEP_ALIVE_TIMER in timers


def test_a_tls_connection_that_is_cut_is_followed_by_another(
    tmp_path: Path, sim: Simulator, authority: trustme.CA
) -> None:
    """A load balancer dies without close_notify, in the middle of whatever it was sending."""
    trusted = bundle(authority, tmp_path / "ca.pem")
    with (
        TlsFront(sim.url, authority) as front,
        Tap(tmp_path, secure(sim, front, trusted)) as tap,
    ):
        tap.has(50)
        front.cut()
        tap.has(len(tap.ids()) + 50)
        assert tap.stop() == 0, tap.stderr
    first, last = tap.records("capture_connections")[0], tap.records("capture_connections")[-1]
    assert first["ending"] in {"network_failed", "closed_by_server"}
    assert last["ending"] == "stopped_by_us"
    assert "Traceback" not in tap.stderr
    assert "ERROR" not in tap.stderr


def test_a_proxy_that_dies_in_mid_stream_is_waited_for(
    tmp_path: Path, sim: Simulator, authority: trustme.CA
) -> None:
    trusted = bundle(authority, tmp_path / "ca.pem")
    with (
        TlsFront(sim.url, authority) as front,
        Proxy() as proxy,
        Tap(tmp_path, secure(sim, front, trusted, proxy=proxy.url)) as tap,
    ):
        tap.has(50)
        proxy.cut()
        tap.has(len(tap.ids()) + 50)
        assert tap.stop() == 0, tap.stderr
    assert len(tap.records("capture_connections")) >= 2


def test_a_wrong_proxy_password_ends_the_run_with_the_remedy(
    tmp_path: Path, sim: Simulator, authority: trustme.CA
) -> None:
    trusted = bundle(authority, tmp_path / "ca.pem")
    with TlsFront(sim.url, authority) as front, Proxy("ops:another") as proxy:
        address = proxy.url.replace("http://", f"http://{LOGIN}@")
        code, tap = run(tmp_path, secure(sim, front, trusted, proxy=address))
    assert code == 1
    one_sentence(tap, "407", "`proxy`", "user and password")
    assert len(proxy.asked) == 1, "a wrong password locks accounts when it is tried again"
    assert PASSWORD not in tap.stderr + b"".join(tap.raw).decode()


def test_a_wrong_proxy_password_ends_a_stream_without_rules_too(
    tmp_path: Path, sim: Simulator, authority: trustme.CA
) -> None:
    trusted = bundle(authority, tmp_path / "ca.pem")
    with TlsFront(sim.url, authority) as front, Proxy(LOGIN) as proxy:
        config = secure(sim, front, trusted, proxy=proxy.url, endpoints=["sample"])
        code, tap = run(tmp_path, {k: v for k, v in config.items() if "rules" not in k})
    assert code == 1
    one_sentence(tap, "407", "`proxy`")
    (row,) = tap.records("capture_connections")
    assert row["ending"] == "network_failed"
    assert "407" in row["ending_detail"]
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("names", "trusts", "words"),
    [
        (("localhost",), False, ("certificate", "`ca_bundle`")),
        (("elsewhere.example",), True, ("certificate", "`api_url`")),
    ],
    ids=["unknown authority", "another host's"],
)
def test_a_certificate_that_cannot_be_trusted_ends_the_run(  # noqa: PLR0913 - two of them cases
    tmp_path: Path,
    sim: Simulator,
    authority: trustme.CA,
    names: tuple[str, ...],
    *,
    trusts: bool,
    words: tuple[str, ...],
) -> None:
    trusted = bundle(authority if trusts else trustme.CA(), tmp_path / "ca.pem")
    with TlsFront(sim.url, authority, names=names) as front:
        code, tap = run(tmp_path, secure(sim, front, trusted))
    assert code == 1
    one_sentence(tap, *words)
    assert not sim.oracle.requests, "no token goes to a host that is not proved"


def test_a_ca_bundle_that_is_no_certificate_is_named(tmp_path: Path, sim: Simulator) -> None:
    (tmp_path / "ca.pem").write_text("this is no PEM")
    code, tap = run(tmp_path, config_for(sim, ca_bundle=str(tmp_path / "ca.pem")))
    assert code == 1
    assert "`ca_bundle` names no file of certificates in PEM form" in tap.stderr
    assert "Traceback" not in tap.stderr
