"""Check the body that an adapter sends against the vendor's document: JSON, or a web form."""

import json
from typing import Any

from bot.adapters.base import Request
from tests.contract.openapi import problems, request_schema
from tests.contract.tasks import whole_request

FORM = "application/x-www-form-urlencoded"


def objections(vendor: str, request: Request) -> list[str]:
    """Return the errors of the request's body by the vendor's document."""
    if request.data is None:
        return problems(vendor, _body_schema(vendor, request), request.json)
    # A web form holds only texts. Each must be readable as the documented type, and none may be
    # unknown.
    schema = request_schema(vendor, request.path, FORM)
    parsed = {
        name: int(value) if schema["properties"].get(name, {}).get("type") == "integer" else value
        for name, value in request.data.items()
    }
    unknown = sorted(set(parsed) - set(schema["properties"]))
    json.loads(request.data.get("Configuration") or request.data["Attributes"])
    return problems(vendor, schema, parsed) + [f"unknown parameter {name}" for name in unknown]


def _body_schema(vendor: str, request: Request) -> dict[str, Any]:
    if request.path.endswith("/workflow_tasks"):
        return whole_request(request.json["data"]["attributes"]["task_params"]["task_type"])
    return request_schema(vendor, request.path, request.headers["Content-Type"])
