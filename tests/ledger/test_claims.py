"""T2 and T3: who holds a source, and how it is given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cartledger.errors import Problem
from cartledger.ledger.types import State

PAIR = "abc123:9130"
LEASE = timedelta(seconds=60)
NO_ITEM = Problem(code="no_item", text="SKU A-1 has no item.")


def test_a_source_is_claimed_once_until_its_lease_is_dead(shop):
    key = shop.read()
    first = shop.claimed(key, "a")
    assert (first.fence, first.claims, first.version) == (1, 1, "v1")
    assert shop.ledger.claim([key], "b", LEASE) == []
    shop.clock.step(60)
    second = shop.claimed(key, "b")
    assert (second.fence, second.claims) == (2, 2)
    assert shop.ledger.refresh(first) is None
    assert shop.ledger.refresh(second) == second


def test_claims_come_in_key_order_and_each_once(shop):
    keys = [shop.read(id_) for id_ in ("3", "1", "2")]
    claims = shop.ledger.claim([*keys, keys[0], shop.key("9")], "a", LEASE)
    assert [claim.key.id for claim in claims] == ["1", "2", "3"]


def test_a_renewed_lease_is_prolonged_never_shortened_and_only_by_its_owner(shop):
    mine, lost = shop.claimed(shop.read("1"), "a"), shop.claimed(shop.read("2"), "a")
    shop.clock.step(60)
    shop.claimed(lost.key, "b")
    assert shop.ledger.renew([mine, lost], timedelta(seconds=100)) == [mine]
    assert shop.ledger.renew([mine], timedelta(seconds=1)) == [mine]
    shop.clock.step(99)
    assert shop.ledger.claim([mine.key], "b", LEASE) == []


def _hold(ledger, claim):
    return ledger.hold(claim, [NO_ITEM], "rules-1")


def _exclude(ledger, claim):
    return ledger.exclude(claim, "status", "rules-1")


def _unchanged(ledger, claim):
    return ledger.unchanged(claim, "rules-1")


def _later(ledger, claim):
    return ledger.later(claim, ledger.clock(), "locked")


DECISIONS = {_hold: State.HELD, _exclude: State.EXCLUDED, _unchanged: State.POSTED, _later: State.QUEUED}


@pytest.mark.parametrize("decide", DECISIONS, ids=lambda decide: decide.__name__)
def test_a_decision_ends_the_claim(shop, decide):
    claim = shop.claimed(shop.read())
    assert decide(shop.ledger, claim)
    assert shop.ledger.standing(claim.key).state is DECISIONS[decide]
    assert not decide(shop.ledger, claim)


@pytest.mark.parametrize("decide", DECISIONS, ids=lambda decide: decide.__name__)
def test_an_owner_whose_lease_was_taken_over_decides_nothing(shop, decide):
    late = shop.claimed(shop.read(), "a")
    shop.clock.step(60)
    shop.claimed(late.key, "b")
    assert not decide(shop.ledger, late)
    assert shop.ledger.plan(late, [shop.part()], "rules-1") is None
    assert shop.ledger.standing(late.key).state is State.CLAIMED


@pytest.mark.parametrize("decide", DECISIONS, ids=lambda decide: decide.__name__)
def test_nor_while_the_new_owner_has_a_part_on_its_way(shop, decide):
    late = shop.claimed(shop.read(), "a")
    shop.clock.step(60)
    shop.send(shop.ledger.plan(shop.claimed(late.key, "b"), [shop.part()], "rules-1"))
    assert not decide(shop.ledger, late)


@pytest.mark.parametrize("decide", DECISIONS, ids=lambda decide: decide.__name__)
def test_a_newer_version_seen_meanwhile_is_decided_next(shop, decide):
    claim = shop.claimed(shop.read("1", "v1"))
    shop.read("1", "v2")
    assert decide(shop.ledger, claim)
    again = shop.claimed(claim.key)
    assert (again.version, again.record) == ("v2", b'{"v":"v2"}')


@pytest.mark.parametrize(("decide", "kept"), [(_hold, True), (_exclude, True), (_unchanged, False)])
def test_the_record_is_kept_while_it_may_be_decided_again(shop, decide, kept):
    claim = shop.claimed(shop.read())
    decide(shop.ledger, claim)
    (row,) = shop.ledger._rows("SELECT record FROM source")
    assert (row["record"] is not None) is kept


def test_claims_count_what_ended_without_a_word(shop):
    key = shop.read()
    for ended in (1, 2, 3):
        claim = shop.claimed(key)
        assert claim.claims == ended
        shop.clock.step(60)
        assert shop.ledger.sweep().dead_leases == 1
    shop.ledger.release([shop.claimed(key)])
    shop.ledger.later(shop.claimed(key), shop.clock.now, "locked")
    assert shop.claimed(key).claims == 4
    shop.clock.step(60)
    shop.ledger.hold(shop.claimed(key), [NO_ITEM], "rules-1")
    shop.ledger.retry(PAIR)
    assert shop.claimed(key).claims == 1


def test_attempts_are_spent_on_request_and_forgotten_with_a_new_version(shop):
    key = shop.read("1", "v1")
    shop.ledger.later(shop.claimed(key), shop.clock.now, "locked", spend_attempt=True)
    shop.ledger.later(shop.claimed(key), shop.clock.now, "throttled")
    assert shop.ledger.standing(key).attempts == 1
    shop.read("1", "v2")
    assert shop.claimed(key).attempts == 0


def test_tries_that_end_alike_are_told_once(shop):
    """An outage of hours, with thousands of orders that are tried each minute, must not fill the ledger."""
    key = shop.read()
    for why in ("locked", "locked", "locked", "throttled", "throttled", "locked"):
        until = shop.clock.step(60)
        assert shop.ledger.later(shop.claimed(key), until, why)
        assert (shop.ledger.standing(key).why, shop.ledger.standing(key).not_before) == (why, until)
    assert shop.whats(key) == ["read", *["claimed", "later"] * 3]
    assert [event.detail.get("why") for event in shop.ledger.events(key)][2::2] == ["locked", "throttled", "locked"]


def test_a_try_after_something_else_is_told(shop):
    key = shop.read()
    shop.ledger.later(shop.claimed(key), shop.clock.now, "locked")
    shop.ledger.release([shop.claimed(key)])
    shop.ledger.later(shop.claimed(key), shop.clock.now, "locked")
    assert shop.whats(key) == ["read", "claimed", "later", "claimed", "released", "claimed", "later"]


def test_a_try_that_did_something_is_told(shop):
    claim = shop.planned()
    shop.ledger.later(claim, shop.clock.now, "locked")
    again = shop.ledger.plan(shop.claimed(claim.key), [shop.part()], "rules-1")
    shop.ledger.later(again, shop.clock.now, "locked")
    shop.read(version="v2")
    shop.ledger.later(shop.claimed(claim.key), shop.clock.now, "locked")
    one = ["claimed", "planned", "later"]
    assert shop.whats(claim.key) == ["read", *one, *one, "read", "claimed", "later"]


def test_release_leaves_a_source_with_a_part_on_its_way_to_its_lease(shop):
    going, free = shop.planned(id_="1"), shop.planned(id_="2")
    shop.send(going)
    shop.ledger.release([going, free])
    assert shop.ledger.standing(going.key).state is State.CLAIMED
    assert shop.ledger.standing(free.key).state is State.QUEUED


def test_a_source_on_its_way_that_ends_the_process_is_held_although_a_newer_version_waits(shop):
    claim = shop.planned()
    shop.send(claim)
    shop.read("1", "v2")
    shop.clock.step(160)
    taken = shop.claimed(claim.key)
    assert (taken.version, taken.begun, len(taken.sending)) == ("v1", True, 1)
    shop.ledger.hold(taken, [Problem(code="ends_the_process", text="x")], "rules-1")
    assert shop.ledger.standing(claim.key).state is State.HELD


def test_several_calls_are_one_transaction(shop):
    claim = shop.claimed(shop.read("1"))

    def half() -> None:
        with shop.ledger.transaction():
            shop.ledger.hold(claim, [NO_ITEM], "rules-1")
            shop.read("2")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert shop.ledger.standing(claim.key).state is State.CLAIMED
    assert shop.ledger.standing(shop.key("2")) is None
    assert shop.ledger.refresh(replace(claim, fence=9)) is None


def test_a_refreshed_claim_is_of_one_version_and_decided_as_that(shop):
    claim = shop.claimed(shop.read("1", "v1"))
    shop.read("1", "v2")
    fresh = shop.ledger.refresh(claim)
    assert (fresh.version, fresh.record) == ("v2", b'{"v":"v2"}')
    shop.read("1", "v1")
    assert shop.ledger.plan(fresh, [shop.part()], "rules-1").parts[0].version == "v2"
    shop.send(fresh, "invoice")
    assert shop.ledger.answered("request-1", "1-1", shop.made()).newer
    assert shop.claimed(claim.key).version == "v1"
