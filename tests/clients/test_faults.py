"""Faults as they were recorded, in every dress the API puts them in, and what each code asks for."""

import json
from pathlib import Path
from typing import Any

import pytest

from cartledger.clients.faults import (
    BIGCOMMERCE,
    QUICKBOOKS,
    Fault,
    books_are_closed,
    duplicate_of,
    fault_of,
    is_stale,
    lists_are_stale,
    shop_error,
    verdict,
    xml_fault,
)
from cartledger.errors import (
    CartledgerError,
    CompanyReadOnly,
    Forbidden,
    Refused,
    Throttled,
    TryLater,
    Unauthorised,
    Unreachable,
)

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "quickbooks"

# fmt: off
HELD = [str(code) for code in (
    500, 610, 620, 700, 800, 900, 1000, 1010, 1020, 1040, 2000, 2010, 2020, 2030, 2040, 2050, 2060, 2070, 2080,
    2090, 2100, 2110, 2120, 2130, 2140, 2150, 2160, 2170, 2210, 2220, 2230, 2240, 2250, 2280, 2290, 2300, 2500,
    2600, 3000, 4000, 4001, 6000, 6070, 6080, 6090, 6100, 6140, 6160, 6170, 6180, 6200, 6210, 6220, 6230, 6240,
    6250, 6270, 6420, 6430, 6440, 6450, 6470, 6480, 6520, 6540, 10100, 10200,
)]
# fmt: on
OTHERS = {
    "120": (Forbidden, False),
    "130": (Unreachable, False),
    "140": (Unreachable, False),
    "150": (Unreachable, False),
    "600": (TryLater, True),
    "630": (TryLater, True),
    "3001": (Throttled, False),
    "3100": (Forbidden, False),
    "3200": (Unauthorised, False),
    "3202": (Forbidden, False),
    "5010": (TryLater, False),
    "5020": (Forbidden, False),
    "5030": (Forbidden, False),
    "6190": (CompanyReadOnly, False),
    "7001": (CompanyReadOnly, False),
    "10000": (TryLater, True),
}


def fault(code: str, detail: str = "", **more: Any) -> Fault:
    return Fault(code=code, message="words", detail=detail, **more)


def test_every_code_of_the_reference_has_a_row_and_no_other() -> None:
    assert set(QUICKBOOKS) == {*HELD, *OTHERS}
    for row in QUICKBOOKS.values():
        assert row.cause.endswith(".")
        assert row.fix.endswith(".")


@pytest.mark.parametrize("code", HELD)
def test_codes_that_hold_the_source(code: str) -> None:
    error = verdict(fault(code, "Bezeichnung zu lang"))
    assert type(error) is Refused
    assert error.codes == (code,)
    assert not error.in_doubt
    [problem] = error.problems
    assert problem.code == f"quickbooks_{code}"
    assert "Bezeichnung zu lang" in problem.text
    assert problem.fix


def test_closed_books_that_are_told_by_the_code_of_a_conflict() -> None:
    error = {"code": "5010", "Message": "words", "Detail": "The account period has closed. {1}"}
    found = fault_of({"Fault": {"Error": [error], "type": "ValidationFault"}})
    assert found is not None
    assert books_are_closed(found)
    assert not is_stale(found)
    assert isinstance(verdict(found), Refused)


@pytest.mark.parametrize("code", OTHERS)
def test_codes_that_do_not(code: str) -> None:
    error = verdict(fault(code))
    kind, in_doubt = OTHERS[code]
    assert type(error) is kind
    assert error.in_doubt is in_doubt
    assert error.fix
    if isinstance(error, Throttled):
        assert error.seconds == 60


def test_an_unknown_code_is_quoted_and_held() -> None:
    error = verdict(fault("9876", "Datei\n  nicht   gefunden", element="Line.Amount"))
    assert isinstance(error, Refused)
    [problem] = error.problems
    assert problem.code == "quickbooks_9876"
    assert problem.text == "QuickBooks refused it: words. (QuickBooks 9876 at Line.Amount) Datei nicht gefunden"


def test_the_catch_all_is_a_hiccup_only_when_it_says_so() -> None:
    hiccup = verdict(fault("6000", "An unexpected error occurred ... Please wait a few minutes and try again."))
    assert isinstance(hiccup, TryLater)
    assert hiccup.in_doubt
    assert isinstance(verdict(fault("6000", "Business Validation Error: select a tax code")), Refused)


