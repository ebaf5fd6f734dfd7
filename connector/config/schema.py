"""The JSON Schema of the configuration file, for editors."""

from __future__ import annotations

from typing import Any

from connector.config.settings import Settings


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema (2020-12) of the YAML file: every key, its description and default.

    It is for completion and first checks in editors; ``check`` says more.
    """
    schema = Settings.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "lead-connector", **_plain(schema)}


def _plain(schema: Any) -> Any:
    """Take out the titles that pydantic makes of key names: editors show them instead of the description."""
    if isinstance(schema, dict):
        return {
            key: _plain(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str)) and key != "examples"
        } | ({"examples": schema["examples"]} if isinstance(schema.get("examples"), list) else {})
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    return schema
