"""The control API: what another process may ask of the simulator and tell it. No token, loopback only."""

import json
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from simulator import proof
from simulator.faults import Faults
from simulator.quickbooks.company import Company


class Controlled(Protocol):
    """What is controlled: both sides together."""

    company: Company
    faults: Faults

    def report(self) -> dict[str, Any]: ...

    def proof(self, number: str = ...) -> dict[str, Any]: ...

    def reset_counts(self) -> None: ...


def control_routes(simulator: Controlled) -> list[BaseRoute]:
    """Routes below `/control`. A fault that cannot be added is 400 with the reason."""

    async def ready(_request: Request) -> Response:
        return JSONResponse({"ready": True})

    async def report(_request: Request) -> Response:
        return JSONResponse(simulator.report())

    async def prove(request: Request) -> Response:
        return JSONResponse(simulator.proof(request.query_params.get("number", "BC-{id}")))

    async def balances(_request: Request) -> Response:
        return JSONResponse(proof.balances(simulator.company))

    async def add_fault(request: Request) -> Response:
        try:
            simulator.faults.add(**await _fault(request))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(status_code=204)

    async def clear_faults(_request: Request) -> Response:
        simulator.faults.clear()
        return Response(status_code=204)

    async def release(_request: Request) -> Response:
        await simulator.faults.let_go()
        return Response(status_code=204)

    async def reset_counts(_request: Request) -> Response:
        simulator.reset_counts()
        return Response(status_code=204)

    return [
        Route("/ready", ready),
        Route("/report", report),
        Route("/proof", prove),
        Route("/balances", balances),
        Route("/faults", add_fault, methods=["POST"]),
        Route("/faults", clear_faults, methods=["DELETE"]),
        Route("/release", release, methods=["POST"]),
        Route("/reset-counts", reset_counts, methods=["POST"]),
    ]


async def _fault(request: Request) -> dict[str, Any]:
    rule = json.loads(await request.body())
    if not isinstance(rule, dict):
        msg = "a fault is an object"
        raise TypeError(msg)
    return rule