@pytest.mark.parametrize(
    ("codes", "kind", "in_doubt"),
    [
        (("2010", "2020"), Refused, False),
        (("5010", "2020"), Refused, False),
        (("2020", "5010"), Refused, False),
        (("2020", "6190"), CompanyReadOnly, False),
        (("5010", "3001"), Throttled, False),
        (("2020", "600"), TryLater, True),
        (("3001", "10000"), Throttled, True),
    ],
)
def test_the_gravest_of_several_errors_decides(
    codes: tuple[str, ...], kind: type[CartledgerError], in_doubt: bool
) -> None:
    first, *more = [fault(code) for code in codes]
    both = Fault(code=first.code, message="words", more=tuple(more))
    error = verdict(both)
    assert type(error) is kind
    assert error.in_doubt is in_doubt
    if isinstance(error, Refused):
        assert error.codes == codes
        assert [problem.code for problem in error.problems] == [f"quickbooks_{code}" for code in codes]


def test_a_long_detail_is_cut() -> None:
    error = verdict(fault("2010", "Property Name: " + "x" * 5000))
    assert len(str(error)) < 600


@pytest.mark.parametrize("code", ["610", "2500", "6250", "10200"])
def test_references_that_are_not_there_ask_for_fresh_lists(code: str) -> None:
    assert lists_are_stale(fault(code))
    assert lists_are_stale(Fault(code="2010", message="", more=(fault(code),)))


@pytest.mark.parametrize("code", ["2010", "5010", "6240", "9876"])
def test_other_refusals_do_not(code: str) -> None:
    assert not lists_are_stale(fault(code))


@pytest.mark.parametrize(
    ("code", "detail", "found"),
    [
        ("6140", "... DocNumber=BC-1037 is assigned to TxnType=Invoice with TxnId=17984", "17984"),
        ("6140", "Numéro en double : DocNumber=7 est attribué à TxnType=Sales Receipt, TxnId=92", "92"),
        ("6140", "This number has already been used.", None),
        ("6240", "TxnId=17984", None),
    ],
)
def test_a_duplicate_number_names_the_other_document(code: str, detail: str, found: str | None) -> None:
    assert duplicate_of(fault(code, detail)) == found


def test_a_fault_in_upper_case() -> None:
    answer = {
        "Fault": {
            "Error": [
                {
                    "Message": "Required param missing",
                    "Detail": "Required parameter Name",
                    "code": "2020",
                    "element": "Name",
                },
                {"Message": "Invalid Reference Id", "Detail": "Items element id 7 not found", "code": "2500"},
            ],
            "type": "ValidationFault",
        },
        "time": "2026-03-02T01:30:00.000-08:00",
    }
    found = fault_of(answer)
    assert found == Fault(
        code="2020",
        message="Required param missing",
        detail="Required parameter Name",
        element="Name",
        type="ValidationFault",
        more=(
            Fault(
                code="2500",
                message="Invalid Reference Id",
                detail="Items element id 7 not found",
                type="ValidationFault",
            ),
        ),
    )
    assert found.codes == ("2020", "2500")


def test_a_fault_in_lower_case_drops_the_token_it_quotes() -> None:
    answer = {
        "warnings": None,
        "fault": {
            "error": [
                {
                    "message": "message=AuthenticationFailed; errorCode=003200; statusCode=401",
                    "detail": "Token expired: AB01s3cret",
                    "code": "3200",
                    "element": None,
                }
            ],
            "type": "AUTHENTICATION",
        },
        "batchItemResponse": [],
    }
    found = fault_of(answer)
    assert found is not None
    assert (found.code, found.detail, found.element, found.type) == ("3200", "", "", "AUTHENTICATION")
    assert isinstance(verdict(found), Unauthorised)


def test_a_code_may_be_a_number_or_padded() -> None:
    for code in (3001, "003001", "3001"):
        found = fault_of({"Fault": {"Error": [{"code": code}]}})
        assert found is not None
        assert found.code == "3001"


@pytest.mark.parametrize(
    "answer",
    [None, [], "Fault", {}, {"Fault": None}, {"fault": None}, {"Fault": []}, {"Fault": {"Error": []}}, {"Fault": {}}],
)
def test_no_fault_is_none(answer: Any) -> None:
    assert fault_of(answer) is None


