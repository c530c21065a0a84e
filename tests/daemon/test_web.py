"""The small server of each process: what it answers, and that nobody who asks can be in its way."""

from __future__ import annotations

import http.client
import json
import socket
import threading

import pytest

from cartledger.errors import WrongUse
from daemon.web import server as web
from daemon.web.server import MOST_AT_ONCE, AddressTaken, Page, as_json, serving


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def served():
    """A port on which two pages are served; `/slow` does not answer before the event is set."""
    going, port = threading.Event(), free_port()

    def slow(_accepts: str) -> Page:
        going.wait()
        return Page(b"at last", "text/plain")

    def broken(_accepts: str) -> Page:
        raise RuntimeError("jane@customer.example")

    pages = {"/well": lambda accepts: as_json({"accepts": accepts}, well=True), "/slow": slow, "/broken": broken}
    with serving("127.0.0.1", port, pages):
        yield port, going
        going.set()


def ask(port: int, method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_a_page_is_answered_with_what_the_request_accepts(served):
    answer, body = ask(served[0], "GET", "/well?more=1", Accept="text/plain;version=0.0.4")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == {"accepts": "text/plain;version=0.0.4"}
    assert answer.headers["Server"] == "cartledger"


def test_a_head_is_the_same_without_a_body(served):
    whole, body = ask(served[0], "GET", "/well")
    answer, nothing = ask(served[0], "HEAD", "/well")
    assert (answer.status, nothing) == (200, b"")
    assert answer.headers["Content-Length"] == whole.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/", 404, b"Not Found\n"),
        ("GET", "/well/more", 404, b"Not Found\n"),
        ("POST", "/well", 405, b"Method Not Allowed\n"),
        ("DELETE", "/well", 405, b"Method Not Allowed\n"),
        ("GET", "/" + "x" * 70_000, 414, b"Request-URI Too Long\n"),
    ],
    ids=["nothing there", "below", "post", "delete", "endless"],
)
def test_anything_else_is_refused_without_quoting_it(served, method, path, status, said):
    answer, body = ask(served[0], method, path)
    assert (answer.status, body) == (status, said)


def test_what_is_no_http_is_refused_in_plain_text(served):
    with socket.create_connection(("127.0.0.1", served[0]), timeout=30) as link:
        link.sendall(b"<script>alert(1)</script> / HTTP/1.1\r\n\r\n")
        said = link.makefile("rb").read()
    assert b"405 Method Not Allowed" in said
    assert b"script" not in said


def test_a_page_that_fails_tells_the_log_once_and_whoever_asked_nothing(served, caplog):
    for _ in range(2):
        answer, body = ask(served[0], "GET", "/broken")
        assert (answer.status, body) == (500, b"Internal Server Error\n")
    assert [record.getMessage() for record in caplog.records] == ["/broken fails: RuntimeError."]


def test_one_who_waits_for_a_slow_page_is_in_nobodys_way(served):
    port, going = served
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(ask(port, "GET", "/slow")[1]))
    waiting.start()
    assert ask(port, "GET", "/well")[0].status == 200
    going.set()
    waiting.join()
    assert answers == [b"at last"]


def test_there_are_never_more_than_so_many_and_the_server_ends_beside_them(served):
    port, _ = served
    silent = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(MOST_AT_ONCE)]
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(port, "GET", "/well")
    for one in silent:
        one.close()


def test_one_who_says_nothing_is_left(monkeypatch):
    monkeypatch.setattr(web._Handler, "timeout", 0.1)
    port = free_port()
    with (
        serving("127.0.0.1", port, {}),
        socket.create_connection(("127.0.0.1", port), timeout=30) as silent,
    ):
        assert silent.recv(1) == b""


def test_a_port_that_is_taken_is_told_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressTaken) as caught, serving("127.0.0.1", port, {}):
            pass
    assert str(caught.value) == (
        f"Nothing can listen on 127.0.0.1:{port} for metrics: Address already in use. Set metrics.port to a port that "
        "is free, for each process its own, and metrics.host to an address of this machine."
    )


def test_an_address_of_another_machine_is_told_as_well():
    said = r"^Nothing can listen on 192\.0\.2\.1:9470 for metrics: Cannot assign"
    with pytest.raises(WrongUse, match=said), serving("192.0.2.1", 9470, {}):
        pass


def test_ipv6_is_served():
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("no IPv6 here")
    with serving("::1", port, {}):
        connection = http.client.HTTPConnection("::1", port, timeout=30)
        connection.request("GET", "/")
        assert connection.getresponse().status == 404
