"""Answers that come from in front of the company: no token, wrong realm, throttled, timed out. Recorded shapes."""

from __future__ import annotations

from simulator.quickbooks.wire import JsonObject

_THROTTLED = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
_THROTTLED_DETAIL = "The request limit was reached. Try again later"


def unauthorised(detail: str, time_ms: int) -> JsonObject:
    """401, in lower case unlike every other fault."""
    return _gateway_fault("AuthenticationFailed; errorCode=003200; statusCode=401", detail, "3200", time_ms)


def forbidden(realm_id: str, time_ms: int) -> JsonObject:
    """403 for a token of another realm."""
    message = "ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    body = _gateway_fault(message, f"The application is not authorized for company {realm_id}", "3100", time_ms)
    body["fault"]["type"] = "AUTHORIZATION"
    return body


def _gateway_fault(message: str, detail: str, code: str, time_ms: int) -> JsonObject:
    error = {"message": f"message={message}", "detail": detail, "code": code, "element": None}
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": "AUTHENTICATION"},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": time_ms,
        "status": None,
        "cdcresponse": [],
    }


def throttled_xml(time: str) -> str:
    """429 as recorded: XML even for those who asked for JSON."""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse time="{time}" '
        'xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE"><Error code="3001">'
        f"<Message>{_THROTTLED}</Message><Detail>{_THROTTLED_DETAIL}</Detail></Error></Fault></IntuitResponse>"
    )


def throttled_json() -> JsonObject:
    error = {"Message": _THROTTLED, "Detail": _THROTTLED_DETAIL, "code": "3001"}
    return {"Fault": {"Error": [error], "type": "SERVICE"}}


def page(status: int, title: str) -> str:
    """What a proxy says."""
    return (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
