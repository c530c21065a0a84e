"""What a company answers wrongly while its books are right."""

from decimal import Decimal

import httpx
import pytest

from simulator.quickbooks.lies import Lie
from simulator.serve import Simulator

D = Decimal
ITEMS = "SELECT * FROM Item WHERE Type = 'Inventory' AND Active IN (true, false) ORDERBY Id"
COUNT = "SELECT COUNT(*) FROM Item WHERE Type = 'Inventory' AND Active IN (true, false)"


@pytest.fixture
def skus(company):
    """Six inventory items, A-1 to A-6."""
    for number in range(2, 7):
        company.add_item(name=f"A {number}", sku=f"A-{number}", kind="inventory", quantity=D(10 * number))
    return [f"A-{number}" for number in range(1, 7)]


def told(company, statement=ITEMS):
    """What is told of each SKU."""
    rows = company.query(statement).get("Item", [])
    return {row["Sku"]: row.get("QtyOnHand", "missing") for row in rows}


TRUTH = {"A-1": 100, "A-2": 20, "A-3": 30, "A-4": 40, "A-5": 50, "A-6": 60}


@pytest.mark.parametrize(("kind", "wrong"), [("zero", 0), ("null", "missing")])
@pytest.mark.parametrize("every", [1, 2, 3])
def test_quantities_are_wrong_for_a_share_of_the_items(company, skus, kind, wrong, every):
    lied_to = {sku for sku in skus if int(item_id(company, sku)) % every == 0}
    assert (len(lied_to) == 6) is (every == 1)
    assert lied_to
    company.lie = Lie(kind=kind, every=every)
    assert told(company) == {sku: wrong if sku in lied_to else units for sku, units in TRUTH.items()}
    assert company.query(COUNT) == {"totalCount": 6}
    read = company.read("Item", item_id(company, "A-6"))
    assert read.get("QtyOnHand", "missing") == (wrong if "A-6" in lied_to else 60)
    company.lie = None
    assert told(company) == TRUTH


def item_id(company, sku):
    return next(row["Id"] for row in company.objects("Item") if row.get("Sku") == sku)


def test_the_books_know_better(desk, company, skus):
    company.lie = Lie(kind="zero")
    desk.receipt(desk.line("A", "25.00", qty=1))
    assert {row["QtyOnHand"] for row in company.objects("Item") if row.get("Sku") == "A-1"} == {99}
    assert told(company)["A-1"] == 0
    company.lie = None
    assert told(company)["A-1"] == 99


@pytest.mark.parametrize("echo", ["rows", "page"])
def test_half_a_page(company, skus, echo):
    company.lie = Lie(kind="half_page", page=2, echo=echo)
    pages = [company.query(f"{ITEMS} STARTPOSITION {start} MAXRESULTS 3") for start in (1, 4)]
    assert [[row["Sku"] for row in page["Item"]] for page in pages] == [["A-1", "A-2", "A-3"], ["A-4", "A-6"]]
    assert [page["maxResults"] for page in pages] == [3, 2 if echo == "rows" else 3]
    assert [page["startPosition"] for page in pages] == [1, 4]
    assert company.query(COUNT) == {"totalCount": 6}
    assert len(company.query("select * from Account startposition 4 maxresults 3")["Account"]) == 3


def test_no_items_at_all(company, skus):
    company.lie = Lie(kind="empty")
    assert company.query(ITEMS) == {}
    assert company.query(COUNT) == {"totalCount": 0}
    assert company.query("select count(*) from Account")["totalCount"] > 0


def test_another_company_answers(company):
    before = company.read("CompanyInfo", "1")
    company.lie = Lie(kind="other_company")
    for shown in (company.read("CompanyInfo", "1"), company.query("select * from CompanyInfo")["CompanyInfo"][0]):
        assert shown["MetaData"]["CreateTime"] != before["MetaData"]["CreateTime"]
        assert shown["CompanyName"] != before["CompanyName"]
    company.lie = None
    assert company.read("CompanyInfo", "1") == before


@pytest.mark.parametrize(
    "lie", [{"kind": "none"}, {"kind": "zero", "every": 0}, {"kind": "half_page", "page": 0}, {"echo": "both"}, {}]
)
def test_what_cannot_be_told(lie):
    with pytest.raises((TypeError, ValueError)):
        Lie(**{"kind": "zero", **lie} if "echo" in lie else lie)


def test_a_lie_is_told_and_taken_back_from_another_process():
    with Simulator(quotas=False) as sim:
        sim.company.add_item(name="A", sku="A-1", kind="inventory", quantity=D(9))
        lie = f"{sim.url}/control/lie"
        assert httpx.post(lie, json={"kind": "zero"}).status_code == 204
        assert told(sim.company) == {"A-1": 0}
        refused = httpx.post(lie, json={"kind": "null", "every": 0})
        assert (refused.status_code, refused.json()) == (400, {"error": "every and page are numbers from 1 on"})
        assert httpx.post(lie, json={"kind": "zero", "share": 2}).status_code == 400
        assert told(sim.company) == {"A-1": 0}
        assert httpx.delete(lie).status_code == 204
        assert told(sim.company) == {"A-1": 9}


def test_the_nth_page_is_refused_by_a_quota():
    with Simulator(quotas=False) as sim:
        for number in range(5):
            sim.company.add_item(name=f"A {number}", sku=f"A-{number}", kind="inventory", quantity=D(1))
        sim.faults.add(side="quickbooks", call="query", kind="throttled", nth=2)
        headers = {"Authorization": f"Bearer {sim.company.tokens.issue_access()}", "Accept": "application/json"}
        url = f"{sim.quickbooks_url}/v3/company/{sim.company.realm_id}/query"
        with httpx.Client(headers=headers) as client:
            pages = [
                client.get(url, params={"query": f"{ITEMS} STARTPOSITION {start} MAXRESULTS 2"}) for start in (1, 3, 3)
            ]
        assert [page.status_code for page in pages] == [200, 429, 200]
        assert pages[2].json()["QueryResponse"]["startPosition"] == 3
