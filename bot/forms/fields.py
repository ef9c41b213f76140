"""How a form is declared: a pydantic model whose fields' types choose the element, and markers that
say more.

| a field of type                    | becomes                                        |
|------------------------------------|------------------------------------------------|
| `str`                              | a text input; `Text(multiline=True)`: many lines |
| `Literal[...]`, an `Enum`          | a select; in a `list`: a multi-select          |
| `str` with `Lookup("services")`    | a type-ahead over that catalog; in a `list`: several |
| `str` with `Person()`              | a picker of people; in a `list`: several       |
| `str` with `Conversation()`        | a picker of channels; in a `list`: several     |
| `str` with `UserGroup()`           | a type-ahead over Slack's user groups; in a `list`: several |
| `str` with `Json()`                | many lines that must be JSON                   |
| `str` with `Upload()`              | a file to choose; the value is the file's text |
| `date`, `datetime`                 | a date picker, a date and time picker          |
| `int`, `float`                     | a number input                                 |
| `bool`                             | a checkbox; `Check("...")` words it            |
| `Literal[True]`                    | a checkbox that says nothing when it is not ticked: required, it has to be |
| `HttpUrl`, `EmailStr`              | a URL input, an e-mail input                   |
| `list[str]`, `list[EmailStr]`      | many lines, one value a line (or commas, for e-mails) |
| `Named`                            | a text input, "ID, name"; in a `list`: many lines of that |
| another `Form`                     | that form's fields, in its place               |

The label is the field's `title`, the hint its `description`; lengths and bounds are the field's own
constraints. A field without a default is required. Anything else raises `TypeError` when it is
rendered, so that a new kind of field cannot be forgotten.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError


class Form(BaseModel):
    """What a person fills in for one operation. The model is the form's only declaration.

    `headline` and `details` name the fields that keep their text when the person switches to
    another vendor; a form with one text field for both leaves `details` empty. `block` stands in
    the block ids of a form nested in another one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    headline: ClassVar[str | None] = None
    details: ClassVar[str | None] = None
    block: ClassVar[str] = ""

    @property
    def confidential(self) -> bool:
        """Whether only the person who filled it in may see it in Slack."""
        return False


_NAMED = re.compile(r"((?:\{\{.*?\}\}|[^,])*)(?:,(.*))?", re.DOTALL)
"""The first comma separates, unless it stands in Liquid: "{{ a | append: ',' }}, name"."""


class Named(BaseModel):
    """A thing in another tool, as a person types it: "10001, Bug". Without a name, the ID is all
    there is."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: str = Field(min_length=1)
    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str) or (match := _NAMED.fullmatch(value)) is None:
            return value
        if not match[1].strip():
            raise ValueError("give the ID first, then a comma and the name")
        return {"id": match[1], "name": match[2] or ""}

    def __str__(self) -> str:
        return f"{self.id}, {self.name}" if self.name else self.id


@dataclass(frozen=True, slots=True)
class Marker:
    """Says more about a field than its type does; stands in `Annotated[...]`."""


@dataclass(frozen=True, slots=True)
class Text(Marker):
    """A text input: many lines if `multiline`; `placeholder` is shown while it is empty (150
    characters at most)."""

    multiline: bool = False
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Json(Marker):
    """Many lines that must be JSON; the value stays the text. `kind` is the JSON type demanded at
    the top.

    `liquid`: it becomes JSON once the Liquid in it is filled in, by the vendor; it is checked as
    far as that allows.
    """

    kind: type | None = None
    placeholder: str = ""
    liquid: bool = False


@dataclass(frozen=True, slots=True)
class Upload(Marker):
    """One file of text in UTF-8; the value is its text. `most`: its bytes; `types`: what its name
    may end in (".json": "json").

    `instead_of` names the text field that says the same. Slack cannot put a file back into a form:
    there its text stands when the form is filled in again, if it fits.
    """

    most: int
    types: tuple[str, ...] = ()
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Choice(Marker):
    """Words for the values of a select; a value without one is shown humanised (`in_progress`: "In
    progress")."""

    labels: Mapping[str, str] = field(
        default_factory=dict, hash=False
    )  # so that `Annotated[...] | None` can be said


@dataclass(frozen=True, slots=True)
class Lookup(Marker):
    """A type-ahead over the adapter's catalog of that name. `rerenders`: choosing redraws the form
    at once."""

    catalog: str
    placeholder: str = ""
    rerenders: bool = False


@dataclass(frozen=True, slots=True)
class Person(Marker):
    """A Slack person; the value is the Slack user id."""


@dataclass(frozen=True, slots=True)
class Conversation(Marker):
    """A Slack conversation; the value is its id."""


USER_GROUPS = "user_groups"
"""What stands in a catalog's place for Slack's user groups: "user_groups/S012AB3CD"."""


@dataclass(frozen=True, slots=True)
class UserGroup(Marker):
    """A Slack user group; the value is its id. Slack has no element for it: whoever draws the form
    answers the type-ahead."""


@dataclass(frozen=True, slots=True)
class Check(Marker):
    """The words beside a checkbox (75 characters at most). `confirm`: what Slack asks for assent to
    when it is clicked (300 at most)."""

    words: str = "Yes"
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Advanced(Marker):
    """Rarely used: shown only after "More fields"."""


def wrong(field: str, sentence: str) -> PydanticCustomError:
    """What a model validator raises to put its sentence beside one field: `raise
    wrong("configuration", "Give ...")`."""
    return PydanticCustomError("wrong_field", "{sentence}", {"field": field, "sentence": sentence})
