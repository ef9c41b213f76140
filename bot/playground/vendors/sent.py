"""The body of a create call in a readable form."""

import json
from collections.abc import Mapping
from typing import Any

LONGEST = 3000
"""Largest number of characters. The page gets the text again with each request."""


def readable(body: Any) -> str:
    """Return the body as indented JSON.

    A form field with JSON text, such as a workflow's configuration, is unpacked.
    """
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
