"""`cartledger report`: the facts of the mails, on a terminal, as JSON, as a page; and whether mails arrive."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.post_office import PostOffice, free_port
from tests.road.commands.conftest import FOREIGN, STRANGE, with_second_shop

TO = ["books@shop.example"]


@pytest.fixture
def synced(shop, make_road):
    """`synced(**sections)`: the shop's orders are posted, two are held."""

    def make(**sections):
        road = make_road(shop, **sections)
        road.sync()
        return road

    return make


def mailing(office):
    smtp = {"host": "localhost", "port": office.port, "security": "none", "sender": "cartledger@shop.example"}
    return {"smtp": smtp, "report": {"to": TO}}


def test_what_was_done_and_what_has_to_be(synced, command):
    said = command(synced())("report").stdout
    assert said.startswith("demo: 4 posted, 2 held\n")
    assert "The connection posts nothing by itself. To let it: cartledger enable demo" in said
    assert f"1: {FOREIGN} (foreign_currency)" in said
    assert f"1: {STRANGE} (unknown_status)" in said
    assert re.search(r"Sales receipts +4  [\d,]+\.\d\d USD\n", said)


def test_as_json(synced, command, shop):
    road = synced()
    facts = command(road).facts("report", "demo")["demo"]
    assert (facts["posted"], facts["waiting"], facts["in_doubt"], facts["zone"]) == (4, 0, 0, "America/Chicago")
    assert sorted((cause["code"], cause["orders"]) for cause in facts["held"]) == [
        ("foreign_currency", [str(FOREIGN)]),
        ("unknown_status", [str(STRANGE)]),
    ]
    (receipts,) = [row for row in facts["booked"] if row["entity"] == "SalesReceipt"]
    total = sum(receipt["TotalAmt"] for receipt in shop.company.objects("SalesReceipt"))
    assert Decimal(receipts["amounts"]["USD"]) == total
    days = facts["compared"]["days"]
    assert sum(Decimal(day["books"]) for day in days) == total
    assert {day["difference"] for day in days if not day["why"]} <= {"0.00"}


@pytest.mark.parametrize(
    ("since", "posted"), [("1h", 4), ("7d", 4), ("2026-01-31", 4), ("2099-01-31T10:00", 0), ("2099-01-31T10:00Z", 0)]
)
def test_since_when(synced, command, since, posted):
    assert command(synced()).facts("report", "--since", since)["demo"]["posted"] == posted


def test_a_time_that_is_none(synced, command):
    said = command(synced())("report", "--since", "yesterday", expect=2).stderr
    assert '--since is "yesterday"; write 12h, 7d, a day (2026-01-31) or a time (2026-01-31T07:00).' in said


def test_as_a_page(synced, command, tmp_path):
    page = tmp_path / "report.html"
    assert command(synced())("report", "--html", str(page)).stdout == ""
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "demo: 4 posted, 2 held" in text


def test_each_connection_by_itself(make_sim, make_road, shop, command, tmp_path):
    road = with_second_shop(shop, make_sim(), make_road)
    assert list(command(road).facts("report")) == ["demo", "second"]
    assert list(command(road).facts("report", "second")) == ["second"]
    said = command(road)("report", "--html", str(tmp_path / "page.html"), expect=2).stderr
    assert "A page is of one connection: name it." in said


def test_a_connection_that_is_not_there(synced, command):
    assert 'There is no connection "dema"' in command(synced())("report", "dema", expect=2).stderr


def test_as_a_mail(synced, command):
    with PostOffice() as office:
        command(synced(**mailing(office)))("report", "--mail")
    (letter,) = office.mails
    assert (letter.subject, letter.recipients) == ("cartledger demo: 4 posted, 2 held", TO)
    assert letter.text().startswith("demo: 4 posted, 2 held\n")
    assert "demo: 4 posted, 2 held" in letter.text("html")


def test_a_mail_that_does_not_go_waits_for_the_daemon(synced, command):
    with PostOffice() as office:
        road = synced(**mailing(office))
    result = command(road)("report", "--mail")
    assert "Mails wait; they are tried again until they go." in result.stderr
    (mail,) = road.ledger.mails_waiting()
    assert (mail.kind, mail.attempts) == ("report", 1)


@pytest.mark.parametrize("option", ["--mail", "--test"])
def test_mails_to_nobody(synced, command, option):
    assert "Mails go to nobody. Set report.to and smtp.host." in command(synced())("report", option, expect=2).stderr


def test_a_test_mail(synced, command):
    with PostOffice() as office:
        said = command(synced(**mailing(office)))("report", "--test").stdout
    assert said == "localhost took a test mail to books@shop.example.\n"
    assert [letter.subject for letter in office.mails] == ["cartledger: a test"]


def test_a_test_mail_that_does_not_go(synced, command):
    with PostOffice() as office:
        road = synced(**mailing(office))
    said = command(road)("report", "--test", expect=1).stderr
    assert f"The mail server localhost:{office.port} does not answer: Connection refused." in said
    assert road.ledger.mails_waiting() == []


@pytest.mark.parametrize("answers", [True, False])
def test_check_signs_in(shop, make_road, command, answers):
    with PostOffice() as office:
        port = office.port if answers else free_port()
        sections = mailing(office)
        road = make_road(shop, **{**sections, "smtp": {**sections["smtp"], "port": port}})
        facts = command(road).facts("check")
    told = [one["text"] for one in facts.get("settings", [])]
    assert told == ([] if answers else [f"The mail server localhost:{port} does not answer: Connection refused."])
    assert office.mails == []
