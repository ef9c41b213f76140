"""Declare a form: a pydantic model whose types choose the elements, and markers that add details.

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
| `Literal[True]`                    | a checkbox without a "no"; if required, it must be ticked |
| `HttpUrl`, `EmailStr`              | a URL input, an e-mail input                   |
| `list[str]`, `list[EmailStr]`      | many lines, one value a line (or commas, for e-mails) |
| `Named`                            | a text input, "ID, name"; in a `list`: many lines of that |
| another `Form`                     | that form's fields, in its place               |

The label is the field's `title`, the hint its `description`. Lengths and bounds are the field's own
constraints. A field without a default is required. Any other type raises `TypeError` when the form
is rendered, so that a new kind of field cannot be forgotten. So does a pattern: `matching` has one,
with the sentence that says what to type.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bot.language import N_, _


class Form(BaseModel):
    """The form of one operation. The model is its only declaration.

    `headline` and `details` name the fields that keep their text when the person switches to
    another vendor. A form with one text field for both leaves `details` empty. `block` stands in
    the block ids of a form that is nested in another one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    headline: ClassVar[str | None] = None
    details: ClassVar[str | None] = None
    block: ClassVar[str] = ""

    @property
    def confidential(self) -> bool:
        """True if only the person who filled the form in may see the result in Slack."""
        return False


_NAMED = re.compile(r"((?:\{\{[^{}]*\}\}|[^,])*)(?:,(.*))?", re.DOTALL)
"""The first comma separates, except inside Liquid: "{{ a | append: ',' }}, name"."""


class Named(BaseModel):
    """An object in another tool, as a person types it: "10001, Bug". The name may be missing."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: str = Field(min_length=1)
    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str) or (match := _NAMED.fullmatch(value)) is None:
            return value
        if not match[1].strip():
            raise ValueError(_("Type the ID first, then a comma and the name."))
        return {"id": match[1], "name": match[2] or ""}

    def __str__(self) -> str:
        return f"{self.id}, {self.name}" if self.name else self.id


@dataclass(frozen=True, slots=True)
class Marker:
    """Adds a detail to a field's type. A marker stands in `Annotated[...]`."""


@dataclass(frozen=True, slots=True)
class Text(Marker):
    """A text input, of many lines if `multiline`.

    `placeholder` is shown while the input is empty (150 characters at most).
    """

    multiline: bool = False
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Json(Marker):
    """Many lines that must be JSON. The value stays a text.

    `kind` is the JSON type that the top level must have. `liquid`: the text may hold Liquid, which
    the vendor replaces, and becomes JSON only then. The text is checked as far as that allows.
    """

    kind: type | None = None
    placeholder: str = ""
    liquid: bool = False


@dataclass(frozen=True, slots=True)
class Upload(Marker):
    """One file of text in UTF-8. The value is its text.

    `most` is the largest size in bytes. `types` are the allowed endings of the file's name without
    the dot ("json").

    `instead_of` names a text field for the same content. Slack cannot put a file back into a form,
    so this field gets the file's text when the form is filled in again, if the text fits.
    """

    most: int
    types: tuple[str, ...] = ()
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Choice(Marker):
    """Labels for the values of a select.

    A value without one is humanised (`in_progress`: "In progress").
    """

    labels: Mapping[str, str] = field(
        default_factory=dict, hash=False
    )  # without this, `Annotated[...] | None` fails, because a dict has no hash


@dataclass(frozen=True, slots=True)
class Lookup(Marker):
    """A type-ahead over the adapter's catalog of that name.

    `rerenders`: choosing an entry redraws the form at once.
    """

    catalog: str
    placeholder: str = ""
    rerenders: bool = False


@dataclass(frozen=True, slots=True)
class Person(Marker):
    """A Slack user. The value is the Slack user id."""


@dataclass(frozen=True, slots=True)
class Conversation(Marker):
    """A Slack conversation. The value is its id."""


USER_GROUPS = "user_groups"
"""The name that stands for Slack's user groups where others have a catalog:
"user_groups/S012AB3CD"."""


@dataclass(frozen=True, slots=True)
class UserGroup(Marker):
    """A Slack user group. The value is its id.

    Slack has no element for user groups, so the bot itself answers the type-ahead.
    """


@dataclass(frozen=True, slots=True)
class Check(Marker):
    """The words beside a checkbox (75 characters at most).

    `confirm` is the question of the dialog that Slack shows after a click (300 characters at most),
    and `agree` the label of its button for yes.
    """

    words: str = N_("Yes")
    confirm: str = ""
    agree: str = N_("Confirm")


@dataclass(frozen=True, slots=True)
class RequiredWithout(Marker):
    """The field must be filled in while `other`, a field of the same form, is not on the screen.

    The form's own validator says so where `other` is on the screen and empty.
    """

    other: str


@dataclass(frozen=True, slots=True)
class Advanced(Marker):
    """A rarely used field, shown only after "More fields"."""


def matching(pattern: str, sentence: str) -> AfterValidator:
    """Return a check for a text field: the whole text has to match the pattern.

    `sentence`, marked with `N_`, says what to type.
    """
    whole = re.compile(pattern)

    def check(value: str) -> str:
        if not whole.fullmatch(value):
            raise ValueError(_(sentence))
        return value

    return AfterValidator(check)


def wrong(field: str, sentence: str) -> PydanticCustomError:
    """Return an error for a model validator to raise, which puts its sentence beside one field.

    For example: `raise wrong("configuration", _("Type the rules."))`.
    """
    return PydanticCustomError("wrong_field", "{sentence}", {"field": field, "sentence": sentence})
