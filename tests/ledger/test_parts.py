"""T3 to T7: parts planned together, let out under switch and fence, answered once whatever the lease says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cartledger.errors import Problem
from cartledger.ledger.types import Answered, Sending, Stage, State

PAIR = "abc123:9130"
IN_FLIGHT = timedelta(seconds=130)
BAD_TOTAL = Problem(code="total_differs", text="It was voided.")


def _stages(claim):
    return {part.name: part.stage for part in claim.parts}


def test_what_is_planned_is_what_is_sent_later(shop):
    invoice = shop.part(body={"Line": [{"Amount": Decimal("7.10")}], "Ref": {"$ref": "x"}}, amount=Decimal("7.10"))
    claim = shop.planned(invoice, shop.part("payment", 1, entity="Payment", number=""))
    part = claim.parts[0]
    assert part.body == {"Line": [{"Amount": Decimal("7.10")}], "Ref": {"$ref": "x"}}
    assert str(part.body["Line"][0]["Amount"]) == "7.10"
    assert (part.name, part.order, part.stage, part.amount, part.version) == (
        "invoice",
        0,
        Stage.PLANNED,
        Decimal("7.10"),
        "v1",
    )
    assert [p.name for p in claim.parts] == ["invoice", "payment"]
    assert not claim.begun


def test_a_new_plan_replaces_what_was_planned_and_keeps_what_is_answered_and_the_same(shop):
    claim = shop.planned(shop.part("invoice"), shop.part("payment", 1))
    shop.send(claim, "invoice")
    shop.ledger.answered("request-1", "1-1", shop.made())
    payment = shop.send(shop.ledger.refresh(claim), "payment", request_id="request-2")
    shop.ledger.refused(payment[0], [Problem(code="no_method", text="x")], "rules-1")
    shop.ledger.retry(PAIR)
    again = shop.ledger.plan(shop.claimed(claim.key), [shop.part("invoice"), shop.part("tender", 1)], "rules-2")
    assert _stages(again) == {"invoice": Stage.ANSWERED, "tender": Stage.PLANNED}
    other = shop.ledger.plan(again, [shop.part("invoice", hash="other")], "rules-3")
    assert _stages(other) == {"invoice": Stage.PLANNED}
    assert shop.ledger.link(claim.key, "invoice").target_id == "900"


def test_nothing_is_planned_or_excluded_while_a_part_is_on_its_way(shop):
    claim = shop.planned()
    shop.send(claim)
    with pytest.raises(AssertionError, match="parts on their way"):
        shop.ledger.plan(claim, [shop.part()], "rules-1")
    with pytest.raises(AssertionError, match="parts on their way"):
        shop.ledger.exclude(claim, "status", "rules-1")
    with pytest.raises(AssertionError, match="parts on their way"):
        shop.ledger.unchanged(claim, "rules-1")


def _never_turned(shop):
    shop.ledger._rows("DELETE FROM switch")


def _disabled(shop):
    shop.ledger.switch(PAIR, enabled=False, who="owner")


def _enabled(shop):
    shop.ledger.switch(PAIR, enabled=True, who="owner")


def _permitted(shop):
    shop.ledger.permit(PAIR, "sync", timedelta(minutes=2))


def _ended(shop):
    shop.ledger.end_permit(PAIR, "sync")


def _too_old(shop):
    shop.clock.step(120)


@pytest.mark.parametrize(
    ("turns", "goes"),
    [
        ([_enabled], True),
        ([_enabled, _permitted, _ended], True),
        ([_disabled], False),
        ([_disabled, _permitted], True),
        ([_disabled, _permitted, _ended], False),
        ([_disabled, _permitted, _disabled], False),
        ([_disabled, _permitted, _too_old], False),
        ([_never_turned], False),
        ([_never_turned, _permitted], True),
    ],
)
def test_whether_the_pair_may_write_is_read_as_a_part_goes(shop, turns, goes):
    claim = shop.planned()
    for turn in turns:
        turn(shop)
    assert len(shop.send(claim)) == goes
    assert shop.ledger.refresh(claim).parts[0].stage is (Stage.SENDING if goes else Stage.PLANNED)


def test_a_permit_is_its_pairs_alone_and_can_be_prolonged_until_it_is_taken_back(shop):
    shop.ledger.permit(PAIR, "sync", timedelta(minutes=2))
    assert not shop.ledger.may_write(PAIR[:-1])
    _disabled(shop)
    assert not shop.ledger.prolong_permit(PAIR, "sync", timedelta(minutes=2))
    shop.ledger.permit(PAIR, "another sync", timedelta(minutes=2))
    shop.clock.step(119)
    assert shop.ledger.prolong_permit(PAIR, "another sync", timedelta(minutes=2))
    shop.clock.step(119)
    assert shop.ledger.may_write(PAIR)


def test_a_part_goes_once_and_takes_its_lease_with_it(shop):
    claim = shop.planned()
    (sent,) = shop.send(claim)
    assert (sent.key, sent.part, sent.bid, sent.sent, sent.sent_at) == (
        claim.key,
        "invoice",
        "1-1",
        b"invoice",
        shop.clock.now,
    )
    assert shop.send(claim, request_id="request-2") == []
    shop.clock.step(159)
    assert shop.ledger.claim([claim.key], "b", IN_FLIGHT) == []
    shop.clock.step(1)
    assert len(shop.ledger.claim([claim.key], "b", IN_FLIGHT)) == 1


def test_a_later_stage_waits_for_the_earlier_one(shop):
    claim = shop.planned(shop.part("invoice"), shop.part("payment", 1))
    assert [sent.part for sent in shop.send(claim)] == ["invoice"]
    assert shop.send(claim, "payment", request_id="request-2") == []
    assert shop.ledger.answered("request-1", "1-1", shop.made()) == Answered(more_parts=True)
    assert [sent.part for sent in shop.send(claim, "payment", request_id="request-2")] == ["payment"]
    assert shop.ledger.answered("request-2", "1-1", shop.made("901")) == Answered(settled=True)


def test_an_owner_whose_lease_was_taken_over_sends_nothing(shop):
    late = shop.planned()
    shop.clock.step(60)
    shop.ledger.plan(shop.claimed(late.key, "b"), [shop.part()], "rules-1")
    assert shop.send(late) == []


def test_one_batch_of_many_sources_lets_out_those_that_may_go(shop):
    claims = [shop.planned(id_=id_) for id_ in ("1", "2")]
    shop.clock.step(60)
    shop.claimed(claims[0].key, "b")
    items = [item for claim in claims for item in _items(claim)]
    sents = shop.ledger.send(items, request_id="request-1", in_flight=IN_FLIGHT)
    assert [sent.key.id for sent in sents] == ["2"]
    assert [key.id for key, _ in shop.ledger.sending("request-1")] == ["2"]


def _items(claim):
    return [Sending(claim=claim, part="invoice", bid=f"{claim.key.id}-1", sent=b"{}")]


def test_the_last_answer_settles_and_drops_record_and_bytes(shop):
    claim = shop.planned()
    shop.send(claim)
    assert shop.ledger.answered("request-1", "1-1", shop.made()) == Answered(settled=True)
    assert shop.ledger.standing(claim.key).state is State.POSTED
    (source,) = shop.ledger._rows("SELECT record, posted_version FROM source")
    assert (source["record"], source["posted_version"]) == (None, "v1")
    (document,) = shop.ledger._rows("SELECT body, sent FROM document")
    assert (document["body"], document["sent"]) == ("{}", None)
    link = shop.ledger.link(claim.key, "invoice")
    assert (link.target_id, link.amount, link.hash) == ("900", Decimal("7.10"), "invoice-hash")


def test_an_answer_counts_whatever_the_lease_says_and_only_once(shop):
    claim = shop.planned()
    shop.send(claim)
    shop.clock.step(160)
    taken = shop.claimed(claim.key, "b")
    assert shop.ledger.answered("request-1", "1-1", shop.made()) == Answered(settled=True)
    assert shop.ledger.answered("request-1", "1-1", shop.made()) == Answered(settled=True)
    assert shop.ledger.refresh(taken) is None
    assert shop.whats(claim.key).count("posted") == 1
    assert shop.ledger.answered("request-9", "1-1", shop.made()) == Answered(known=False)


def test_a_repeated_answer_does_not_settle_what_was_decided_since(shop):
    claim = shop.planned()
    shop.send(claim)
    shop.ledger.answered("request-1", "1-1", shop.made())
    shop.read("1", "v2")
    shop.ledger.hold(shop.claimed(claim.key), [BAD_TOTAL], "rules-1")
    shop.ledger.answered("request-1", "1-1", shop.made())
    assert shop.ledger.standing(claim.key).state is State.HELD


def test_a_second_object_for_one_part_is_a_conflict_and_overwrites_nothing(shop):
    claim = shop.planned(shop.part("invoice"), shop.part("payment", 1))
    shop.send(claim, "invoice")
    shop.ledger.answered("request-1", "1-1", shop.made("900"))
    assert shop.ledger.answered("request-1", "1-1", shop.made("901")).conflict
    assert shop.ledger.link(claim.key, "invoice").target_id == "900"
    standing = shop.ledger.standing(claim.key)
    assert (standing.state, [p.code for p in standing.problems]) == (State.HELD, ["made_twice"])
    assert "Invoice 900 and 901" in standing.problems[0].text


def test_a_created_twin_of_what_is_linked_is_a_conflict(shop):
    claim = shop.planned()
    shop.send(claim)
    shop.ledger.answered("request-1", "1-1", shop.made("900"))
    shop.read("1", "v2")
    again = shop.ledger.plan(shop.claimed(claim.key), [shop.part(hash="other")], "rules-1")
    shop.send(again, request_id="request-2")
    assert shop.ledger.answered("request-2", "1-1", shop.made("901")).conflict
    assert shop.ledger.link(claim.key, "invoice").target_id == "900"
    assert shop.ledger.standing(claim.key).state is State.HELD


def test_an_update_keeps_its_link_and_takes_the_new_facts(shop):
    claim = shop.planned()
    shop.send(claim)
    shop.ledger.answered("request-1", "1-1", shop.made("900"))
    shop.read("1", "v2")
    again = shop.ledger.plan(shop.claimed(claim.key), [shop.part(hash="other")], "rules-1")
    shop.send(again, request_id="request-2")
    shop.ledger.answered("request-2", "1-1", replace(shop.made("900"), sync_token="1"))
    link = shop.ledger.link(claim.key, "invoice")
    assert (link.sync_token, link.hash) == ("1", "other")


def test_refused_holds_the_source_with_its_reasons(shop):
    claim = shop.planned()
    (sent,) = shop.send(claim)
    assert shop.ledger.refused(sent, [Problem(code="6000", text="A business validation error.")], "rules-1")
    standing = shop.ledger.standing(claim.key)
    assert (standing.state, standing.problems[0].code) == (State.HELD, "6000")
    shop.ledger.retry(PAIR)
    assert _stages(shop.claimed(claim.key)) == {"invoice": Stage.REFUSED}


def test_refused_with_a_newer_version_waiting_is_decided_anew(shop):
    claim = shop.planned(version="v1")
    (sent,) = shop.send(claim)
    shop.read("1", "v2")
    shop.ledger.refused(sent, [Problem(code="6000", text="x")], "rules-1")
    assert shop.claimed(claim.key).version == "v2"


def test_not_executed_puts_back_or_keeps_the_claim(shop):
    claim = shop.planned()
    (sent,) = shop.send(claim)
    shop.ledger.not_executed([sent], until=None, why="halved", spend_attempt=True)
    assert _stages(shop.ledger.refresh(claim)) == {"invoice": Stage.PLANNED}
    (sent,) = shop.send(claim, request_id="request-2")
    until = shop.clock.now + timedelta(seconds=60)
    shop.ledger.not_executed([sent], until=until, why="throttled")
    standing = shop.ledger.standing(claim.key)
    assert (standing.state, standing.not_before, standing.why) == (State.QUEUED, until, "throttled")


def test_unknown_waits_for_the_end_of_the_flight(shop):
    claim = shop.planned()
    (sent,) = shop.send(claim)
    shop.clock.step(100)
    shop.ledger.unknown([sent], in_flight=IN_FLIGHT, why="reset")
    assert shop.ledger.standing(claim.key).not_before == sent.sent_at + IN_FLIGHT
    assert shop.ledger.claim([claim.key], "b", IN_FLIGHT) == []
    shop.clock.step(30)
    assert shop.claimed(claim.key).begun


def test_what_was_not_found_goes_again_with_the_same_bytes_and_ids(shop):
    first, second = shop.planned(id_="1"), shop.planned(id_="2")
    shop.send(first)
    shop.send(second, request_id="request-2")
    shop.clock.step(160)
    claims = [shop.claimed(first.key, "b"), shop.claimed(second.key, "b")]
    (sent,) = shop.ledger.send_again(claims, "request-1", in_flight=IN_FLIGHT)
    assert (sent.key.id, sent.request_id, sent.bid, sent.sent, sent.fence) == ("1", "request-1", "1-1", b"invoice", 2)
    assert sent.sent_at == shop.clock.now
    assert shop.ledger.send_again(claims, "request-1", in_flight=IN_FLIGHT) == []


def test_nothing_goes_again_while_disabled_or_too_early(shop):
    claim = shop.planned()
    shop.send(claim)
    shop.ledger._rows("UPDATE source SET state = 'queued', lease_until = NULL")
    taken = shop.claimed(claim.key, "b")
    shop.clock.step(129)
    assert shop.ledger.send_again([taken], "request-1", in_flight=IN_FLIGHT) == []
    shop.clock.step(1)
    shop.ledger.switch(PAIR, enabled=False, who="owner")
    assert shop.ledger.send_again([taken], "request-1", in_flight=IN_FLIGHT) == []
    shop.ledger.switch(PAIR, enabled=True, who="owner")
    assert len(shop.ledger.send_again([taken], "request-1", in_flight=IN_FLIGHT)) == 1


@pytest.mark.parametrize("answer", ["refused", "not_executed", "unknown"])
def test_a_late_no_cannot_undo_a_later_sending(shop, answer):
    claim = shop.planned()
    (late,) = shop.send(claim)
    shop.clock.step(160)
    taken = shop.claimed(claim.key, "b")
    shop.ledger.send_again([taken], "request-1", in_flight=IN_FLIGHT)
    if answer == "refused":
        assert not shop.ledger.refused(late, [BAD_TOTAL], "rules-1")
    elif answer == "not_executed":
        shop.ledger.not_executed([late], until=shop.clock.now, why="throttled")
    else:
        shop.ledger.unknown([late], in_flight=IN_FLIGHT, why="reset")
    fresh = shop.ledger.refresh(taken)
    assert _stages(fresh) == {"invoice": Stage.SENDING}


def test_an_older_version_on_its_way_is_settled_before_a_newer_one_is_decided(shop):
    claim = shop.planned(shop.part("invoice"), shop.part("payment", 1), version="v1")
    shop.send(claim, "invoice")
    shop.ledger.answered("request-1", "1-1", shop.made())
    shop.read("1", "v2")
    shop.clock.step(160)
    taken = shop.claimed(claim.key)
    assert (taken.version, taken.record, taken.begun) == ("v1", b'{"v":"v2"}', True)
    shop.send(taken, "payment", request_id="request-2")
    assert shop.ledger.answered("request-2", "1-1", shop.made("901")) == Answered(settled=True, newer=True)
    assert shop.claimed(claim.key).version == "v2"


def test_a_plan_of_which_nothing_was_sent_gives_way_to_a_newer_version(shop):
    claim = shop.planned(version="v1")
    shop.read("1", "v2")
    shop.clock.step(60)
    taken = shop.claimed(claim.key)
    assert (taken.version, taken.begun) == ("v2", False)


def test_a_wrong_total_is_voided_in_the_same_breath_and_then_held(shop):
    claim = shop.planned(shop.part("receipt"), shop.part("payment", 1))
    shop.send(claim, "receipt")
    void = shop.part("void", 1, hash="void")
    assert shop.ledger.answered("request-1", "1-1", shop.made(), then=[void], problems=[BAD_TOTAL]).more_parts
    shop.clock.step(160)
    taken = shop.claimed(claim.key)
    assert _stages(taken) == {"receipt": Stage.ANSWERED, "void": Stage.PLANNED}
    assert taken.begun
    shop.send(taken, "void", request_id="request-2")
    with shop.ledger.transaction():
        shop.ledger.answered("request-2", "1-1", shop.made())
        shop.ledger.forget_link(claim.key, "receipt")
        shop.ledger.forget_link(claim.key, "void")
    standing = shop.ledger.standing(claim.key)
    assert (standing.state, [p.code for p in standing.problems]) == (State.HELD, ["total_differs"])
    shop.ledger.retry(PAIR)
    assert shop.claimed(claim.key).parts == ()


def test_an_answer_is_progress_so_that_crashes_count_anew(shop):
    claim = shop.planned(shop.part("invoice"), shop.part("payment", 1))
    for _crash in range(3):
        shop.clock.step(60)
        claim = shop.claimed(claim.key)
    shop.send(claim, "invoice")
    shop.ledger.answered("request-1", "1-1", shop.made())
    assert shop.ledger.refresh(claim).claims == 1
