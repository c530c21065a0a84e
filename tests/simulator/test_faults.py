"""Faults at the wire: what the client sees, and whether the company executed the call."""

import re
import threading
import time

import httpx
import pytest

from simulator.faults import FaultInjector, Faults
from simulator.loopback import Loopback
from simulator.quickbooks.api import call_name, quickbooks_app
from simulator.quickbooks.company import Company

QUERY = "/query?query=select%20count(*)%20from%20Customer"
RESET = (httpx.ReadError, httpx.RemoteProtocolError)


class Bench:
    """A company behind an injector, and a client that opens a connection per call."""

    def __init__(self, company, faults, client):
        self.company = company
        self.faults = faults
        self.client = client

    def write(self, name="Petra"):
        return self.client.post("/customer", json={"DisplayName": name})

    def query(self):
        return self.client.get(QUERY)

    def add(self, kind, call="create", **detail):
        self.faults.add(side="quickbooks", call=call, kind=kind, **detail)

    @property
    def written(self):
        return self.company.counts.written

    def write_aside(self):
        """A write in another thread; its outcome is appended to the list when it ends."""
        outcome = []
        thread = threading.Thread(target=lambda: outcome.append(self.write()))
        thread.start()
        while not self.faults.held:
            thread.join(0.005)
        return thread, outcome


@pytest.fixture
def cap():
    return 30.0


@pytest.fixture
def bench(cap):
    company = Company()
    company.quota = None
    faults = Faults(cap=cap)

    def name(method, path):
        return None if path == "/ping" else ("quickbooks", call_name(method, path))

    with Loopback(FaultInjector(quickbooks_app(company), faults, name=name)) as server:
        headers = {
            "Authorization": f"Bearer {company.tokens.issue_access()}",
            "Accept": "application/json",
            "Connection": "close",
        }
        base = f"{server.url}/v3/company/{company.realm_id}"
        with httpx.Client(base_url=base, headers=headers, timeout=120) as client:
            yield Bench(company, faults, client)
        faults.clear()


# -- which calls


