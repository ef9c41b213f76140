"""Files that a person chose in a form: Slack's state of them, and their text once it is fetched.

Slack's state of a `file_input` is {"type": "file_input", "files": [file object, ...]}. The bot adds
a member beside "files": "text" with the file's text, or "problem" with a sentence for the person.
Source: Slack's reference for the file input element.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Fetched(NamedTuple):
    """The result of fetching a chosen file: its text, or the problem and what to do about it."""

    text: str = ""
    problem: str = ""


def files_in(state_values: Mapping[str, Any], block_id: str) -> list[Mapping[str, Any]]:
    """Return Slack's objects of the files chosen in that block, empty if nothing is chosen."""
    block = state_values.get(block_id)
    element = block.get("value") if isinstance(block, Mapping) else None
    return _files(element) if isinstance(element, Mapping) else []


def with_files(state_values: Mapping[str, Any], fetched: Mapping[str, Fetched]) -> dict[str, Any]:
    """Return the state with the results of fetching added. `fetched` has them by block id."""
    changed = {
        block_id: {"value": {**state_values[block_id]["value"], **result._asdict()}}
        for block_id, result in fetched.items()
    }
    return {**state_values, **changed}


def names_or_text(element: Mapping[str, Any]) -> str | list[str] | None:
    """Return the text of the file.

    Before the file is fetched, returns the names of the chosen files. Returns None if nothing is
    chosen.
    """
    if isinstance(text := element.get("text"), str) and text:
        return text
    return [str(file.get("name") or "a file") for file in _files(element)] or None


def problem(element: Mapping[str, Any]) -> str:
    """Return why the chosen file could not be fetched, empty if it was, or if none is chosen."""
    sentence = element.get("problem")
    return sentence if isinstance(sentence, str) else ""


def _files(element: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    files = element.get("files")
    return [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
