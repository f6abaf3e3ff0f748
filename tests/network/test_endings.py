"""What each failure between here and X becomes: an ending, in words, that counts or does not."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import trustme

from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.api.stream import StreamRequest, open_stream
from tap_twitter_stream.policy.ending import HttpRefused, NetworkFailed
from tap_twitter_stream.policy.governor import Fatal, Governor, reached_x
from tap_twitter_stream.settings.parse import parse_settings
from tests.limits import HANG_S
from tests.network.servers import Proxy, TlsFront, bundle
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NETWORK = parse_settings({}, require_auth=False).network
HTML = b"<html><body>Service unavailable</body></html>"


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    return bundle(authority, tmp_path / "ca.pem")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(Scenario()) as running:
        yield running


def attempt(url: str, trusted: str | None = None, proxy: str | None = None) -> NetworkFailed:
    """Make one attempt that must fail before X has answered."""
    reader, writer = os.pipe()
    request = StreamRequest(f"{url}/2/tweets/sample/stream", {}, {}, 2.0, 2.0)
    try:
        with make_session(replace(NETWORK, ca_bundle=trusted, proxy=proxy), "token") as session:
            ending = open_stream(session, request, reader, 0.0)
    finally:
        os.close(reader)
        os.close(writer)
    assert isinstance(ending, NetworkFailed), ending
    return ending


def is_final(ending: NetworkFailed) -> bool:
    """Tell whether the first failure of this kind ends the run."""
    return isinstance(Governor().next(ending, 0.0, False, 0.0, lambda: 0.0)[0], Fatal)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_nobody_listens() -> None:
    ending = attempt(f"http://127.0.0.1:{closed_port()}")
    assert ending == NetworkFailed("connect", "Connection refused")
    assert not reached_x(ending)


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    ending = attempt("https://api.x.test")
    assert ending == NetworkFailed("dns", "Name or service not known")
    assert not reached_x(ending)
    assert not is_final(ending), "the network of a machine that has just started comes later"


def test_no_tls_where_tls_was_meant(sim: Simulator, trusted: str) -> None:
    ending = attempt(sim.url.replace("http:", "https:"), trusted)
    assert ending.phase in {"tls", "request"}, "it may just hang up, as X may on a request"
    assert not is_final(ending)


@pytest.mark.parametrize("known", [False, True], ids=["unknown authority", "another host's"])
def test_a_certificate_that_proves_nothing(
    sim: Simulator, authority: trustme.CA, trusted: str, *, known: bool
) -> None:
    signer = authority if known else trustme.CA()
    with TlsFront(sim.url, signer, names=["elsewhere.example"]) as front:
        ending = attempt(front.url, trusted)
        assert front.served == []
    assert ending.phase == "certificate"
    assert not reached_x(ending)
    assert not is_final(ending), "one bad host of many, or a clock that is set in a moment"


def test_a_server_that_asks_for_our_certificate(authority: trustme.CA, trusted: str) -> None:
    """With TLS 1.3 the refusal comes after our side of the handshake is done."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            ) as secured:
                with contextlib.suppress(ssl.SSLError):
                    secured.do_handshake()
                with contextlib.suppress(OSError):
                    while socket.socket.recv(secured, 4096):  # else a reset overtakes the alert
                        pass

        worker = threading.Thread(target=refuse)
        worker.start()
        ending = attempt(f"https://localhost:{listener.getsockname()[1]}", trusted)
        worker.join(HANG_S)
    assert ending.phase == "tls"
    assert "CERTIFICATE" in ending.detail
    assert not reached_x(ending)


def test_a_proxy_that_nobody_started() -> None:
    ending = attempt("https://api.x.test", proxy=f"http://127.0.0.1:{closed_port()}")
    assert ending == NetworkFailed("proxy", "Connection refused")
    assert not reached_x(ending)
    assert not is_final(ending)


@pytest.mark.parametrize(
    ("status", "phase", "final"),
    [(502, "proxy", False), (403, "proxy", False), (407, "proxy_login", True)],
)
def test_a_proxy_that_says_no(status: int, phase: str, *, final: bool) -> None:
    head = f"HTTP/1.1 {status} No\r\nContent-Type: text/html\r\nContent-Length: {len(HTML)}"
    with Proxy(refusal=head.encode() + b"\r\n\r\n" + HTML) as proxy:
        ending = attempt("https://api.x.test", proxy=proxy.url)
    assert (ending.phase, ending.detail) == (phase, f"the proxy answered HTTP {status}")
    assert not reached_x(ending)
    assert is_final(ending) is final


def test_a_proxy_that_hangs_up() -> None:
    with Proxy(refusal=b"") as proxy:
        ending = attempt("https://api.x.test", proxy=proxy.url)
    assert ending.phase in {"proxy", "request"}, "from here it looks as if X had hung up"
    assert not is_final(ending)


def test_what_x_may_have_counted_stays_counted() -> None:
    assert reached_x(HttpRefused(503))
    assert reached_x(NetworkFailed("request", "no answer in time"))
