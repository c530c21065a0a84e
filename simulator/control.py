"""The control API: what another process may ask of the simulator and tell it. No token, loopback only."""

import json
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from simulator import proof
from simulator.faults import Faults
from simulator.quickbooks.company import Company
from simulator.quickbooks.lies import Lie


class Controlled(Protocol):
    """What is controlled: both sides together."""

    company: Company
    faults: Faults

    def report(self) -> dict[str, Any]: ...

    def proof(self, number: str = ...) -> dict[str, Any]: ...

    def live(self, *, steps: int, seed: int = ..., rates: dict[str, int] | None = ...) -> dict[str, Any]: ...

    def trade(
        self, *, steps: int, seed: int = ..., rates: dict[str, int] | None = ..., number: str = ...
    ) -> dict[str, Any]: ...

    def stock_proof(self, number: str = ...) -> dict[str, Any]: ...

    def settle(self) -> list[str]: ...

    def reset_counts(self) -> None: ...


def control_routes(simulator: Controlled) -> list[BaseRoute]:
    """Routes below `/control`. What cannot be (a fault, a lie, a life) is 400 with the reason."""
    return [*_looking(simulator), *_living(simulator), *_failing(simulator), *_lying(simulator)]


def _looking(simulator: Controlled) -> list[BaseRoute]:
    async def ready(_request: Request) -> Response:
        return JSONResponse({"ready": True})

    async def report(_request: Request) -> Response:
        return JSONResponse(simulator.report())

    async def prove(request: Request) -> Response:
        return JSONResponse(simulator.proof(request.query_params.get("number", "BC-{id}")))

    async def stock(request: Request) -> Response:
        return JSONResponse(simulator.stock_proof(request.query_params.get("number", "BC-{id}")))

    async def balances(_request: Request) -> Response:
        return JSONResponse(proof.balances(simulator.company))

    async def reset_counts(_request: Request) -> Response:
        simulator.reset_counts()
        return Response(status_code=204)

    return [
        Route("/ready", ready),
        Route("/report", report),
        Route("/proof", prove),
        Route("/stock", stock),
        Route("/balances", balances),
        Route("/reset-counts", reset_counts, methods=["POST"]),
    ]


def _living(simulator: Controlled) -> list[BaseRoute]:
    async def live(request: Request) -> Response:
        try:
            return JSONResponse(simulator.live(**await _arguments(request, "a life")))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)

    async def trade(request: Request) -> Response:
        try:
            return JSONResponse(simulator.trade(**await _arguments(request, "a trade")))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)

    async def settle(_request: Request) -> Response:
        return JSONResponse({"said": simulator.settle()})

    return [
        Route("/live", live, methods=["POST"]),
        Route("/trade", trade, methods=["POST"]),
        Route("/settle", settle, methods=["POST"]),
    ]


def _failing(simulator: Controlled) -> list[BaseRoute]:
    async def add_fault(request: Request) -> Response:
        try:
            simulator.faults.add(**await _arguments(request, "a fault"))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(status_code=204)

    async def clear_faults(_request: Request) -> Response:
        simulator.faults.clear()
        return Response(status_code=204)

    async def release(_request: Request) -> Response:
        await simulator.faults.let_go()
        return Response(status_code=204)

    return [
        Route("/faults", add_fault, methods=["POST"]),
        Route("/faults", clear_faults, methods=["DELETE"]),
        Route("/release", release, methods=["POST"]),
    ]


def _lying(simulator: Controlled) -> list[BaseRoute]:
    async def tell(request: Request) -> Response:
        try:
            simulator.company.lie = Lie(**await _arguments(request, "a lie"))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(status_code=204)

    async def be_honest(_request: Request) -> Response:
        simulator.company.lie = None
        return Response(status_code=204)

    return [Route("/lie", tell, methods=["POST"]), Route("/lie", be_honest, methods=["DELETE"])]


async def _arguments(request: Request, what: str) -> dict[str, Any]:
    told = json.loads(await request.body())
    if not isinstance(told, dict):
        msg = f"{what} is an object"
        raise TypeError(msg)
    return told
