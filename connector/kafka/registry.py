"""The schema registry: look-ups only, over Confluent's client.

The client's own retries are off and its sessions time-limited: the caller holds the partition and asks again with
back-off for as long as it takes (DESIGN.md, "Avro side"), which two layers of retries would only blur.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2  # for its errors only, which Confluent's client lets through
from confluent_kafka.schema_registry import AsyncSchemaRegistryClient, Schema, SchemaReference
from confluent_kafka.schema_registry.error import SchemaRegistryError

from connector.leads.decode import AVRO, SchemaKey

_NOT_FOUND_CODES: Final = frozenset({40401, 40402, 40403})
"""Subject, version, schema not found. Any other 404 (a wrong path, a proxy) says nothing about the schema."""
_MAX_REFERENCES: Final = 1_000


class RegistryUnavailable(Exception):
    """The registry did not say whether there is such a schema; the message says what to do. Ask again later."""


@dataclass(frozen=True, slots=True)
class FetchedSchema:
    """A schema as registered. ``references`` are the schemas that it refers to, as (name, text), each after those it
    needs itself: what `Decoder.learn` takes."""

    text: str
    references: tuple[tuple[str, str], ...] = ()
    kind: str = AVRO
    """The schema's language as the registry has it: ``AVRO``, ``JSON`` (JSON Schema), ``PROTOBUF``."""


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """A version of a subject."""

    schema_id: int
    schema: FetchedSchema


