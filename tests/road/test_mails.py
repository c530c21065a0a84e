"""The daemon and its mails, in a process of its own: reports arrive encrypted, and nobody waits for a mail server."""

from __future__ import annotations

import pytest

from tests.post_office import PostOffice, make_certificate, silent_server

LOGIN = ("shop@mail.example", "hush")
REPORT = {"to": ["books@shop.example"], "when": "each_run"}


@pytest.fixture
def make_mailing(make_sim, make_road):
    """`make_mailing(port, **smtp)`: an enabled connection with a few orders, whose reports go there."""

    def make(port, environment=(), **smtp):
        sim = make_sim()
        sim.fill(orders=5, customers=2, clean=True)
        mailing = {"report": REPORT, "smtp": {"host": "localhost", "port": port, **smtp}}
        road = make_road(sim, connection={"interval": "1s"}, **mailing)
        road.environment = {**road.environment, **dict(environment)}
        road.enable()
        return road

    return make


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_report_of_a_run_arrives(make_mailing, tmp_path, security):
    certificate = make_certificate(tmp_path)
    environment = {"SSL_CERT_FILE": str(certificate.path), "CARTLEDGER_SMTP__PASSWORD": LOGIN[1]}
    with PostOffice(tls=security, certificate=certificate, login=LOGIN) as office:
        road = make_mailing(office.port, environment, security=security, username=LOGIN[0])
        running = road.start("run")
        (letter,) = office.wait_for(bool)
        assert running.stop() == 0
    assert letter.subject == "cartledger demo: 5 posted"
    assert letter.message["From"] == LOGIN[0]
    assert office.logins == [LOGIN]
    assert road.ledger.mails_waiting() == []
    assert LOGIN[1] not in running.log.read_text()
    assert "books@shop.example" not in running.log.read_text()


def test_a_sync_goes_on_while_the_mail_server_says_nothing(make_mailing):
    with silent_server() as port:
        road = make_mailing(port, security="none", sender="cartledger@shop.example")
        running = road.start("run")
        road.until(lambda: road.ledger.is_leased("mails"))
        road.sim.fill(orders=3, customers=1, clean=True)
        for order_id in sorted(road.sim.shop.orders)[-3:]:
            road.sim.shop.touch(order_id)
        road.until_settled()
        assert road.ledger.is_leased("mails")
        road.agree()
        assert running.process.poll() is None
