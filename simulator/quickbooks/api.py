"""The company over HTTP.

For whoever mounts it (say under a prefix `/quickbooks`):

    app = quickbooks_app(company)      # ASGI; paths /v3/company/{realm}/…, /oauth2/v1/tokens/bearer, /connect/oauth2
                                       # and /v2/oauth2/tokens/revoke
    call_name("POST", path) -> str     # "token", "revoke", "batch", "query", "cdc", "read", "create" (any single
                                       # write), "other"

`call_name` accepts the path with or without a prefix. The app sends its own `Date` header (the company's clock may be
skewed), so uvicorn must run with `date_header=False`. A request ends after `company.cap` seconds with a 504 page.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import email.utils
import time
import urllib.parse
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.quickbooks import errors, gateway
from simulator.quickbooks.batch import BatchRun
from simulator.quickbooks.company import ALLOW_DUPLICATES, Action, Change, Company
from simulator.quickbooks.consent import consent_routes
from simulator.quickbooks.errors import CapExceededError, FaultError
from simulator.quickbooks.fields import CLASSES
from simulator.quickbooks.oauth import RefusedError
from simulator.quickbooks.query import FILTERABLE
from simulator.quickbooks.wire import JsonObject, read_json, write_json, write_xml

_ENTITIES = {entity.casefold(): entity for entity in FILTERABLE}
_SINGLETONS = {"CompanyInfo", "Preferences"}
_LONGEST_REQUESTID = 50
_VOIDED_BY_OPERATION = {"Invoice", "Payment"}


def call_name(method: str, path: str) -> str:
    """The fault engine's name for a call; `path` may carry a mount prefix."""
    if path.endswith("/oauth2/v1/tokens/bearer"):
        return "token"
    if path.endswith("/v2/oauth2/tokens/revoke"):
        return "revoke"
    _, found, rest = path.partition("/v3/company/")
    if not found:
        return "other"
    resource = rest.partition("/")[2].partition("/")[0]
    if resource in {"batch", "query", "cdc"}:
        return resource
    return "read" if method == "GET" else "create"


def quickbooks_app(company: Company) -> ASGIApp:
    """An ASGI app that answers for this company."""
    api = _Api(company)
    return Starlette(
        routes=[
            Route("/oauth2/v1/tokens/bearer", api.token, methods=["POST"]),
            Route("/v2/oauth2/tokens/revoke", api.revoke, methods=["POST"]),
            *consent_routes(company),
            Route("/v3/company/{realm}/{rest:path}", api.call, methods=["GET", "POST"]),
        ]
    )


