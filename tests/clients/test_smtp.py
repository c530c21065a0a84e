"""The mail server as the client meets it: encrypted or not at all, signed in, and every *no* in a sentence."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from email.message import EmailMessage

import pytest

from cartledger.clients.smtp import MailServer
from cartledger.errors import TryLater, Unauthorised, Unreachable
from tests.post_office import PostOffice, free_port, make_certificate, silent_server

SENDER, RECIPIENTS = "cartledger@shop.example", ["books@shop.example", "owner@shop.example"]
LOGIN = ("shop@mail.example", "hush")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    return certificate


def message(subject="Hello"):
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = subject, SENDER, ", ".join(RECIPIENTS)
    made.set_content("Größe, €, naïve\n")
    return made


def send(port, *, host="localhost", **options):
    server = MailServer(host=host, port=port, **{"security": "none", "answer_timeout": 10.0, **options})
    with server.session() as session:
        return session.send(message(), SENDER, RECIPIENTS)


def test_a_server_of_this_machine():
    with PostOffice() as office:
        assert send(office.port) == ()
    (letter,) = office.mails
    assert (letter.sender, letter.recipients) == (SENDER, RECIPIENTS)
    assert letter.text() == "Größe, €, naïve\n"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_signed_in(trusted, security):
    with PostOffice(tls=security, certificate=trusted, login=LOGIN) as office:
        send(office.port, security=security, username=LOGIN[0], password=LOGIN[1])
    assert (len(office.mails), office.logins) == (1, [LOGIN])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for(certificate, security):
    with (
        PostOffice(tls=security, certificate=certificate, login=LOGIN) as office,
        pytest.raises(Unreachable, match=r"certificate of the mail server localhost:.* is not trusted"),
    ):
        send(office.port, security=security, username=LOGIN[0], password=LOGIN[1])
    assert (office.mails, office.logins) == ([], [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_another_name(trusted, security):
    with (
        PostOffice(tls=security, certificate=trusted) as office,
        pytest.raises(Unreachable, match=r"is not trusted: .*IP address mismatch"),
    ):
        send(office.port, host="127.0.0.1", security=security)
    assert office.mails == []


def test_a_server_without_starttls_gets_neither_mail_nor_password():
    with (
        PostOffice() as office,
        pytest.raises(Unreachable, match="offers no STARTTLS") as error,
    ):
        send(office.port, security="starttls", username=LOGIN[0], password=LOGIN[1])
    assert 'smtp.security = "tls"' in error.value.fix
    assert office.mails == []


def test_tls_where_there_is_none():
    with PostOffice() as office, pytest.raises(Unreachable, match="does not speak TLS there"):
        send(office.port, security="tls")


def test_a_login_that_is_refused(trusted):
    with (
        PostOffice(tls="starttls", certificate=trusted, login=LOGIN) as office,
        pytest.raises(Unauthorised, match="refuses the login: 535") as error,
    ):
        send(office.port, security="starttls", username=LOGIN[0], password="wrong")
    assert "smtp.password" in error.value.fix
    assert "wrong" not in str(error.value)


def test_a_server_that_knows_no_login():
    with PostOffice() as office, pytest.raises(Unauthorised, match="offers no login"):
        send(office.port, username=LOGIN[0], password=LOGIN[1])
    assert office.mails == []


def test_one_recipient_of_two_is_refused():
    with PostOffice(refused=(RECIPIENTS[1],)) as office:
        (said,) = send(office.port)
    assert said == "550 5.1.1 <…>: no such user"
    assert office.mails[0].recipients == RECIPIENTS[:1]


def test_all_recipients_are_refused():
    with (
        PostOffice(refused=tuple(RECIPIENTS)) as office,
        pytest.raises(TryLater, match=r"takes no mail for report.to: 550 5.1.1 <…>: no such user; 550"),
    ):
        send(office.port)
    assert office.mails == []


@pytest.mark.parametrize("answer", ["451 greylisted, come again", "554 spam"])
def test_a_mail_that_is_not_taken(answer):
    with PostOffice(answers=(answer,)) as office, pytest.raises(TryLater, match=f"did not take the mail: {answer}"):
        send(office.port)


def test_nobody_is_there():
    with pytest.raises(Unreachable, match=r"does not answer: Connection refused\.") as error:
        send(free_port())
    assert "smtp.host" in error.value.fix


def test_a_server_that_says_nothing():
    with silent_server() as port, pytest.raises(Unreachable, match="does not answer: no answer in time"):
        send(port, answer_timeout=0.2)


def test_a_server_that_drips_is_not_listened_to_for_ever():
    over = threading.Event()

    def drip(listener):
        with closing(listener.accept()[0]) as connection:
            connection.sendall(b"220 hello\r\n")
            connection.recv(1000)
            while not over.is_set():
                try:
                    connection.sendall(b"250-drop\r\n")
                except OSError:
                    return

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=drip, args=[listener])
        thread.start()
        try:
            with pytest.raises(Unreachable):
                send(listener.getsockname()[1], session_timeout=0.5)
        finally:
            over.set()
            thread.join()


def test_a_password_is_not_shown():
    server = MailServer(host="mail.example", port=587, security="starttls", username="me", password="hush")
    assert "hush" not in repr(server)
