"""The control endpoints under ``/_sandbox``, and the page at ``/``. Plain HTTP without a token: for tests and demos."""

from __future__ import annotations

from importlib.resources import files

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.core import Sandbox, now_ms
from sandbox.faults import FaultError, parse_fault
from sandbox.store import ListState, Store

_EVERYTHING = 10**15
_NEXT_SHOWN = 5
_CALLED_SHOWN = 5
_LISTS_SHOWN = 10
_REQUESTS_SHOWN = 15
_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
_STATES_IN_SPANISH = {ListState.LOADING: "cargando", ListState.INACTIVE: "inactiva", ListState.ACTIVE: "activa"}


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
        self._html = files("sandbox").joinpath("page.html").read_text(encoding="utf-8")

    async def page(self, _: Request) -> Response:
        """The live page: one file, no data in it; its script asks for the state."""
        return HTMLResponse(self._html, headers=_PAGE_HEADERS)

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


async def state(sandbox: Sandbox) -> dict[str, object]:
    """Hubs with counts and next contacts, lists, faults, requests: what the page shows, in one object."""
    stats = sandbox.tally.stats()
    counted = sandbox.tally.hubs()

    def read(store: Store) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        contacts = store.counts()
        hubs = [
            {
                "name": name,
                **counts,
                "timezone": sandbox.settings.zone(name),
                "contacts": contacts.get(name, {}),
                "next": store.next_contacts(name, _NEXT_SHOWN),
                "last_called": store.called(name, _CALLED_SHOWN),
            }
            for name, counts in counted.items()
        ]
        return hubs, store.lists(_LISTS_SHOWN)

    hubs, lists = await sandbox.background.ask(read, sandbox.store)
    for entry in lists:
        entry["state_es"] = _STATES_IN_SPANISH[ListState(str(entry["state"]))]
    return {
        "now": now_ms(),
        "started_at": sandbox.started_at,
        "stats": {name: value for name, value in stats.items() if name != "hubs"},
        "hubs": hubs,
        "lists": lists,
        "faults": sandbox.faults.as_json(),
        "requests": sandbox.tally.last_requests(_REQUESTS_SHOWN),
    }


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
