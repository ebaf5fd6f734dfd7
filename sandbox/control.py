"""The control endpoints under ``/_sandbox``, and the page at ``/``. Plain HTTP without a token: for tests and demos."""

from __future__ import annotations

import secrets

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.core import Sandbox
from sandbox.faults import FaultError, parse_fault
from sandbox.page import page_headers, render
from sandbox.state import state
from sandbox.store import ListState

_EVERYTHING = 10**15


class ControlError(Exception):
    """A control request that cannot be served: ``status`` and a message for the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def control_error(_: Request, error: Exception) -> Response:
    """The answer for a ControlError."""
    return _json({"error": str(error)}, error.status if isinstance(error, ControlError) else 500)


def http_error(_: Request, error: Exception) -> Response:
    """The answer for what Starlette itself refuses: an address or a method that is not there."""
    if isinstance(error, HTTPException):
        response = _json({"error": error.detail}, error.status_code)
        response.headers.update(error.headers or {})
        return response
    return _json({"error": str(error)}, 500)


def control_routes(sandbox: Sandbox) -> list[Route]:
    """All routes beside the API's own."""
    control = Control(sandbox)
    return [
        Route("/", control.page),
        Route("/_sandbox/state", control.state),
        Route("/_sandbox/stats", control.stats),
        Route("/_sandbox/ledger", control.ledger),
        Route("/_sandbox/counts", control.counts),
        Route("/_sandbox/requests", control.requests),
        Route("/_sandbox/called", control.called),
        Route("/_sandbox/faults", control.list_faults),
        Route("/_sandbox/faults", control.add_fault, methods=["POST"]),
        Route("/_sandbox/faults", control.clear_faults, methods=["DELETE"]),
        Route("/_sandbox/faults/{id:int}", control.clear_fault, methods=["DELETE"]),
        Route("/_sandbox/lists/{id}/activate", control.activate, methods=["POST"]),
    ]


class Control:
    """The endpoints of one sandbox. Bad input raises ControlError."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def page(self, _: Request) -> Response:
        """The live page, with all that it shows in it; its script asks for it again every second."""
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(render(await state(self._sandbox), nonce), headers=page_headers(nonce))

    async def stats(self, _: Request) -> Response:
        """Counts of leads and requests."""
        return _json(self._sandbox.tally.stats())

    async def counts(self, _: Request) -> Response:
        """Lead identity to times accepted."""
        return _json(dict(self._sandbox.tally.counts))

    async def requests(self, request: Request) -> Response:
        """The last requests, the newest first; ``?limit=``, 100 by default."""
        return _json(self._sandbox.tally.last_requests(_number(request, "limit", 100)))

    async def ledger(self, request: Request) -> Response:
        """Ledger lines as in the file; ``?after=SEQ&limit=N``."""
        after = _number(request, "after", 0)
        limit = _number(request, "limit", _EVERYTHING)
        return StreamingResponse(self._sandbox.ledger.read_from(after, limit), media_type="application/x-ndjson")

    async def called(self, request: Request) -> Response:
        """Contacts that were called, the latest first; ``?hub=&limit=``, 100 by default."""
        hub = request.query_params.get("hub")
        limit = _number(request, "limit", 100)
        return _json(await self._sandbox.background.ask(self._sandbox.store.called, hub, limit))

    async def list_faults(self, _: Request) -> Response:
        """The active faults."""
        return _json(self._sandbox.faults.as_json())

    async def add_fault(self, request: Request) -> Response:
        """Adds a fault; answers 201 with the fault and its id."""
        try:
            fault = parse_fault(orjson.loads(await request.body()))
        except orjson.JSONDecodeError as error:
            raise ControlError(400, f"the body is not JSON: {error}") from error
        except FaultError as error:
            raise ControlError(400, str(error)) from error
        if fault.hub is not None and fault.hub not in self._sandbox.settings.hubs:
            raise ControlError(400, f"hub: there is no hub {fault.hub!r}")
        return _json(self._sandbox.faults.add(fault).as_json(), 201)

    async def clear_faults(self, _: Request) -> Response:
        """Ends all faults."""
        return _json({"cleared": self._sandbox.faults.clear()})

    async def clear_fault(self, request: Request) -> Response:
        """Ends one fault."""
        if not self._sandbox.faults.remove(request.path_params["id"]):
            raise ControlError(404, f"there is no fault {request.path_params['id']}")
        return _json({"cleared": 1})

    async def activate(self, request: Request) -> Response:
        """Makes an inactive list active, which the API itself has no way to do."""
        list_id = request.path_params["id"]
        before = await self._sandbox.background.ask(self._sandbox.store.activate, list_id)
        if before is None:
            raise ControlError(404, f"there is no list {list_id!r}")
        if before is ListState.LOADING:
            raise ControlError(409, f"list {list_id!r} is still loading")
        return _json({"id": list_id, "state": ListState.ACTIVE})

    async def state(self, _: Request) -> Response:
        """All that the page shows."""
        return _json(await state(self._sandbox))


def _json(value: object, status: int = 200) -> Response:
    # Lead identities are the clients': the page's own script is the only thing that may make HTML of them.
    headers = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
    return Response(orjson.dumps(value), status, headers, "application/json")


def _number(request: Request, name: str, default: int) -> int:
    """A query parameter from 0 up; without one the default."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise ControlError(400, f"{name}: {text!r} is not a whole number from 0 up")
    return int(text)
