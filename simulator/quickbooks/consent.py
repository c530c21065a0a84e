"""The page where a person lets the app into the company, and where the browser goes from there."""

from __future__ import annotations

import html
import urllib.parse

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from simulator.quickbooks.company import Company
from simulator.quickbooks.oauth import NoPageError

_PATH = "/connect/oauth2"
_STYLE = "font: 1.1rem/1.5 sans-serif; max-width: 36rem; margin: 12vh auto; padding: 0 1rem"
_BUTTON = "font: inherit; padding: .4rem 1.2rem; margin-right: .6rem"


def consent_routes(company: Company) -> list[BaseRoute]:
    """GET asks; POST (a form with `answer` = `connect` or `refuse`, the question still in the address) sends the
    browser back with the code, or with `access_denied`. A wrong question is a page with 400 in both."""

    async def ask(request: Request) -> Response:
        return _refusing(company, dict(request.query_params)) or HTMLResponse(_question(company))

    async def answer(request: Request) -> Response:
        asked = dict(request.query_params)
        if refused := _refusing(company, asked):
            return refused
        form = dict(urllib.parse.parse_qsl((await request.body()).decode("latin-1")))
        with company.lock:
            told = _answer(company, asked, form.get("answer", ""))
        return RedirectResponse(_with(asked["redirect_uri"], told), 302)

    return [Route(_PATH, ask, methods=["GET"]), Route(_PATH, answer, methods=["POST"])]


def _refusing(company: Company, asked: dict[str, str]) -> Response | None:
    try:
        company.tokens.check_question(asked)
    except NoPageError as wrong:
        title = "Uh oh, there\u2019s a connection problem."
        return HTMLResponse(_page(title, f"<p>{html.escape(str(wrong))}</p>"), 400)
    return None


def _answer(company: Company, asked: dict[str, str], answer: str) -> dict[str, str]:
    if answer != "connect":
        return {"error": "access_denied", "state": asked["state"]}
    code = company.tokens.issue_code(asked["redirect_uri"])
    return {"code": code, "state": asked["state"], "realmId": company.tokens.realm_id}


def _with(redirect_uri: str, told: dict[str, str]) -> str:
    joint = "&" if urllib.parse.urlsplit(redirect_uri).query else "?"
    return f"{redirect_uri}{joint}{urllib.parse.urlencode(told)}"


def _question(company: Company) -> str:
    name = html.escape(str(company.read("CompanyInfo", "1")["CompanyName"]))
    return _page(
        "Simulated QuickBooks",
        f"<p>An app wants to use the books of <b>{name}</b> (company {company.realm_id}).</p>"
        f'<form method="post"><button style="{_BUTTON}" name="answer" value="connect">Connect</button>'
        f'<button style="{_BUTTON}" name="answer" value="refuse">No thanks</button></form>',
    )


def _page(title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><body style="{_STYLE}">'
        f"<h1>{title}</h1>{content}</body></html>"
    )
