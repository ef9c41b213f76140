"""Write `facts.json` from Rootly's OpenAPI document:

    python -m bot.adapters.rootly.generate rootly.json

The argument is the path of the document. The command then lists the places where
`forms.toml`, which people edit, does not agree with the new facts. The exit code is 0 if
there are none. It is 1 if there are some, or if the file is not Rootly's document.

The facts are names, types, choices, defaults, bounds and required members. A keyword of the
document that this module does not know is an error, so that no fact is lost without notice.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from bot.adapters.rootly.tasks.check import disagreements
from bot.adapters.rootly.tasks.facts import FACTS, Fact, TypeFacts
from bot.adapters.rootly.tasks.wording import read_wording

SUFFIX = "_task_params"
"""The end of the name of each type's schema."""
PARAMS = (
    "paths", "/v1/workflows/{workflow_id}/workflow_tasks", "post", "requestBody", "content",
    "application/vnd.api+json", "schema", "properties", "data", "properties", "attributes",
    "properties", "task_params", "oneOf",
)  # fmt: skip
"""The path in the document to the schemas that a new task can have."""
OBJECTS = {("id", "name"): "reference", ("email", "name"): "member", (): "object"}
"""The name in the facts for an object with these members."""
OF_A_TYPE = {"type", "properties", "required", "anyOf", "description"}
OF_A_PARAMETER = {
    "type", "enum", "properties", "items", "default", "minimum", "maximum",
    "nullable", "description", "example",  # known, but no part of the facts
}  # fmt: skip
_AS_FACT = TypeAdapter(Fact)


class DocumentError(Exception):
    """The file is not a document with facts about task types."""


def main(arguments: Sequence[str], target: Path = FACTS) -> int:
    """Write the facts to `target`, list the disagreements, and return the exit code."""
    if len(arguments) != 1:
        print("Usage: python -m bot.adapters.rootly.generate rootly.json", file=sys.stderr)
        return 2
    try:
        facts = facts_of(load(Path(arguments[0])))
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 1
    target.write_text(as_json(facts), encoding="utf-8")
    print(f"{len(facts)} types are written to {target}.")
    found = disagreements(facts, read_wording())
    print("\n".join(f"forms.toml: {line}" for line in found) or "forms.toml agrees.")
    return 1 if found else 0


def load(path: Path) -> dict[str, Any]:
    """Return the JSON object in the file. Raises `DocumentError` if there is none."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise DocumentError(f"{path} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise DocumentError(f"{path} holds no JSON object, so it is not an OpenAPI document.")
    return document


def facts_of(document: Mapping[str, Any]) -> dict[str, TypeFacts]:
    """Return the facts of each type by its name. Raises `DocumentError` for another document."""
    try:
        names = [each["$ref"].rpartition("/")[2] for each in _at(document, *PARAMS)]
    except (KeyError, TypeError, AttributeError) as error:
        place = " > ".join(PARAMS)
        raise DocumentError(f"This is not Rootly's document: no task types at {place}.") from error
    return {name.removesuffix(SUFFIX): _type(document, name) for name in names}


def as_json(facts: Mapping[str, TypeFacts]) -> str:
    """Return the facts as JSON: a block for each type, a line for each parameter."""
    return "{\n" + ",\n".join(_block(name, facts[name]) for name in sorted(facts)) + "\n}\n"


def _block(name: str, facts: TypeFacts) -> str:
    lines = ",\n".join(
        f"    {json.dumps(each)}: {json.dumps(_AS_FACT.dump_python(fact, exclude_defaults=True))}"
        for each, fact in sorted(facts.parameters.items())
    )
    any_of = f'"any_of": {json.dumps(facts.any_of)}, ' if facts.any_of else ""
    return f'  {json.dumps(name)}: {{{any_of}"parameters": {{\n{lines}\n  }}}}'


def _type(document: Mapping[str, Any], name: str) -> TypeFacts:
    try:
        schema = _at(document, "components", "schemas", name)
        _expect(name, schema, OF_A_TYPE)
        required = schema.get("required", ())
        return TypeFacts(
            parameters={
                member: _fact(f"{name}.{member}", each, required=member in required)
                for member, each in schema["properties"].items()
                if member != "task_type"
            },
            any_of=tuple(tuple(each["required"]) for each in schema.get("anyOf", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DocumentError(f"{name} is not described as a task type is: {error!r}.") from error


def _fact(place: str, schema: Mapping[str, Any], *, required: bool) -> Fact:
    _expect(place, schema, OF_A_PARAMETER)
    many = schema["type"] == "array"
    one = schema["items"] if many else schema
    _expect(place, one, OF_A_PARAMETER)
    return Fact(
        type=_type_word(place, one),
        many=many,
        required=required,
        choices=tuple(each for each in one.get("enum", ()) if each),  # null and "": nothing chosen
        default=schema.get("default"),
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
    )


def _type_word(place: str, schema: Mapping[str, Any]) -> Any:
    if schema["type"] in ("string", "boolean", "integer", "number"):
        return schema["type"]
    members = tuple(sorted(schema.get("properties", ())))
    if schema["type"] == "object" and members in OBJECTS:
        return OBJECTS[members]
    shape = f"{schema['type']} with {', '.join(members)}" if members else schema["type"]
    raise DocumentError(f"{place} is of a new type: {shape}")


def _expect(place: str, schema: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(schema.keys() - known):
        raise DocumentError(f"{place} has keywords that are new: {', '.join(unknown)}")


def _at(document: Mapping[str, Any], *steps: str) -> Any:
    found: Any = document
    for step in steps:
        found = _resolved(document, found[step])
    return found


def _resolved(document: Mapping[str, Any], schema: Any) -> Any:
    while isinstance(schema, Mapping) and "$ref" in schema:
        schema = _at(document, *schema["$ref"].removeprefix("#/").split("/"))
    return schema
