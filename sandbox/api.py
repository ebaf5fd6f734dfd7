"""The two endpoints of the API: token, hub, checks, ledger, answer, with the faults in between (docs/sandbox.md)."""

from __future__ import annotations

import asyncio
import time
from hmac import compare_digest
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox import connection, faults
from sandbox.active_faults import ActiveFault
from sandbox.answers import JSON, Answer, NoAnswer, Reply, error, send_answer, status_answer, throttle_answer
from sandbox.contacts import Problem, Upload, check_body
from sandbox.core import Sandbox
from sandbox.ledger import LedgerError
from sandbox.settings import Endpoint
from sandbox.tally import CLIENT_LEFT, DROPPED, RequestRecord


def api_routes(sandbox: Sandbox) -> list[Route]:
    """``POST /api/dialer/id/{hub}/freshLeads`` and ``/lists``."""
    # `path`, because the server has decoded the URL: an encoded slash in a hub's name is a slash here.
    return [
        Route(f"/api/dialer/id/{{hub:path}}/{endpoint}", UploadEndpoint(sandbox, endpoint), methods=["POST"])
        for endpoint in Endpoint
    ]


class UploadEndpoint:
    """One of the two endpoints, as an ASGI application."""

    def __init__(self, sandbox: Sandbox, endpoint: Endpoint) -> None:
        self._sandbox = sandbox
        self._endpoint = endpoint
        self._kinds = sandbox.settings.kinds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or does what a fault says instead."""
        tally = self._sandbox.tally
        hub = _hub(scope)
        record = tally.begin(hub or scope["path"], self._endpoint, time.time() * 1000)
        try:
            reply = await self._reply(hub, record, scope, receive)
            if isinstance(reply, Answer):
                record.status = reply.status
                await send_answer(reply, send)
            else:
                record.status = reply.status
                await connection.drop(scope, receive)
        except BaseException:
            record.status = 500
            raise
        finally:
            tally.finish(record, time.time() * 1000)

    async def _reply(self, hub: str | None, record: RequestRecord, scope: Scope, receive: Receive) -> Reply:
        limit = self._sandbox.settings.max_body_bytes
        body, size = await _read(receive, limit)
        if body is None:
            return NoAnswer(CLIENT_LEFT)
        if limit is not None and size > limit:
            return error(413, f"the body has {size} bytes, more than {limit}")
        if hub is None:
            return error(404, "no such page; a slash in a hub's name must be percent-encoded")
        active = self._sandbox.faults
        await active.delay(hub)
        if active.closing:
            return NoAnswer(DROPPED)
        if fault := active.fire(hub, _before_storing):
            reply = await self._disturb(fault, receive)
            if reply is not None:
                return reply
        upload = self._check(hub, body, scope)
        if isinstance(upload, Answer):
            return upload
        if reply := self._refuse(hub, upload, size):
            return reply
        return await self._store(hub, upload, record, receive)

    def _check(self, hub: str, body: bytes, scope: Scope) -> Upload | Answer:
        headers = dict(scope["headers"])
        if not self._authorized(headers.get(b"authorization", b"")):
            return error(401, "a bearer token is needed, and the right one", WWW_Authenticate="Bearer")
        kind = self._kinds.get(hub)
        if kind is None:
            return error(404, f"there is no hub {hub!r}")
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != JSON.encode():
            return error(415, f"the Content-Type must be {JSON}")
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as wrong:
            return error(400, f"the body is not JSON: {wrong}")
        try:
            orjson.dumps(value)  # reads 1,024 levels and writes 254: what the ledger cannot hold is not accepted
        except orjson.JSONEncodeError:
            return error(400, "the body is nested too deeply")
        checked = check_body(kind, self._endpoint, value)
        if isinstance(checked, Upload):
            return checked
        # The shape of the request is the client's own mistake, a property of a contact may be the data's.
        status = 400 if checked[0].index is None else 422
        first = checked[0]
        place = first.property if first.index is None else f"contact {first.index}: {first.property}"
        return error(status, f"{place} {first.message}".strip(), checked)

    def _authorized(self, header: bytes) -> bool:
        scheme, _, token = header.partition(b" ")
        token = token.strip()
        if scheme.lower() != b"bearer" or not token:
            return False
        wanted = self._sandbox.settings.token
        return wanted is None or compare_digest(token, wanted.strip().encode())

    def _refuse(self, hub: str, upload: Upload, size: int) -> Answer | None:
        """What a fault has against this very request."""
        active = self._sandbox.faults
        if not active:
            return None
        leads = upload.leads

        def contains(spec: faults.FaultSpec) -> bool:
            if isinstance(spec, faults.RejectLead):
                return spec.lead in leads
            return isinstance(spec, faults.TooLarge) and spec.strikes(len(leads), size)

        fault = active.fire(hub, contains)
        if fault is None:
            return None
        if isinstance(fault.spec, faults.RejectLead):
            index = leads.index(fault.spec.lead)
            return error(fault.spec.status, "the request was rejected", [Problem(index, "", "is not accepted")])
        return error(413, f"the request is too large: {len(leads)} leads, {size} bytes")

    async def _store(self, hub: str, upload: Upload, record: RequestRecord, receive: Receive) -> Reply:
        active = self._sandbox.faults
        fault = active.fire(hub, _after_storing)
        try:
            request = await self._sandbox.accept(hub, self._endpoint, upload)
        except LedgerError as failure:
            return error(500, str(failure))
        record.request, record.leads = request, len(upload.contacts)
        if fault is not None:
            reply = await self._disturb(fault, receive)
            if reply is not None:
                return reply
        value: dict[str, Any] = {"request": request, "accepted": len(upload.contacts)}
        if self._endpoint is Endpoint.LISTS:
            value["state"] = "loading"
        return Answer(200, orjson.dumps(value))

    async def _disturb(self, fault: ActiveFault, receive: Receive) -> Reply | None:
        """Does what the fault says; None when the request is to go on as if nothing had been."""
        spec = fault.spec
        if isinstance(spec, faults.Status):
            return status_answer(spec)
        if isinstance(spec, faults.Throttle):
            return throttle_answer(spec, time.time())
        if isinstance(spec, faults.BodyZero):
            return Answer(200, b"0")
        if isinstance(spec, faults.Hang):
            return await self._hang(fault, receive)
        return NoAnswer(DROPPED)

    async def _hang(self, fault: ActiveFault, receive: Receive) -> NoAnswer | None:
        over = asyncio.create_task(fault.over.wait())
        left = asyncio.create_task(connection.client_left(receive))
        try:
            await asyncio.wait([over, left], return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            left.cancel()
        if left.done():
            return NoAnswer(CLIENT_LEFT)
        return NoAnswer(DROPPED) if self._sandbox.faults.closing else None


def _before_storing(spec: faults.FaultSpec) -> bool:
    if isinstance(spec, faults.Status | faults.Hang):
        return not spec.store
    return isinstance(spec, faults.Throttle | faults.BodyZero | faults.DropBefore)


def _after_storing(spec: faults.FaultSpec) -> bool:
    if isinstance(spec, faults.Status | faults.Hang):
        return spec.store
    return isinstance(spec, faults.AcceptThenDrop)


def _hub(scope: Scope) -> str | None:
    """The hub's name; None when the URL has more segments than the API's, as with a slash that is not encoded."""
    segments = scope["raw_path"].split(b"/")
    return unquote(segments[4].decode("ascii")) if len(segments) == 6 else None


async def _read(receive: Receive, limit: int | None) -> tuple[bytes | None, int]:
    """The body and its size; None when the client left before its end. What is above the limit is read, not kept."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None, size
        part = message.get("body", b"")
        size += len(part)
        if limit is None or size <= limit:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts), size
