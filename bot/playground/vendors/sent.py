"""The body of a create call as people read it."""

import json
from collections.abc import Mapping
from typing import Any

LONGEST = 3000
"""Characters; the page gets it anew with each request that arrives."""


def readable(body: Any) -> str:
    """The body as indented JSON. What a form field holds as JSON text is unpacked: a workflow's
    configuration, for one."""
    if isinstance(body, Mapping):
        body = {name: _unpacked(value) for name, value in body.items()}
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _unpacked(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