class _Api:
    def __init__(self, company: Company) -> None:
        self._company = company

    async def token(self, request: Request) -> Response:
        form = dict(urllib.parse.parse_qsl((await request.body()).decode("latin-1")))
        try:
            with self._company.lock:
                tells = request.headers.get("x-include-refresh-token-hard-expires-in") == "true"
                body = self._company.tokens.exchange(_client(request), form, tells_hard_end=tells)
            status = 200
            self._company.counts.token_refreshes += 1
        except RefusedError as refused:
            body, status = refused.as_json(), refused.status
            self._company.counts.invalid_grants += refused.error == "invalid_grant"
        self._company.traffic.log("token", "", status)
        return self._respond(write_json(body), status, "application/json")

    async def revoke(self, request: Request) -> Response:
        try:
            told = read_json(await request.body())
        except ValueError:
            told = None
        try:
            with self._company.lock:
                self._company.tokens.take_back(_client(request), told.get("token") if isinstance(told, dict) else None)
        except RefusedError as refused:
            return self._respond(write_json(refused.as_json()), refused.status, "application/json")
        return self._respond("", 200, "application/json")

    async def call(self, request: Request) -> Response:
        name = call_name(request.method, request.url.path)
        response = self._stopped_at_the_door(request, name)
        if response is None:
            response = await self._answered(request, name)
        self._company.traffic.log(name, request.query_params.get("requestid", ""), response.status_code)
        return response

    def _stopped_at_the_door(self, request: Request, name: str) -> Response | None:
        company = self._company
        realm = request.path_params["realm"]
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        allowed = company.tokens.realm_of(token)
        now_ms = int(company.now().timestamp() * 1000)
        if allowed is None:
            body = gateway.unauthorised(f"Token expired: {token}" if token else "Missing token", now_ms)
            return self._respond(write_json(body), 401, "application/json")
        if realm != company.realm_id or allowed != realm:
            return self._respond(write_json(gateway.forbidden(realm, now_ms)), 403, "application/json")
        if not company.traffic.admit(name, company.state.clock()):
            return self._throttled()
        return None

    def _throttled(self) -> Response:
        if self._company.throttle_body == "json":
            return self._respond(write_json(gateway.throttled_json()), 429, "application/json")
        xml = gateway.throttled_xml(self._company.now().isoformat(timespec="milliseconds"))
        return self._respond(xml, 429, "application/xml")

    async def _answered(self, request: Request, name: str) -> Response:
        deadline = time.monotonic() + self._company.cap
        try:
            if self._company.subscription_lapsed:
                raise errors.subscription_lapsed()
            body = await self._execute(request, name, deadline)
        except FaultError as refused:
            return self._render(request, {"Fault": refused.as_json()}, refused.status, timed=refused.timed)
        except CapExceededError:
            return self._respond(gateway.page(504, "Gateway Time-out"), 504, "text/html")
        return self._render(request, body, 200, timed=True)

    async def _execute(self, request: Request, name: str, deadline: float) -> JsonObject:
        counts = self._company.counts
        if name == "batch" and request.method == "POST":
            counts.batches += 1
            return await self._batch(request, deadline)
        if name == "query":
            counts.reads += 1
            await self._wait("query", deadline)
            return {"QueryResponse": self._company.query(await _statement(request))}
        if name == "read":
            counts.reads += 1
            await self._wait("read", deadline)
            return self._read(request)
        if name == "create":
            counts.singles += 1
            return await self._single(request, deadline)
        raise errors.no_such_resource(_company_path(request))

    def _read(self, request: Request) -> JsonObject:
        path, _, record_id = request.path_params["rest"].partition("/")
        if path == "exchangerate" and not record_id:
            return {"ExchangeRate": self._exchange_rate(request)}
        entity = _ENTITIES.get(path)
        if (entity == "Preferences" and not record_id) or (
            entity == "CompanyInfo" and record_id == self._company.realm_id
        ):
            record_id = "1"
        if entity is None or not record_id or "/" in record_id:
            raise errors.no_such_resource(_company_path(request))
        if not record_id.isdigit() and entity != "TaxCode":
            raise errors.invalid_id(record_id)
        return {entity: self._company.read(entity, record_id)}

    def _exchange_rate(self, request: Request) -> JsonObject:
        source = request.query_params.get("sourcecurrencycode")
        if not source:
            raise errors.fault(errors.required("sourcecurrencycode"))
        return self._company.exchange_rate(source, request.query_params.get("asofdate"))

    async def _single(self, request: Request, deadline: float) -> JsonObject:
        entity = _ENTITIES.get(request.path_params["rest"])
        if entity is None:
            raise errors.no_such_resource(_company_path(request))
        requestid = request.query_params.get("requestid", "")
        if len(requestid) > _LONGEST_REQUESTID:
            raise errors.requestid_too_long(requestid)
        change = _change(request, entity, await _json_body(request))
        with self._company.memory.in_flight((requestid, "") if requestid else None):
            await self._wait("write", deadline)
            return self._company.change(change, requestid=requestid, deadline=deadline)

    async def _batch(self, request: Request, deadline: float) -> JsonObject:
        payload = await _json_body(request)
        with BatchRun(self._company, payload, request.query_params.get("requestid", "")) as run:
            for item in run.items:
                await self._wait("query" if "Query" in item else "write", deadline)
                run.execute(item, deadline)
            return run.answer()

    async def _wait(self, kind: str, deadline: float) -> None:
        """The company's latency, but never longer than the server's own time limit."""
        seconds = self._company.latency.get(kind, 0.0)
        left = deadline - time.monotonic()
        if seconds > left:
            await asyncio.sleep(max(0.0, left))
            raise CapExceededError
        if seconds:
            await asyncio.sleep(seconds)

    def _render(self, request: Request, body: JsonObject, status: int, *, timed: bool) -> Response:
        stamp = {"time": self._company.now().isoformat(timespec="milliseconds")} if timed else {}
        whole = {**body, **stamp}
        if "application/json" not in request.headers.get("accept", ""):
            return self._respond(write_xml(whole), status, "application/xml")
        return self._respond(write_json(whole), status, "application/json")

    def _respond(self, text: str, status: int, media_type: str) -> Response:
        now = self._company.now().timestamp()
        trace = f"1-{int(now):08x}-{len(self._company.calls):024x}"
        headers = {
            "Date": email.utils.formatdate(now, usegmt=True),
            "Intuit-Tid": trace,
            "Qbo-Version": "1988.128",
            "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private",
            "Content-Type": f"{media_type};charset=utf-8",
        }
        return Response(text.encode(), status_code=status, headers=headers)


def _client(request: Request) -> tuple[str, str] | None:
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, secret) if scheme == "Basic" else None


def _company_path(request: Request) -> str:
    return f"/v3/company/{request.path_params['realm']}/{request.path_params['rest']}"


async def _json_body(request: Request) -> Any:
    """Raises 2010 for what is no JSON, and for a body that does not say it is."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise errors.unreadable("Content-Type")
    try:
        return read_json(await request.body())
    except ValueError as wrong:
        raise errors.unreadable(str(wrong)) from None


async def _statement(request: Request) -> str:
    if request.method == "GET":
        return request.query_params.get("query", "")
    if not request.headers.get("content-type", "").startswith("application/text"):
        raise errors.unreadable("Content-Type")
    return (await request.body()).decode("utf-8", "replace")


def _change(request: Request, entity: str, body: Any) -> Change:
    operation = request.query_params.get("operation")
    include = request.query_params.get("include", "").split(",")
    return Change(
        entity=entity,
        action=_action(entity, operation, body, voiding="void" in include),
        body=body,
        allow_duplicates=ALLOW_DUPLICATES in include,
    )


def _action(entity: str, operation: str | None, body: Any, *, voiding: bool) -> Action:
    """Sales receipts are voided by `operation=update&include=void` only."""
    if entity in _SINGLETONS or entity not in CLASSES:
        raise errors.unsupported(f"create on {entity}")
    if operation == "delete":
        return "delete"
    if operation == "void" and entity in _VOIDED_BY_OPERATION:
        return "void"
    if operation in {None, "create", "update"}:
        existing = isinstance(body, dict) and body.get("Id")
        if voiding:
            return "void"
        return "update" if existing or operation == "update" else "create"
    raise errors.unsupported(f"{operation} on {entity}")