THROTTLED = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<IntuitResponse time="2026-03-02T01:30:00.000-08:00" xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE">
<Error code="3001" element="Line"><Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>
<Detail>The request limit was reached. Try again later</Detail></Error>
<Error code="3200"><Message>m</Message><Detail>Token expired: s3cret</Detail></Error></Fault></IntuitResponse>"""


def test_a_fault_in_xml() -> None:
    found = xml_fault(THROTTLED)
    assert found == Fault(
        code="3001",
        message="message=ThrottleExceeded; errorCode=003001; statusCode=429",
        detail="The request limit was reached. Try again later",
        element="Line",
        type="SERVICE",
        more=(Fault(code="3200", message="m", type="SERVICE"),),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<!DOCTYPE html><html><body><Fault><Error code='3001'/></Fault></body></html>",
        b"<html><body>502 Bad Gateway<br></body></html>",
        b"<IntuitResponse><QueryResponse/></IntuitResponse>",
        b"<IntuitResponse><Fault type='SERVICE'/></IntuitResponse>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x><Fault><Error code="&b;"/></Fault></x>',
        "<!DOCTYPE x [<!ENTITY a 'a'>]><Fault><Error code='1'/></Fault>".encode("utf-16"),
        THROTTLED[:200],
        b"\xff\xfe\x00<",
    ],
)
def test_what_is_no_fault_in_xml_is_none(body: bytes) -> None:
    assert xml_fault(body) is None


def test_a_fault_shows_no_detail() -> None:
    assert "Ada" not in repr(fault("5010", "You and Ada Sample were working on this at the same time."))
    assert "Ada" not in str(verdict(fault("5010", "You and Ada Sample were working on this at the same time.")))


RECORDINGS = {
    "create_item_error.json": ("2020", Refused),
    "create_sales_receipt_error.json": ("2020", Refused),
    "query_error.json": ("4000", Refused),
    "read_item_error.json": ("610", Refused),
    "update_item_error.json": ("5010", TryLater),
    "update_preferences_error.json": ("5010", TryLater),
    "void_sales_receipt_error.json": ("5010", TryLater),
    "vcr_error_400__01_get_400.json": ("4001", Refused),
    "vcr_error_400_json__00_post_400.json": ("2010", Refused),
    "vcr_error_401__00_get_401.json": ("3200", Unauthorised),
    "vcr_error_500__00_get_400.json": ("500", Refused),
    "vcr_error_500__01_get_400.json": ("2030", Refused),
    "vcr_error_validation__00_post_400.json": ("6240", Refused),
}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_faults(name: str) -> None:
    recorded = json.loads((RECORDED / name).read_text())
    found = fault_of(recorded.get("response_body", recorded))
    assert found is not None
    code, kind = RECORDINGS[name]
    assert found.code == code
    assert type(verdict(found)) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Unauthorised),
        (403, Forbidden),
        (404, Refused),
        (405, Refused),
        (406, Refused),
        (409, TryLater),
        (413, Refused),
        (415, Refused),
        (418, Refused),
        (422, Refused),
        (423, TryLater),
        (429, Throttled),
        (499, Unreachable),
        (500, Unreachable),
        (501, Refused),
        (503, Unreachable),
        (504, Unreachable),
        (507, Forbidden),
        (520, Unreachable),
        (301, Unreachable),
    ],
)
def test_what_a_status_of_the_shop_asks_for(status: int, kind: type[CartledgerError]) -> None:
    error = shop_error(status, b"", what="orders", scope="Orders: read-only")
    assert type(error) is kind
    assert str(status) in str(error)
    assert "{" not in str(error)


def test_every_status_of_the_reference_has_a_row() -> None:
    assert set(BIGCOMMERCE) == {
        400,
        401,
        403,
        404,
        405,
        406,
        409,
        413,
        415,
        422,
        423,
        429,
        499,
        500,
        501,
        503,
        504,
        507,
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'[{"status":400,"message":"The field \'item_total\' cannot be written to."}]',
            "The field 'item_total' cannot",
        ),
        (
            b'{"status":422,"title":"JSON data is missing or invalid","errors":{"name":"expected text"}}',
            "expected text",
        ),
        (b'{"status":413,"title":"The request payload is too large.","errors":{}}', "payload is too large"),
    ],
)
def test_both_error_bodies_of_the_shop_are_quoted(body: bytes, said: str) -> None:
    assert said in str(shop_error(422, body, what="orders", scope="Orders: read-only"))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"[7]", b"7", b'{"errors":[]}', b'{"errors":null}', b"[" * 90_000]
)
def test_other_bodies_are_not(body: bytes) -> None:
    assert str(shop_error(504, body, what="orders", scope="")) == (
        "BigCommerce could not give orders. (BigCommerce 504) It goes on by itself when BigCommerce is back."
    )


def test_a_missing_scope_is_named() -> None:
    error = shop_error(403, b"", what="transactions", scope="Order Transactions: read-only")
    assert "“Order Transactions: read-only”" in error.fix