@pytest.mark.parametrize(
    ("when", "failing"),
    [
        ({"nth": 3}, [3]),
        ({"every": 2}, [2, 4, 6]),
        ({"first": 2}, [1, 2]),
        ({}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_calls_are_chosen_by_number(bench, when, failing):
    bench.add("status", "query", status=503, **when)
    assert [n for n in range(1, 7) if bench.query().status_code == 503] == failing


def test_a_rule_counts_its_own_calls_from_when_it_was_added(bench):
    bench.query()
    bench.add("status", "query", status=503, nth=2)
    assert bench.write().status_code == 200
    assert [bench.query().status_code for _ in range(3)] == [200, 503, 200]


def test_a_star_counts_every_call_of_the_side(bench):
    bench.add("status", "*", status=503, nth=2)
    assert [bench.query().status_code, bench.write().status_code, bench.query().status_code] == [200, 503, 200]


def test_rules_of_the_other_side_do_not_apply(bench):
    bench.faults.add(side="bigcommerce", call="*", kind="drop_before")
    assert bench.query().status_code == 200


def test_the_first_rule_that_applies_decides(bench):
    bench.add("status", "query", status=503)
    bench.add("status", "query", status=500)
    assert bench.query().status_code == 503
    bench.faults.clear()
    assert bench.query().status_code == 200


def test_mistakes_in_a_rule_are_refused(bench):
    with pytest.raises(ValueError, match="unknown kind of fault: explode"):
        bench.add("explode")
    with pytest.raises(ValueError, match="one of nth, every, first"):
        bench.add("hang", nth=1, every=2)
    with pytest.raises(TypeError):
        bench.add("hang", seconds=3)


# -- what happens


def test_drop_before_executes_nothing(bench):
    bench.add("drop_before", nth=1)
    with pytest.raises(RESET):
        bench.write()
    assert bench.written == 0
    assert bench.write().status_code == 200


def test_drop_after_has_executed(bench):
    bench.add("drop_after", nth=1)
    with pytest.raises(RESET):
        bench.write()
    assert bench.written == 1
    assert bench.write().status_code == 400


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize(("body", "start"), [("fault", '{"Fault"'), ("html", "<html>"), ("empty", "")])
def test_a_status_with_or_without_execution(bench, executed, body, start):
    bench.add("status", status=500, body=body, executed=executed)
    answer = bench.write()
    assert answer.status_code == 500
    assert answer.text.startswith(start)
    assert bool(answer.text) == bool(start)
    assert bench.written == executed


def test_html_in_place_of_an_executed_answer(bench):
    bench.add("html")
    answer = bench.write()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert bench.written == 1


def test_a_batch_whose_answer_lacks_its_last_item_is_executed_whole(bench):
    bench.add("missing", call="batch")
    items = [{"bId": bid, "operation": "create", "Customer": {"DisplayName": f"Petra {bid}"}} for bid in "12"]
    answer = bench.client.post("/batch", json={"BatchItemRequest": items}).json()
    assert [item["bId"] for item in answer["BatchItemResponse"]] == ["1"]
    assert bench.written == 2


def test_truncated_bodies_end_in_a_reset(bench):
    bench.add("truncated")
    parts = []
    with pytest.raises(RESET), bench.client.stream("POST", "/customer", json={"DisplayName": "Petra"}) as answer:
        parts.extend(answer.iter_raw())
    assert answer.status_code == 200
    assert len(b"".join(parts)) <= int(answer.headers["content-length"]) // 2
    assert bench.written == 1


def test_unauthorised_and_throttled_speak_as_the_real_ones(bench):
    bench.add("unauthorised", nth=1)
    bench.add("throttled", nth=2)
    refused, throttled = bench.write(), bench.write()
    assert (refused.status_code, refused.json()["fault"]["error"][0]["code"]) == (401, "3200")
    assert throttled.status_code == 429
    assert re.search(r'<Error code="3001">', throttled.text)
    assert bench.written == 0


def test_the_other_sides_refusals_have_its_own_shape(bench):
    side = Faults()
    side.add(side="bigcommerce", call="orders", kind="throttled")
    app = FaultInjector(quickbooks_app(bench.company), side, name=lambda _, __: ("bigcommerce", "orders"))
    with Loopback(app) as server:
        answer = httpx.get(f"{server.url}/stores/x/v2/orders")
    assert (answer.status_code, answer.json()["title"]) == (429, "Too Many Requests")
    assert answer.headers["x-rate-limit-requests-left"] == "0"


# -- what is held back


@pytest.mark.parametrize(("executed", "status"), [(True, 200), (False, 504)])
def test_a_hanging_call_ends_when_released(bench, executed, status):
    bench.add("hang", executed=executed)
    thread, outcome = bench.write_aside()
    assert (outcome, bench.written) == ([], executed)
    bench.faults.release()
    thread.join()
    assert (outcome[0].status_code, bench.written) == (status, executed)


@pytest.mark.parametrize("cap", [0.1])
def test_a_hanging_call_ends_at_the_cap(bench):
    bench.add("hang", executed=True)
    assert bench.write().status_code == 504
    assert bench.written == 1


def test_commit_late_executes_when_released(bench):
    bench.add("commit_late", nth=1)
    assert (bench.write().status_code, bench.written) == (504, 0)
    assert bench.query().json()["QueryResponse"] == {"totalCount": 3}
    bench.faults.release()
    assert bench.written == 1
    bench.faults.release()
    assert bench.written == 1


def test_commit_late_executes_when_enough_calls_have_come_in(bench):
    bench.add("commit_late", nth=1, late_calls=2)
    assert bench.write().status_code == 504
    counts = [bench.query().json()["QueryResponse"]["totalCount"] for _ in range(3)]
    assert counts == [3, 4, 4]


@pytest.mark.parametrize("cap", [0.05])
def test_nothing_is_committed_after_the_cap(bench, cap):
    bench.add("commit_late", nth=1, late_calls=1)
    answered = time.monotonic()
    assert bench.write().status_code == 504
    while time.monotonic() <= answered + 2 * cap:
        threading.Event().wait(cap)
    bench.query()
    bench.faults.release()
    assert bench.written == 0


@pytest.mark.parametrize("cap", [0.3])
def test_drip_defeats_read_timeouts_and_ends_at_the_cap(bench):
    bench.add("drip", interval=0.02)
    parts = []
    with pytest.raises(RESET), bench.client.stream("POST", "/customer", json={"DisplayName": "Petra"}) as answer:
        parts.extend(answer.iter_raw())
    assert 1 < len(b"".join(parts)) < int(answer.headers["content-length"])
    assert bench.written == 1


def test_clearing_lets_go_of_what_hangs(bench):
    bench.add("hang", executed=True)
    thread, outcome = bench.write_aside()
    bench.faults.clear()
    thread.join()
    assert outcome[0].status_code == 200


def test_calls_without_a_name_pass(bench):
    bench.faults.add(side="quickbooks", call="*", kind="drop_before")
    root = str(bench.client.base_url).partition("/v3/")[0]
    assert httpx.get(f"{root}/ping").status_code == 404
