"""A file that was chosen in a form: what Slack says about it, and its text once somebody has
fetched it.

Slack's state of a `file_input` is {"type": "file_input", "files": [file object, ...]}. What was
fetched stands beside the files: "text", or "problem", a sentence for the person. Source: Slack's
reference for the file input element.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Fetched(NamedTuple):
    """What became of a chosen file: its text, or why there is none and what to do about it."""

    text: str = ""
    problem: str = ""


def files_in(state_values: Mapping[str, Any], block_id: str) -> list[Mapping[str, Any]]:
    """Slack's objects of the files chosen in that block; empty when nothing is chosen."""
    block = state_values.get(block_id)
    element = block.get("value") if isinstance(block, Mapping) else None
    return _files(element) if isinstance(element, Mapping) else []


def with_files(state_values: Mapping[str, Any], fetched: Mapping[str, Fetched]) -> dict[str, Any]:
    """The state with what became of the files, by block id."""
    said = {
        name: {"value": {**state_values[name]["value"], **it._asdict()}}
        for name, it in fetched.items()
    }
    return {**state_values, **said}


def names_or_text(element: Mapping[str, Any]) -> str | list[str] | None:
    """The text of the file; while it is not fetched, the names of what is chosen; None when nothing
    is."""
    if isinstance(text := element.get("text"), str) and text:
        return text
    return [str(file.get("name") or "a file") for file in _files(element)] or None


def problem(element: Mapping[str, Any]) -> str:
    """Why the chosen file could not be had; empty when it was, or none is chosen."""
    return said if isinstance(said := element.get("problem"), str) else ""


def _files(element: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    files = element.get("files")
    return [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
