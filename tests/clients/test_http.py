"""The wire: one call, one deadline, and the truth about whether anything left."""

import gzip
import socket
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartledger.clients.http import USER_AGENT, BrokenAnswer, Http
from cartledger.errors import Unreachable, WrongUse
from tests.clients.conftest import Reply, Wire, as_json


def test_an_answer_comes_back_as_it_is(wire: Wire, http: Http) -> None:
    wire.replies = [as_json({"total": 7.10}, 418, Date="Mon, 02 Mar 2026 09:30:05 GMT", X_Left="3")]

    answer = http.call("GET", f"{wire.url}/orders", deadline=5, params={"since": "2026-03-02T09:00:00+00:00"})

    assert (answer.status, answer.headers["x-left"], answer.json()) == (418, "3", {"total": Decimal("7.1")})
    assert answer.date == datetime(2026, 3, 2, 9, 30, 5, tzinfo=UTC)
    [asked] = wire.asked
    assert (asked.path, asked.params) == ("/orders", {"since": "2026-03-02T09:00:00+00:00"})
    assert asked.headers["user-agent"] == USER_AGENT
    assert USER_AGENT.startswith("cartledger/0.")


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Mar 2026 09:30:05 GMT"])
def test_a_date_that_is_none_is_none(wire: Wire, http: Http, date: str) -> None:
    wire.replies = [Reply(headers={"Date": date} if date else {})]
    assert http.call("GET", wire.url, deadline=5).date is None


def test_what_is_no_json_is_a_value_error(wire: Wire, http: Http) -> None:
    for body in (b"", b"<html>", b'{"a": 1', b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe"):
        wire.replies = [Reply(body=body)]
        answer = http.call("GET", wire.url, deadline=5)
        with pytest.raises(ValueError, match=r".*"):
            answer.json()


def test_a_packed_answer_is_unpacked(wire: Wire, http: Http) -> None:
    wire.replies = [Reply(body=gzip.compress(b'{"id": 7}'), headers={"Content-Encoding": "gzip"})]
    assert http.call("GET", wire.url, deadline=5).json() == {"id": 7}


def test_the_body_goes_out_byte_for_byte_on_one_connection(wire: Wire, http: Http) -> None:
    wire.replies = [Reply()]
    sent = "naïve ☃ ".encode() * 10_000
    for _ in range(3):
        http.call("POST", wire.url, deadline=5, body=sent)
    assert [asked.body for asked in wire.asked] == [sent] * 3
    assert wire.connections == 1


def test_a_redirect_is_an_answer(wire: Wire, http: Http) -> None:
    wire.replies = [Reply(status=302, headers={"Location": f"{wire.url}/elsewhere"})]
    assert http.call("GET", wire.url, deadline=5).status == 302
    assert len(wire.asked) == 1


def test_nobody_listening_is_not_in_doubt(http: Http) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        http.call("POST", f"http://127.0.0.1:{port}/", deadline=5, body=b"{}")
    assert not caught.value.in_doubt
    assert "127.0.0.1" in str(caught.value)


def test_a_host_without_an_address_is_not_in_doubt(http: Http) -> None:
    with pytest.raises(Unreachable) as caught:
        http.call("GET", "http://no-such-host.invalid/", deadline=5)
    assert not caught.value.in_doubt


def test_a_failed_tls_handshake_is_not_in_doubt(wire: Wire, http: Http) -> None:
    with pytest.raises(Unreachable) as caught:
        http.call("POST", wire.url.replace("http://", "https://"), deadline=5, body=b"{}")
    assert not caught.value.in_doubt
    assert wire.asked == []


def test_time_that_ran_out_before_sending_is_not_in_doubt(wire: Wire, http: Http) -> None:
    wire.replies = [Reply()]
    http.call("GET", wire.url, deadline=5)
    with pytest.raises(Unreachable) as caught:
        http.call("POST", wire.url, deadline=5, send_within=0.0, body=b"{}")
    assert not caught.value.in_doubt
    assert len(wire.asked) == 1


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("reset", Unreachable),
        ("hang", Unreachable),
        ("drip head", Unreachable),
        ("drip", BrokenAnswer),
        ("cut", BrokenAnswer),
    ],
)
def test_whatever_goes_wrong_after_sending_is_in_doubt(
    wire: Wire, http: Http, end: str, kind: type[Unreachable]
) -> None:
    wire.replies = [Reply(body=b'{"id": 1234567890}', end=end)]
    with pytest.raises(Unreachable) as caught:
        http.call("POST", wire.url, deadline=0.3, body=b"{}")
    assert type(caught.value) is kind
    assert caught.value.in_doubt
    assert len(wire.asked) == 1


def test_a_request_nobody_reads_ends_at_its_own_deadline(http: Http) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        with pytest.raises(Unreachable) as caught:
            http.call("POST", url, deadline=60, send_within=0.3, body=b" " * 2**25)
    assert caught.value.in_doubt


def test_an_answer_too_large_is_given_up(wire: Wire) -> None:
    wire.replies = [Reply(body=gzip.compress(b" " * 2_000_000), headers={"Content-Encoding": "gzip"})]
    with Http(max_body=1_000_000) as http, pytest.raises(BrokenAnswer) as caught:
        http.call("GET", wire.url, deadline=5)
    assert caught.value.in_doubt


def test_a_garbled_answer_is_in_doubt(wire: Wire, http: Http) -> None:
    wire.replies = [Reply(body=b"no gzip at all", headers={"Content-Encoding": "gzip"})]
    with pytest.raises(BrokenAnswer) as caught:
        http.call("POST", wire.url, deadline=5, body=b"{}")
    assert caught.value.in_doubt


@pytest.mark.parametrize("secret", ["s3cret\nX-More: 1", "s3crét-☃", "s3cret\x00"])
def test_a_token_that_cannot_be_sent_is_wrong_use_and_not_quoted(wire: Wire, http: Http, secret: str) -> None:
    with pytest.raises(WrongUse) as caught:
        http.call("GET", wire.url, deadline=5, headers={"X-Auth-Token": secret})
    assert "s3cr" not in str(caught.value)
    assert wire.asked == []


@pytest.mark.parametrize("url", ["ftp://shop.example.com/", "shop.example.com/v2", "http://[::1", "http://exa mple:x/"])
def test_an_address_that_is_none_is_wrong_use(http: Http, url: str) -> None:
    with pytest.raises(WrongUse):
        http.call("GET", url, deadline=5)


def test_an_answer_shows_neither_body_nor_headers(wire: Wire, http: Http) -> None:
    wire.replies = [Reply(body=b'{"access_token": "s3cret"}', headers={"Set-Cookie": "s3cret"})]
    assert "s3cret" not in repr(http.call("GET", wire.url, deadline=5))
