"""Custom fields: fields that a workspace defined for itself at its vendor.

A `CustomField` is the definition of one. `custom_form` makes a form of them at run time.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, create_model

from bot.forms.fields import Advanced, Choice, Form, Lookup, Marker, Person, Text

CustomKind = Literal[
    "text", "long", "link", "number", "check", "date", "datetime", "tags",
    "select", "multi_select", "lookup", "multi_lookup", "person", "people",
]  # fmt: skip


class CustomField(BaseModel):
    """The definition of one custom field, as an adapter reads it from the vendor's lists.

    `id` is the adapter's own. It has no dot, so that it can be the name of a form's field. `kind`
    decides what the value is:

    | kind                          | value                                       |
    |-------------------------------|---------------------------------------------|
    | `text`, `long`, `link`        | a text: of one line, of many, a web address |
    | `number`, `check`             | a number; yes or no                         |
    | `date`, `datetime`            | a day; a point in time                      |
    | `tags`                        | a list of texts                             |
    | `select`, `multi_select`      | the id of one of `options`; a list of them  |
    | `lookup`, `multi_lookup`      | the id of an entry of `catalog`; a list     |
    | `person`, `people`            | a Slack user id; a list of them             |
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    kind: CustomKind
    required: bool = False
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """(id, label) of each option, in the order in which they are shown."""
    catalog: str = ""
    """The name of the adapter's catalog that a lookup searches."""


BLOCK = "custom"
SHOWN = 6
"""The number of optional custom fields that the form shows at once.

The others are behind "More fields".
"""
MOST_IN_A_SELECT = 100

_TYPES: Mapping[CustomKind, tuple[Any, Marker | None]] = {
    "text": (str, None),
    "long": (str, Text(multiline=True)),
    "link": (HttpUrl, None),
    "number": (float, None),
    "check": (bool, None),
    "date": (date, None),
    "datetime": (datetime, None),
    "tags": (list[str], None),
    "person": (str, Person()),
    "people": (list[str], Person()),
}


@lru_cache(maxsize=256)
def custom_form(fields: tuple[CustomField, ...], catalog: str) -> type[Form]:
    """Return a form with a field for each custom field. The name of the field is its id.

    A field with more options than a select can hold becomes a search: `catalog` is the catalog of
    custom fields, and its list "<catalog>:<field's id>" offers the options.

    A required check is an ordinary checkbox, because vendors accept "no" as an answer.
    """
    optional = 0
    made: dict[str, Any] = {}
    for field in fields:
        optional += not field.required
        markers: list[Marker] = [] if field.required or optional <= SHOWN else [Advanced()]
        made[field.id] = _declared(field, catalog, markers)
    return create_model("Custom", __base__=_Custom, **made)


class _Custom(Form):
    block: ClassVar[str] = BLOCK


def _declared(field: CustomField, catalog: str, markers: list[Marker]) -> tuple[Any, Any]:
    """Return the field as `create_model` takes it: (type, default with title and hint)."""
    type_, marker = _type(field, catalog)
    markers = [*markers, *([marker] if marker else [])]
    about: dict[str, Any] = {"title": field.name, "description": field.hint or None}
    listed = get_origin(type_) is list
    if type_ is bool:
        return _marked(bool, markers), Field(False, **about)
    if field.required:
        return _marked(type_, markers), Field(
            **(about | ({"min_length": 1} if listed or type_ is str else {}))
        )
    if listed:
        return _marked(type_, markers), Field(default_factory=list, **about)
    return _marked(type_ | None, markers), Field(None, **about)


def _marked(type_: Any, markers: list[Marker]) -> Any:
    return Annotated[(type_, *markers)] if markers else type_


def _type(field: CustomField, catalog: str) -> tuple[Any, Marker | None]:
    many = field.kind in ("multi_select", "multi_lookup")
    if field.kind in ("lookup", "multi_lookup"):
        return _one_or_many(str, many), Lookup(field.catalog)
    if field.kind in ("select", "multi_select"):
        if not 0 < len(field.options) <= MOST_IN_A_SELECT:
            return _one_or_many(str, many), Lookup(f"{catalog}:{field.id}")
        one: Any = Literal[tuple(value for value, _ in field.options)]
        return _one_or_many(one, many), Choice(dict(field.options))
    return _TYPES[field.kind]


def _one_or_many(type_: Any, many: bool) -> Any:
    return list[type_] if many else type_
