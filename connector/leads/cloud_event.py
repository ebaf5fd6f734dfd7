"""CloudEvents in Kafka records: the data taken out of its envelope, and the attributes.

- Binary mode: the attributes are headers with the prefix ``ce_``, the value is the data.
- Structured mode: the header ``content-type`` is ``application/cloudevents+json`` and the value is an envelope of JSON,
  with the data as JSON in ``data`` or as base64 in ``data_base64``.

Sources: CNCF CloudEvents 1.0.2, "Kafka Protocol Binding" (3, "Kafka Message Mapping"), "JSON Event Format" (2.2, 3.1)
and the core specification ("Context Attributes"). Extension attributes are not taken: their names are anybody's.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson

from connector.leads.framing import Headers

_REQUIRED: Final = ("id", "source", "specversion", "type")
ATTRIBUTES: Final = (*_REQUIRED, "datacontenttype", "dataschema", "subject", "time")
_PREFIX: Final = "ce_"
_CONTENT_TYPE: Final = "content-type"
_MEDIA_TYPE: Final = "application/cloudevents"
_PROTOBUF: Final = frozenset({"application/protobuf", "application/x-protobuf", "application/vnd.google.protobuf"})


class Damaged(Exception):
    """The record says that it is a CloudEvent, and is none that can be read; the message quotes nothing of it."""


class CloudEvent(NamedTuple):
    """An event: its attributes as text, and its data as bytes, or as the JSON ``document`` where ``data`` is None.

    ``is_json`` is what the data's content type says; bytes may be in a frame that says more.
    """

    attributes: dict[str, str]
    data: bytes | None
    document: object
    is_json: bool


def open_event(value: bytes, headers: Headers, *, expected: bool) -> CloudEvent | None:
    """The event in a record; None for a record that does not say that it is one.

    ``expected``: the topic is known to carry events, so an envelope needs no header to be told. Raises Damaged.
    """
    found: dict[str, bytes | str] = {}
    for name, content in headers or ():
        if content is not None and (name.startswith(_PREFIX) or name.lower() == _CONTENT_TYPE):
            found[name if name.startswith(_PREFIX) else _CONTENT_TYPE] = content  # of several, the last counts
    media_type = _media_type(_lenient(found.get(_CONTENT_TYPE, "")))
    if media_type.startswith(_MEDIA_TYPE):
        return _structured(value, media_type)
    if f"{_PREFIX}specversion" in found:
        attributes = {name: _header(found.get(_PREFIX + name), _PREFIX + name) for name in ATTRIBUTES}
        return _event(attributes, value, None, media_type)
    if expected and value.lstrip()[:1] == b"{":
        return _structured(value, f"{_MEDIA_TYPE}+json")
    return None


def _structured(value: bytes, media_type: str) -> CloudEvent:
    if media_type != f"{_MEDIA_TYPE}+json":
        raise Damaged("only the event format application/cloudevents+json is read, one event in each record")
    try:
        envelope = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Damaged(f"its envelope is not JSON (line {error.lineno}, column {error.colno})") from None
    if type(envelope) is not dict:
        raise Damaged("its envelope is no JSON object")
    attributes = {name: envelope.get(name) for name in ATTRIBUTES}
    content_type = attributes["datacontenttype"]
    media_type = _media_type(content_type) if isinstance(content_type, str) else ""
    data, encoded = envelope.get("data"), envelope.get("data_base64")
    if encoded is None:
        if data is None:
            raise Damaged("it has no data")
        if media_type and not _is_json(media_type):
            raise Damaged("its data is of another content type than JSON, and such data stands in data_base64")
        return _event(attributes, None, data, media_type)
    if data is not None:
        raise Damaged("it has both data and data_base64")
    try:
        return _event(attributes, b64decode(encoded, validate=True), None, media_type)
    except (binascii.Error, ValueError, TypeError):
        raise Damaged("its data_base64 is not base64") from None


def _event(attributes: Mapping[str, object], data: bytes | None, document: object, media_type: str) -> CloudEvent:
    if media_type in _PROTOBUF:
        raise Damaged("its data is Protobuf, which is not read: have it produced as Avro or JSON")
    kept: dict[str, str] = {}
    for name, content in attributes.items():
        if isinstance(content, str) and content:
            kept[name] = content
        elif name in _REQUIRED:
            raise Damaged(f"it has no {name}")
        elif content is not None and content != "":
            raise Damaged(f"its {name} is not text")
    if not kept["specversion"].startswith("1."):
        raise Damaged("its specversion is not 1.0")
    return CloudEvent(kept, data, document, _is_json(media_type))


def _header(content: bytes | str | None, name: str) -> str | None:
    if not isinstance(content, bytes):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Damaged(f"its header {name} is not UTF-8") from None


def _lenient(content: bytes | str) -> str:
    return content.decode("latin-1") if isinstance(content, bytes) else content


def _media_type(content_type: str) -> str:
    """``application/json`` of ``Application/JSON; charset=utf-8``."""
    return content_type.partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    """As the JSON event format has it (3.1): the subtype is ``json`` or ends with ``+json``."""
    subtype = media_type.partition("/")[2]
    return subtype == "json" or subtype.endswith("+json")
