"""Which redirect URI has the browser's answer come here which way."""

from __future__ import annotations

import webbrowser
from datetime import timedelta

import pytest

from daemon.connecting.authorising import Loopback, Pasted
from daemon.connecting.ways import pasted, way_to

LOCAL = "http://localhost:8765/callback"
OWN_PAGE = "https://shop.example/connected"
PLAYGROUND = "https://developer.intuit.com/v2/OAuth2Playground/RedirectUrl"
LOCAL_TLS = "https://localhost:8765/callback"


@pytest.mark.parametrize(
    ("redirect_uri", "wishes", "way"),
    [
        (LOCAL, {}, Loopback(port=8765, path="/callback")),
        ("http://localhost/callback", {}, Loopback(port=80, path="/callback")),
        ("http://localhost:8765", {}, Loopback(port=8765, path="/")),
        (LOCAL, {"port": 9000}, Loopback(port=9000, path="/callback")),
        (LOCAL, {"browser": True}, Loopback(port=8765, path="/callback", browse=webbrowser.open)),
        (LOCAL, {"patience": timedelta(0)}, Loopback(port=8765, path="/callback", patience=timedelta(0))),
        (OWN_PAGE, {"port": 9000}, Loopback(port=9000, path="/connected")),
        (LOCAL, {"paste": True}, Pasted(read=pasted)),
        (OWN_PAGE, {"paste": True}, Pasted(read=pasted)),
        (OWN_PAGE, {"paste": True, "port": 9000}, Pasted(read=pasted)),
    ],
)
def test_the_browser_is_listened_to_where_it_is_heard_and_nobody_wants_to_paste(redirect_uri, wishes, way):
    assert way_to(redirect_uri, **wishes) == way


@pytest.mark.parametrize("redirect_uri", [OWN_PAGE, PLAYGROUND, LOCAL_TLS])
def test_where_it_is_not_heard_the_address_is_pasted_and_a_person_told_why(redirect_uri):
    why = f"Intuit then sends the browser to {redirect_uri}, where cartledger cannot listen."
    assert way_to(redirect_uri, browser=True) == Pasted(read=pasted, why=why)
