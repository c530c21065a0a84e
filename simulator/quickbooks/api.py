"""The company over HTTP.

For whoever mounts it (say under a prefix `/quickbooks`):

    app = quickbooks_app(company)        # ASGI; paths /v3/company/{realm}/… and /oauth2/v1/tokens/bearer
    call_name("POST", path) -> str       # "token" | "batch" | "query" | "cdc" | "read" | "create" (any single write) | "other"

`call_name` accepts the path with or without a prefix. The app sends its own `Date` header (the company's clock may be skewed),
so uvicorn must run with `date_header=False`. The app ends a request itself after `company.cap` seconds, with a 504 page.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.types import ASGIApp

from simulator.quickbooks.company import Company


def call_name(method: str, path: str) -> str:
    """The fault engine's name for a call; `path` may carry a mount prefix."""
    if path.endswith("/oauth2/v1/tokens/bearer"):
        return "token"
    _, found, rest = path.partition("/v3/company/")
    if not found:
        return "other"
    resource = rest.partition("/")[2].partition("/")[0]
    if resource in {"batch", "query", "cdc"}:
        return resource
    return "read" if method == "GET" else "create"


def quickbooks_app(company: Company) -> ASGIApp:
    """An ASGI app that answers for this company."""
    app = Starlette()
    app.state.company = company
    return app
