"""The generator of the facts about Rootly's task types."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.rootly.tasks.generate import PARAMS, main

SCHEMAS: dict[str, Any] = {
    "send_task_params": {
        "type": "object",
        "required": ["to", "task_type"],
        "anyOf": [{"required": ["on"]}, {"required": ["size", "days"]}],
        "properties": {
            "task_type": {"type": "string", "enum": ["send"]},
            "to": {"type": "array", "items": {"type": "string"}, "description": "Left out."},
            "size": {"type": "string", "enum": ["big", "", None], "nullable": True},
            "days": {"type": "integer", "minimum": 0, "maximum": 7, "default": 0, "example": 3},
            "on": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
                },
            },
            "who": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "email": {"type": "string"}},
            },
            "more": {"type": "object"},
            "loud": {"type": "boolean", "default": False},
        },
    },
    "recall_task_params": {"type": "object", "properties": {"é": {"type": "number"}}},
}
WRITTEN = """{
  "recall": {"parameters": {
    "\\u00e9": {"type": "number"}
  }},
  "send": {"any_of": [["on"], ["size", "days"]], "parameters": {
    "days": {"type": "integer", "default": 0, "minimum": 0, "maximum": 7},
    "loud": {"type": "boolean", "default": false},
    "more": {"type": "object"},
    "on": {"type": "reference", "many": true},
    "size": {"type": "string", "choices": ["big"]},
    "to": {"type": "string", "many": true, "required": true},
    "who": {"type": "member"}
  }}
}
"""


def document(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return a document with these schemas in the place of Rootly's."""
    found: Any = [{"$ref": f"#/components/schemas/{name}"} for name in schemas]
    for step in reversed(PARAMS):
        found = {step: found}
    return {**found, "components": {"schemas": schemas}}


@pytest.fixture
def rootly(tmp_path: Path) -> Path:
    """The path of the document for the command."""
    return tmp_path / "rootly.json"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The path to which the facts are written."""
    return tmp_path / "facts.json"


def test_the_facts_of_a_document(
    rootly: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Types and parameters are sorted, a line each, and disagreements are listed."""
    rootly.write_text(json.dumps(document(SCHEMAS)), encoding="utf-8")
    assert main([str(rootly)], target) == 1
    assert target.read_text(encoding="utf-8") == WRITTEN
    first, *listed = capsys.readouterr().out.splitlines()
    assert first == f"2 types are written to {target}."
    assert {"forms.toml: send has no form", "forms.toml: recall has no form"} < set(listed)
    assert all(line.startswith("forms.toml: ") for line in listed)


NEW: dict[str, dict[str, Any]] = {
    "send_task_params.to has keywords that are new: maxLength, pattern": {
        "type": "string",
        "pattern": ".",
        "maxLength": 3,
    },
    "send_task_params.to is of a new type: object with count, id": {
        "type": "object",
        "properties": {"id": {}, "count": {}},
    },
    "send_task_params.to is of a new type: null": {"type": "array", "items": {"type": "null"}},
    "send_task_params is not described as a task type is: KeyError('type').": {"enum": []},
}


@pytest.mark.parametrize("said", NEW)
def test_nothing_new_is_lost_without_notice(
    said: str, rootly: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A keyword or type without a place in the facts is named, and nothing is written."""
    schema = {"type": "object", "properties": {"to": NEW[said]}}
    rootly.write_text(json.dumps(document({"send_task_params": schema})), encoding="utf-8")
    assert main([str(rootly)], target) == 1
    assert capsys.readouterr().err.splitlines() == [said]
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"openapi: 3", "is not JSON: Expecting value: line 1 column 1 (char 0)."),
        (
            b"\xff{}",
            "is not JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte.",
        ),
        (b"[]", "holds no JSON object, so it is not an OpenAPI document."),
        (b'{"paths": {"/v3/incidents": {}}}', "is not Rootly's document: no task types at "),
        (b'{"paths": []}', "is not Rootly's document: no task types at "),
    ],
)
def test_another_file_is_refused(
    content: bytes, said: str, rootly: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Any other file is refused in a sentence, and nothing is written."""
    rootly.write_bytes(content)
    assert main([str(rootly)], target) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not target.exists()


def test_a_missing_file_is_refused(
    rootly: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path that leads nowhere is named."""
    assert main([str(rootly)], target) == 1
    assert capsys.readouterr().err == f"{rootly} cannot be read: No such file or directory.\n"


@pytest.mark.parametrize("arguments", [[], ["one.json", "two.json"]])
def test_one_document_is_expected(
    arguments: list[str], target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Any number of paths but one shows the usage."""
    assert main(arguments, target) == 2
    usage = "Usage: python -m bot.adapters.rootly.generate rootly.json\n"
    assert capsys.readouterr().err == usage