class Registry:
    """One registry. Used from one event loop; `aclose` it in the end."""

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        timeout: float = 10.0,
    ) -> None:
        """``url`` may be several, with commas between: the next is asked when one fails. ``timeout`` is in seconds, for
        one `fetch` with all its references. Connects to nothing yet.

        Raises ValueError for a URL, credentials or CA file that cannot be used.
        """
        for each in url.split(","):
            try:
                httpx2.URL(each.strip())
            except httpx2.InvalidURL as error:
                raise ValueError(f"no request can be made to the registry's URL: {error}") from error
        settings: dict[str, object] = {"url": url, "timeout": timeout, "max.retries": 0}
        if username is not None:
            if ":" in username:
                raise ValueError("the registry's username has a colon, which HTTP basic authentication does not allow")
            settings["basic.auth.user.info"] = f"{username}:{password or ''}"
        if ca_file is not None:
            settings["ssl.ca.location"] = str(ca_file)
        try:
            self._client = AsyncSchemaRegistryClient(settings)
        except (ssl.SSLError, OSError) as error:
            raise ValueError(f"the registry's CA file cannot be read: {error}") from error
        self._timeout = timeout

    async def fetch(self, key: SchemaKey) -> FetchedSchema | None:
        """The schema of ``key`` with all that it refers to; None when the registry says that it does not exist.

        Raises RegistryUnavailable for anything else, after ``timeout`` seconds at the latest.
        """
        async with self._answering(str(key)):
            return await self._fetch(key)

    async def versions(self, subject: str) -> list[int] | None:
        """The versions under ``subject``; None when the registry says that there is no such subject.

        Raises RegistryUnavailable as `fetch` does.
        """
        async with self._answering(f"subject {subject}"):
            try:
                found = await self._client.get_versions(subject)
            except SchemaRegistryError as error:
                if _does_not_exist(error):
                    return None
                raise
            if not isinstance(found, list) or not all(type(each) is int for each in found):
                raise TypeError("an answer without versions")
            return found

    async def version(self, subject: str, number: int) -> RegisteredSchema | None:
        """One version of a subject, with all that it refers to; None when the registry says that there is none.

        Raises RegistryUnavailable as `fetch` does.
        """
        async with self._answering(f"version {number} of subject {subject}"):
            try:
                found = await self._client.get_version(subject, number)
            except SchemaRegistryError as error:
                if _does_not_exist(error):
                    return None
                raise
            if not isinstance(found.schema_id, int):
                raise TypeError("an answer without an id")
            return RegisteredSchema(found.schema_id, await self._with_references(found.schema))

    async def aclose(self) -> None:
        """Close the connections. May be called again."""
        await self._client.aclose()

    @asynccontextmanager
    async def _answering(self, what: str) -> AsyncIterator[None]:
        """Turn whatever goes wrong inside into RegistryUnavailable, after ``timeout`` seconds at the latest."""
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except SchemaRegistryError as error:
            raise RegistryUnavailable(_advice(what, error.http_status_code)) from error
        except TimeoutError as error:
            raise RegistryUnavailable(f"the registry did not answer for {what} in {self._timeout:g} s") from error
        except httpx2.TransportError as error:
            reason = f"{type(error).__name__}: {error}".rstrip(": ")
            raise RegistryUnavailable(f"the registry cannot be reached for {what} ({reason})") from error
        except (ValueError, TypeError, LookupError, AttributeError, httpx2.HTTPError) as error:
            raise RegistryUnavailable(
                f"what answered for {what} is no schema registry ({type(error).__name__}); check its URL"
            ) from error

    async def _fetch(self, key: SchemaKey) -> FetchedSchema | None:
        try:
            if isinstance(key.value, int):
                schema = await self._client.get_schema(key.value)
            else:
                schema = await self._client.get_schema_by_guid(key.value)
        except SchemaRegistryError as error:
            if _does_not_exist(error) or (key.kind == "guid" and await self._has_no_guids(error)):
                return None
            raise
        return await self._with_references(schema)

    async def _with_references(self, schema: Schema) -> FetchedSchema:
        if not isinstance(schema.schema_str, str):
            raise TypeError("an answer without a schema")
        references: dict[str, str] = {}
        kind = schema.schema_type or AVRO
        if kind == AVRO:  # another language's is refused, whatever it refers to
            await self._resolve(schema.references or [], references, set())
        return FetchedSchema(schema.schema_str, tuple(references.items()), kind)

    async def _has_no_guids(self, error: SchemaRegistryError) -> bool:
        """Whether it is a registry that was asked and only its API has no GUIDs (Apicurio 3.3, older Confluent ones).

        They answer 404 as a wrong URL does. Taking it for one would hold the partition for ever over one odd header.
        """
        return error.http_status_code == 404 and isinstance(await self._client.get_schema_types(), list)

    async def _resolve(self, wanted: Sequence[SchemaReference], found: dict[str, str], seen: set[str]) -> None:
        """Add the schemas ``wanted`` to ``found``, those that they refer to first."""
        for reference in wanted:
            name, subject, number = reference.name, reference.subject, reference.version
            if name is None or subject is None or number is None:
                raise TypeError("a reference without a name, subject or version")
            if name in seen or len(seen) >= _MAX_REFERENCES:
                continue
            seen.add(name)
            try:
                # A subject that was deleted softly is still referred to.
                version = await self._client.get_version(subject, number, deleted=True)
            except SchemaRegistryError as error:
                if _does_not_exist(error):
                    continue  # dangling: the schema cannot be used, which parsing it will say by name
                raise
            schema: Schema = version.schema
            await self._resolve(schema.references or [], found, seen)
            if isinstance(schema.schema_str, str):
                found[name] = schema.schema_str


def _does_not_exist(error: SchemaRegistryError) -> bool:
    return error.http_status_code == 404 and error.error_code in _NOT_FOUND_CODES


def _advice(what: str, status: int) -> str:
    match status:
        case 401 | 403:
            return f"the registry refused the credentials (HTTP {status}); check its username and password"
        case 404:
            return f"nothing at the registry's URL knows of schemas (HTTP 404 for {what}); check the path in its URL"
        case 429:
            return f"the registry asks for fewer requests (HTTP 429 for {what})"
        case _:
            return f"the registry failed (HTTP {status} for {what})"
