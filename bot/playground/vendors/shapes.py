"""The shape of a JSON object sent to a vendor, and the errors in one.

Each vendor words the errors in its own way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Type = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "object",
    "reference",
    "strings",
    "integers",
    "objects",
    "references",
]
Problem = Literal["missing", "unknown", "type", "enum"]


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one member.

    `required` means that it must be there and not be blank, `nullable` that null is accepted;
    `enum` are the allowed words. A reference is an object of `id` and `name`, both strings.
    """

    type: Type
    required: bool = False
    nullable: bool = False
    enum: tuple[str, ...] = ()

    def must(self) -> "Shape":
        """Return the same shape, required."""
        return replace(self, required=True)

    def or_null(self) -> "Shape":
        """Return the same shape, with null accepted."""
        return replace(self, nullable=True)


STRING = Shape("string")
INTEGER = Shape("integer")
BOOLEAN = Shape("boolean")
OBJECT = Shape("object")
STRINGS = Shape("strings")
INTEGERS = Shape("integers")
OBJECTS = Shape("objects")
REFERENCE = Shape("reference")
REFERENCES = Shape("references")


def one_of(*words: str) -> Shape:
    """Return the shape of a string that is one of these words."""
    return Shape("string", enum=words)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error in one member. `shape` is None for an unknown member."""

    field: str
    problem: Problem
    shape: Shape | None = None


def complaints(shapes: Mapping[str, Shape], values: Mapping[str, Any]) -> list[Complaint]:
    """Return all errors in `values`: known members in the order of `shapes`, then unknown ones."""
    found = []
    for field, shape in shapes.items():
        problem = (
            _problem(shape, values[field])
            if field in values
            else "missing"
            if shape.required
            else None
        )
        if problem is not None:
            found.append(Complaint(field, problem, shape))
    found.extend(Complaint(field, "unknown") for field in values if field not in shapes)
    return found


def _problem(shape: Shape, value: Any) -> Problem | None:
    if value is None:
        return None if shape.nullable else "missing" if shape.required else "type"
    if not _is(shape.type, value):
        return "type"
    if shape.required and (not value.strip() if isinstance(value, str) else value in ([], {})):
        return "missing"
    if shape.enum and value not in shape.enum:
        return "enum"
    return None


def _is(kind: Type, value: Any) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case "reference":
            return (
                isinstance(value, dict)
                and set(value) == {"id", "name"}
                and _is("strings", list(value.values()))
            )
        case "strings" | "integers" | "objects" | "references":
            member: dict[Type, Type] = {
                "strings": "string",
                "integers": "integer",
                "objects": "object",
                "references": "reference",
            }
            return isinstance(value, list) and all(_is(member[kind], item) for item in value)
