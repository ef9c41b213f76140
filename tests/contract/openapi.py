"""A vendor's OpenAPI document, as far as the contract tests need it: paths, request schemas,
example answers."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.specs import spec

FILES = {
    "rootly": "rootly.json",
    "incident_io": "incident_io.json",
    "twilio": "twilio_taskrouter.json",
}


@cache
def document(vendor: str) -> dict[str, Any]:
    """The vendor's document; without it the test is skipped, and says so."""
    loaded: dict[str, Any] = _as_json_schema(
        json.loads(path_of(vendor).read_text(encoding="utf-8"))
    )
    return loaded


def path_of(vendor: str) -> Path:
    """Return where the vendor's document is. Without `$VENDOR_SPECS`, skip the test."""
    return spec(FILES[vendor])


def template(vendor: str, path: str) -> str:
    """The document's path that `path` is an instance of; a path without placeholders goes before
    one with."""
    paths = sorted(document(vendor)["paths"], key=lambda each: each.count("{"))
    for each in paths:
        if re.fullmatch(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(each)), path):
            return str(each)
    raise AssertionError(f"{vendor} has no path {path}")


def operation(vendor: str, method: str, path: str) -> dict[str, Any]:
    """What the document says about a call to `path`."""
    found: dict[str, Any] = document(vendor)["paths"][template(vendor, path)][method.lower()]
    return found


def request_schema(vendor: str, path: str, media_type: str) -> dict[str, Any]:
    """The schema of the body of a POST to `path`."""
    return resolved(
        vendor, operation(vendor, "POST", path)["requestBody"]["content"][media_type]["schema"]
    )


def resolved(vendor: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a `$ref`."""
    while "$ref" in schema:
        found: Any = document(vendor)
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def problems(vendor: str, schema: dict[str, Any], value: Any) -> list[str]:
    """What the schema objects to in `value`, with its place."""
    validator = jsonschema.Draft202012Validator(
        {**schema, "components": document(vendor)["components"]}
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def properties(vendor: str, schema: dict[str, Any], *steps: str) -> dict[str, Any]:
    """The members of the object at `steps` below `schema`."""
    schema = resolved(vendor, schema)
    for step in steps:
        schema = resolved(vendor, schema["properties"][step])
    found: dict[str, Any] = schema["properties"]
    return found


def _as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` said as JSON Schema says it."""
    if isinstance(value, list):
        return [_as_json_schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    schema = {key: _as_json_schema(each) for key, each in value.items() if key != "nullable"}
    if value.get("nullable") is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema
