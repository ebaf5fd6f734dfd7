"""A schema registry in this process: as much of Confluent's API as a producer and the connector use. In memory."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_SUBJECT_NOT_FOUND, _VERSION_NOT_FOUND, _SCHEMA_NOT_FOUND = 40401, 40402, 40403
"""Error codes of Confluent's Schema Registry API reference."""


class RegistryServer:
    """Serves from construction until ``close``, on any free port of the loopback interface. Also a context manager."""

    def __init__(self) -> None:
        """Raises OSError when no address can be had."""
        # It listens from here on: a request that comes before the thread serves waits.
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        """Base URL, without a slash at its end."""
        config = uvicorn.Config(
            registry_app(), ws="none", lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="registry", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop and let the socket go. Blocks; a second call does nothing."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> RegistryServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


def registry_app() -> Starlette:
    """The application, with nothing registered yet."""
    schemas = _Schemas()
    return Starlette(
        routes=[
            Route("/subjects", schemas.subjects),
            Route("/subjects/{subject}", schemas.look_up, methods=["POST"]),
            Route("/subjects/{subject}/versions", schemas.register, methods=["POST"]),
            Route("/subjects/{subject}/versions/{version}", schemas.version),
            Route("/schemas/ids/{id:int}", schemas.by_id),
        ]
    )


class _Schemas:
    """Schema texts by id, and ids by subject. One event loop."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._subjects: dict[str, list[int]] = {}

    async def subjects(self, _request: Request) -> Response:
        """The names of all subjects."""
        return JSONResponse(list(self._subjects))

    async def register(self, request: Request) -> Response:
        """Adds a schema to a subject; the same text has the same id everywhere."""
        text = (await request.json())["schema"]
        if text not in self._texts:
            self._texts.append(text)
        number = self._texts.index(text) + 1
        versions = self._subjects.setdefault(request.path_params["subject"], [])
        if number not in versions:
            versions.append(number)
        return JSONResponse({"id": number})

    async def look_up(self, request: Request) -> Response:
        """Whether a subject has a schema, and as what."""
        subject, text = request.path_params["subject"], (await request.json())["schema"]
        for version, number in enumerate(self._subjects.get(subject, ()), 1):
            if self._texts[number - 1] == text:
                return JSONResponse(self._described(subject, version, number))
        return _not_found(_SCHEMA_NOT_FOUND if subject in self._subjects else _SUBJECT_NOT_FOUND)

    async def version(self, request: Request) -> Response:
        """One version of a subject, or its latest."""
        subject, wanted = request.path_params["subject"], request.path_params["version"]
        versions = self._subjects.get(subject)
        if versions is None:
            return _not_found(_SUBJECT_NOT_FOUND)
        version = len(versions) if wanted == "latest" else int(wanted) if wanted.isdecimal() else 0
        if not 1 <= version <= len(versions):
            return _not_found(_VERSION_NOT_FOUND)
        return JSONResponse(self._described(subject, version, versions[version - 1]))

    async def by_id(self, request: Request) -> Response:
        """The text of a schema."""
        number = request.path_params["id"]
        if not 1 <= number <= len(self._texts):
            return _not_found(_SCHEMA_NOT_FOUND)
        return JSONResponse({"schema": self._texts[number - 1]})

    def _described(self, subject: str, version: int, number: int) -> dict[str, Any]:
        return {"subject": subject, "version": version, "id": number, "schema": self._texts[number - 1]}


def _not_found(code: int) -> Response:
    return JSONResponse({"error_code": code, "message": "not found"}, status_code=404)
