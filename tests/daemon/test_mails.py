"""The outbox: what is put in goes out once the server takes it, however long that takes, and nobody waits for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from cartledger.ledger.store import Ledger
from cartledger.settings import read_settings
from daemon.mails import GIVEN_UP_AFTER, LONGEST_WAIT, Postman, compose, server_of, wait_after
from tests.options.test_wrong_values import RIGHT, full
from tests.options.test_wrong_values import SECRETS as OF_CONNECTION
from tests.post_office import PostOffice, free_port

BEGAN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PAIR = "abc123:1234567890"
MINUTE = timedelta(minutes=1)


class Desk:
    """An outbox, its postman, and the time, which the test moves."""

    def __init__(self, folder, changes, password):
        self.now = BEGAN
        self.folder = folder
        self.ledger = Ledger.open(folder / "cartledger.db", clock=lambda: self.now)
        self.settle(changes, password)

    def settle(self, changes, password=None):
        """Other settings, as after a restart; None takes one out."""
        usual = {"report.to": '["books@shop.example", "owner@shop.example"]', "smtp.host": '"localhost"'}
        usual |= {"smtp.security": '"none"', "smtp.sender": '"cartledger@shop.example"'}
        path = self.folder / "cartledger.toml"
        lines = {full(key): value for key, value in (RIGHT | usual | changes).items() if value is not None}
        path.write_text("\n".join(f"{key} = {value}" for key, value in lines.items()))
        secret = {"CARTLEDGER_SMTP__PASSWORD": password} if password else {}
        self.settings = read_settings(path, OF_CONNECTION | secret)
        self.postman = Postman(self.settings, self.ledger, "me", lambda: self.now)

    def put(self, subject="Hello", **options):
        content = compose(self.settings, subject=subject, plain="Größe: 5 €\n", **options)
        assert content is not None
        self.ledger.queue_mail(PAIR, "report", content)

    def after(self, span):
        self.now += span
        self.postman.send_due()

    def waiting(self):
        return [(mail.attempts, mail.not_before - self.now, mail.why) for mail in self.ledger.mails_waiting()]


@pytest.fixture
def make_desk(tmp_path):
    desks = []

    def make(port=25, password=None, **changes):
        desks.append(Desk(tmp_path, {"smtp.port": str(port), **changes}, password))
        return desks[-1]

    yield make
    for desk in desks:
        desk.ledger.close()


@pytest.fixture
def said(caplog):
    caplog.set_level("INFO", "cartledger")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "cartledger"]


def test_a_mail_is_whole(make_desk):
    with PostOffice() as office:
        desk = make_desk(office.port)
        desk.put("Bücher\nof today", html="<p>Größe: <b>5 €</b></p>")
        desk.after(MINUTE)
    (letter,) = office.mails
    message = letter.message
    assert letter.recipients == ["books@shop.example", "owner@shop.example"]
    assert message["From"] == "cartledger@shop.example"
    assert message.get_all("To") == ["books@shop.example, owner@shop.example"]
    assert letter.subject == "Bücher of today"
    assert message["Date"].datetime == BEGAN
    assert message["Message-ID"].endswith("@shop.example>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert letter.text() == "Größe: 5 €\n"
    assert letter.text("html") == "<p>Größe: <b>5 €</b></p>\n"
    assert letter.raw.isascii()
    assert max(map(len, letter.raw.splitlines())) < 998


def test_what_was_sent_is_sent_once_and_its_text_is_dropped(make_desk):
    with PostOffice() as office:
        desk = make_desk(office.port)
        desk.put()
        desk.after(MINUTE)
        desk.after(MINUTE)
    assert len(office.mails) == 1
    assert desk.waiting() == []
    assert desk.ledger._rows("SELECT content, why FROM mail")[0]["content"] == b""


def test_the_server_is_down_for_a_while(make_desk, said):
    port = free_port()
    desk = make_desk(port)
    desk.put("first")
    desk.put("second")
    desk.after(MINUTE)
    desk.after(MINUTE)
    why = f"The mail server localhost:{port} does not answer: Connection refused. "
    ((attempts, wait, told), _) = desk.waiting()
    assert (attempts, wait) == (2, 2 * MINUTE)
    assert told.startswith(why)
    with PostOffice() as office:
        desk.settle({"smtp.port": str(office.port)})
        desk.after(MINUTE)
        assert office.mails == []
        desk.after(MINUTE)
    assert [letter.subject for letter in office.mails] == ["first", "second"]
    assert len([text for text in said() if text.startswith("Mails wait")]) == 1


def test_an_outage_is_told_once_with_its_length(make_desk, said):
    with PostOffice() as office:
        port = office.port
    desk = make_desk(port)
    desk.put()
    for _ in range(3):
        desk.after(LONGEST_WAIT)
    with PostOffice() as office:
        desk.settle({"smtp.port": str(office.port)})
        desk.postman._failing_since = BEGAN + LONGEST_WAIT
        desk.after(LONGEST_WAIT)
    waits, goes = said()
    assert waits.startswith("Mails wait; they are tried again until they go. The mail server localhost")
    assert goes == "Mails are sent again after 21600 s."


@pytest.mark.parametrize("answer", ["451 come again", "554 not today"])
def test_one_mail_is_refused_at_first_and_keeps_no_other_back(make_desk, said, answer):
    with PostOffice(answers=(answer,)) as office:
        desk = make_desk(office.port)
        desk.put("first")
        desk.put("second")
        desk.after(MINUTE)
        assert [letter.subject for letter in office.mails] == ["second"]
        assert [why for *_, why in desk.waiting()] == [
            f"The mail server localhost:{office.port} did not take the mail: {answer}."
        ]
        desk.after(MINUTE)
    assert [letter.subject for letter in office.mails] == ["second", "first"]
    assert len(said()) == 1


def test_the_login_is_refused_until_the_password_is_mended(make_desk):
    with PostOffice(login=("me", "right")) as office:
        desk = make_desk(office.port, "wrong", **{"smtp.username": '"me"'})
        desk.put()
        desk.after(MINUTE)
        ((_, _, why),) = desk.waiting()
        assert "refuses the login: 535" in why
        desk.settle({"smtp.port": str(office.port), "smtp.username": '"me"'}, "right")
        desk.after(MINUTE)
    assert len(office.mails) == 1


def test_a_mail_goes_to_whom_the_settings_name_by_then(make_desk):
    with PostOffice() as office:
        desk = make_desk(office.port)
        desk.put()
        desk.settle({"smtp.port": str(office.port), "report.to": '["new@shop.example"]'})
        desk.after(MINUTE)
    (letter,) = office.mails
    assert (letter.recipients, letter.message["To"]) == (["new@shop.example"], "new@shop.example")


def test_what_nobody_takes_is_given_up_after_days(make_desk, said):
    desk = make_desk(free_port())
    desk.put()
    desk.after(MINUTE)
    desk.after(GIVEN_UP_AFTER)
    assert desk.waiting() == []
    assert said()[-1].startswith("A mail (report) of 2026-03-01 08:00 UTC is given up: The mail server localhost")


def test_waits_grow():
    waits = [wait_after(attempts) for attempts in range(60)]
    assert waits[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert max(waits) == LONGEST_WAIT


def test_two_processes_do_not_send_the_same(make_desk):
    with PostOffice() as office:
        desk = make_desk(office.port)
        desk.put()
        desk.ledger.lease("mails", "another", 5 * MINUTE)
        desk.after(MINUTE)
        assert office.mails == []
        desk.ledger.unlease("mails", "another")
        desk.after(MINUTE)
        assert len(office.mails) == 1
        assert not desk.ledger.is_leased("mails")


@pytest.mark.option("report.to")
@pytest.mark.parametrize(
    ("to", "recipients"),
    [
        ('["books@shop.example"]', ["books@shop.example"]),
        ('["books@shop.example", "owner@shop.example"]', ["books@shop.example", "owner@shop.example"]),
        ("[]", None),
    ],
)
def test_whom_mails_go_to(make_desk, to, recipients):
    with PostOffice() as office:
        desk = make_desk(office.port, **{"report.to": to})
        if recipients is None:
            assert compose(desk.settings, subject="Hello", plain="") is None
            return
        desk.put()
        desk.after(MINUTE)
    assert office.mails[0].recipients == recipients


@pytest.mark.option("smtp.host")
def test_without_a_server_no_mail_is_made(make_desk):
    desk = make_desk(None, **{f"smtp.{key}": None for key in ("host", "port", "security", "sender")})
    assert compose(desk.settings, subject="Hello", plain="") is None
    desk.settle({})
    assert compose(desk.settings, subject="Hello", plain="") is not None


@pytest.mark.option("smtp.port", "smtp.security")
@pytest.mark.parametrize(
    ("security", "port", "found"),
    [
        (None, None, (587, "starttls")),
        ('"starttls"', None, (587, "starttls")),
        ('"tls"', None, (465, "tls")),
        ('"none"', None, (25, "none")),
        ('"tls"', "2465", (2465, "tls")),
    ],
)
def test_where_and_how(make_desk, security, port, found):
    desk = make_desk(**{"smtp.security": security, "smtp.port": port})
    server = server_of(desk.settings.smtp)
    assert server is not None
    assert (server.port, server.security) == found


@pytest.mark.option("smtp.username", "smtp.password")
@pytest.mark.parametrize(("username", "password", "logins"), [(None, None, []), ('"me"', "hush", [("me", "hush")])])
def test_who_signs_in(make_desk, username, password, logins):
    with PostOffice(login=("me", "hush") if logins else None) as office:
        desk = make_desk(office.port, password, **{"smtp.username": username})
        desk.put()
        desk.after(MINUTE)
    assert (office.logins, len(office.mails)) == (logins, 1)


@pytest.mark.option("smtp.sender")
@pytest.mark.parametrize(
    ("sender", "username", "found"),
    [
        ('"books@shop.example"', None, "books@shop.example"),
        ('"books@shop.example"', '"shop@mail.example"', "books@shop.example"),
        (None, '"shop@mail.example"', "shop@mail.example"),
    ],
)
def test_whom_mails_come_from(make_desk, sender, username, found):
    password = "hush" if username else None
    with PostOffice(login=("shop@mail.example", "hush") if username else None) as office:
        desk = make_desk(office.port, password, **{"smtp.sender": sender, "smtp.username": username})
        desk.put()
        desk.after(MINUTE)
    assert (office.mails[0].sender, office.mails[0].message["From"]) == (found, found)


def test_contents_name_nobody_before_they_are_sent(make_desk):
    content = compose(make_desk().settings, subject="Hello", plain="")
    assert content is not None
    assert {"From", "To", "Date"}.isdisjoint(message_from_bytes(content, policy=policy.default).keys())
