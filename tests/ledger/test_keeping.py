from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cartledger.errors import Problem
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Link, State
from cartledger.records import Token

PAIR = "abc123:9130"
MINUTE = timedelta(minutes=1)


def test_a_lease_has_one_owner_until_it_ends_or_is_given_back(ledger, clock):
    assert ledger.lease("lists:9130", "a", MINUTE)
    assert ledger.lease("lists:9130", "a", MINUTE)
    assert not ledger.lease("lists:9130", "b", MINUTE)
    ledger.unlease("lists:9130", "b")
    assert not ledger.lease("lists:9130", "b", MINUTE)
    ledger.unlease("lists:9130", "a")
    assert ledger.lease("lists:9130", "b", MINUTE)
    clock.step(60)
    assert ledger.lease("lists:9130", "a", MINUTE)


@pytest.fixture
def link(shop):
    return Link(
        key=shop.key("7", "customer"),
        part="customer",
        entity="Customer",
        target_id="55",
        sync_token="0",
        number="",
        amount=Decimal("0.00"),
        currency="USD",
        hash="h",
    )


def test_links_by_key_by_ids_and_by_target(shop, link):
    shop.ledger.set_link(link)
    shop.ledger.set_link(replace(link, key=shop.key("8", "customer")))
    assert shop.ledger.link(link.key, "customer") == link
    assert shop.ledger.link(link.key, "other") is None
    assert shop.ledger.links(PAIR, "customer", ["7", "9"]) == {"7": {"customer": link}}
    assert shop.ledger.link_by_target(PAIR, "Customer", "55") == link
    assert shop.ledger.link_by_target(PAIR, "Item", "55") is None


def test_an_adopted_link_may_be_written_again(shop, link):
    shop.ledger.set_link(link)
    shop.ledger.set_link(replace(link, target_id="56"))
    assert shop.ledger.link(link.key, "customer").target_id == "56"


def test_what_was_merged_away_is_made_again_from_the_same_version(shop):
    claim = shop.planned(shop.part("customer"))
    shop.send(claim)
    shop.ledger.answered("request-1", "1-1", shop.made())
    shop.ledger.forget_link(claim.key, "customer")
    shop.ledger.forget_link(claim.key, "customer")
    assert shop.ledger.link(claim.key, "customer") is None
    shop.read("1", "v1")
    assert shop.ledger.standing(claim.key).state is State.QUEUED
    assert shop.claimed(claim.key).parts == ()


def test_a_merged_customer_takes_along_whoever_is_linked_to_it_and_its_documents(shop, link):
    receipt = replace(link, key=shop.key("1"), part="document", entity="SalesReceipt", target_id="90", customer="55")
    others = (
        replace(link, key=shop.key("9", "customer"), target_id="57"),
        replace(receipt, key=shop.key("2"), target_id="55", customer="57"),
    )
    for each in (link, replace(link, key=shop.key("8", "customer")), receipt, *others):
        shop.ledger.set_link(each)
    shop.ledger.merged(PAIR, "55", into="60")
    assert {shop.ledger.link(shop.key(id_, "customer"), "customer").target_id for id_ in ("7", "8")} == {"60"}
    assert shop.ledger.links_of_customer(PAIR, "60", 5) == [replace(receipt, customer="60")]
    assert [shop.ledger.link(each.key, each.part) for each in others] == list(others)


def test_some_documents_of_a_customer(shop, link):
    for number in range(1, 5):
        shop.ledger.set_link(replace(link, key=shop.key(str(number)), entity="Invoice", customer="55"))
    assert len(shop.ledger.links_of_customer(PAIR, "55", 3)) == 3
    assert shop.ledger.links_of_customer("another", "55", 3) == []
    assert shop.ledger.links_of_customer(PAIR, "56", 3) == []


def test_an_answer_says_whose_the_document_is(shop):
    claim = shop.planned(shop.part("receipt"))
    shop.send(claim)
    shop.ledger.answered("request-1", "1-1", replace(shop.made(), customer="55"))
    assert [one.key for one in shop.ledger.links_of_customer(PAIR, "55", 9)] == [claim.key]


def test_the_switch_starts_off_and_remembers_who_turned_it(ledger, clock):
    assert not ledger.is_enabled(PAIR)
    assert ledger.switched(PAIR) is None
    ledger.switch(PAIR, enabled=True, who="owner")
    assert ledger.is_enabled(PAIR)
    clock.step(1)
    ledger.switch(PAIR, enabled=False, who="clerk")
    switch = ledger.switched(PAIR)
    assert (switch.enabled, switch.turned_at, switch.who) == (False, clock.now, "clerk")


