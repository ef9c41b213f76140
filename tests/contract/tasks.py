"""Rootly's document about workflow tasks: the schemas of types, and of a whole request."""

from functools import cache
from typing import Any

from tests.contract.openapi import request_schema, resolved

SUFFIX = "_task_params"
PATH = "/v1/workflows/{workflow_id}/workflow_tasks"
MEDIA_TYPE = "application/vnd.api+json"


@cache
def documented() -> dict[str, Any]:
    """Return the schema of each type that the document allows for a new task."""
    shapes = [each["$ref"] for each in _attributes()["properties"]["task_params"]["oneOf"]]
    return {
        each.rpartition("/")[2].removesuffix(SUFFIX): resolved("rootly", {"$ref": each})
        for each in shapes
    }


def whole_request(name: str) -> dict[str, Any]:
    """Return the schema of a request for a task of that type.

    The shapes overlap, so the document's `oneOf` fits nothing. The schema with the type's name is
    used instead. Its own enum of `task_type` names another type in ten cases, and is ignored.
    """
    shape = documented().get(name, {"type": "object", "properties": {}})
    members = {
        member: each for member, each in shape["properties"].items() if member != "task_type"
    }
    attributes = _attributes()
    attributes = _with(attributes, "task_params", {**shape, "properties": members})
    schema = request_schema("rootly", PATH, MEDIA_TYPE)
    return _with(schema, "data", _with(schema["properties"]["data"], "attributes", attributes))


def _attributes() -> dict[str, Any]:
    data = request_schema("rootly", PATH, MEDIA_TYPE)["properties"]["data"]
    attributes: dict[str, Any] = data["properties"]["attributes"]
    return attributes


def _with(schema: dict[str, Any], member: str, value: Any) -> dict[str, Any]:
    return {**schema, "properties": {**schema["properties"], member: value}}