def test_a_circuit_counts_its_failures_and_keeps_its_beginning(ledger, clock):
    start = clock.now
    first = ledger.open_circuit(PAIR, "quickbooks", until=start + MINUTE, reason="503")
    assert (first.failures, first.since, first.needs_person) == (1, start, False)
    clock.step(60)
    second = ledger.open_circuit(PAIR, "quickbooks", until=clock.now + MINUTE, reason="token", needs_person=True)
    assert (second.failures, second.since, second.reason, second.needs_person) == (2, start, "token", True)
    assert ledger.circuits(PAIR) == [second]
    closed = ledger.close_circuit(PAIR, "quickbooks")
    assert closed.lasted(clock.now) == MINUTE
    assert ledger.close_circuit(PAIR, "quickbooks") is None
    assert ledger.circuits(PAIR) == []


def test_tokens_are_kept_and_never_printed(ledger, clock):
    token = Token(access="secret-a", refresh="secret-r", access_expires=clock.now, refresh_expires=None)
    ledger.save_token(PAIR, replace(token, refresh="old"))
    ledger.save_token(PAIR, token)
    assert ledger.token(PAIR) == token
    assert ledger.token("other:1") is None
    assert "secret" not in repr(token)


def test_references_have_an_age_and_can_be_dropped(ledger, clock):
    ledger.save_reference(PAIR, "items", b'{"A-1": "17"}')
    kept = ledger.reference(PAIR, "items")
    assert (kept.content, kept.fetched_at) == (b'{"A-1": "17"}', clock.now)
    ledger.drop_reference(PAIR, "items")
    assert ledger.reference(PAIR, "items") is None


def test_times_without_a_zone_are_refused(ledger, clock):
    with pytest.raises(ValueError, match="names no zone"):
        ledger.open_circuit(PAIR, "quickbooks", until=clock.now.replace(tzinfo=None), reason="x")


def test_counts_backlog_and_oldest(shop):
    assert shop.ledger.oldest_queued(PAIR, "order") is None
    first = shop.clock.now
    shop.claimed(shop.read("1"))
    shop.clock.step(1)
    shop.read("2")
    shop.ledger.hold(shop.claimed(shop.read("3")), [Problem(code="x", text="y", fix="z")], "rules-1")
    counts = shop.ledger.counts(PAIR, "order")
    assert counts == {State.QUEUED: 1, State.CLAIMED: 1, State.HELD: 1, State.POSTED: 0, State.EXCLUDED: 0}
    assert shop.ledger.backlog(PAIR, "order") == 2
    assert shop.ledger.oldest_queued(PAIR, "order") == first
    (held,) = shop.ledger.held(PAIR)
    assert held.problems == (Problem(code="x", text="y", fix="z"),)


def test_runs_newest_first(ledger, clock):
    first = ledger.start_run(PAIR, "sales")
    second = ledger.start_run(PAIR, "sales")
    clock.step(5)
    ledger.end_run(first, {"posted": 3, "amount": Decimal("7.10")})
    newest, oldest = ledger.runs(PAIR)
    assert (newest.id, newest.ended) == (second, None)
    assert (oldest.ended, oldest.facts) == (clock.now, {"posted": 3, "amount": "7.10"})
    assert len(ledger.runs(PAIR, limit=1)) == 1


def test_dead_letters_keep_their_bytes(ledger, clock):
    ledger.dead(b"\x00\xff not a message", why="Expecting value", workflow="sales")
    (letter,) = ledger.dead_letters()
    assert (letter.body, letter.workflow, letter.at) == (b"\x00\xff not a message", "sales", clock.now)


def test_the_history_tells_everything_and_names_nobody(shop):
    ann = "Ann Example <ann@example.com>"
    body = {"CustomerMemo": ann}
    claim = shop.planned(shop.part("invoice", body=body), shop.part("payment", 1, body=body))
    (sent,) = shop.send(claim, "invoice")
    shop.ledger.unknown([sent], in_flight=timedelta(0), why="reset")
    claim = shop.claimed(claim.key)
    shop.ledger.send_again([claim], "request-1", in_flight=timedelta(0))
    shop.ledger.answered("request-1", "1-1", shop.made())
    (sent,) = shop.send(claim, "payment", request_id="request-2")
    shop.ledger.refused(sent, [Problem(code="6000", text=f"{ann} is inactive.", fix=f"Call {ann}.")], "rules-1")
    shop.ledger.ignore([claim.key], "entered by hand")
    told = shop.ledger.events(claim.key)
    assert [event.what for event in told] == [
        *("read", "claimed", "planned", "planned", "sent", "unknown", "later", "claimed", "sent again"),
        *("answered", "sent", "refused", "held", "ignored"),
    ]
    assert told[9].detail["amount"] == Decimal("7.10")
    assert told[12].detail == {"version": "v1", "codes": ["6000"]}
    assert "Ann" not in str(told)
    assert "example.com" not in str(told)


def test_every_thread_has_its_own_connection_and_all_are_closed(ledger: Ledger):
    connections = []
    thread = threading.Thread(target=lambda: connections.append(ledger._connection()))
    thread.start()
    thread.join()
    assert connections[0] is not ledger._connection()
    ledger.close()
    assert ledger.counts(PAIR, "order")[State.QUEUED] == 0
