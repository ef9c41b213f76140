"""Custom fields: fields that a workspace defined for itself at its vendor.

A `CustomField` is the definition of one. `custom_form` makes a form of them at run time.
"""

from collections.abc import Iterable, Mapping
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

_TYPES: Mapping[CustomKind, tuple[Any, tuple[Marker, ...]]] = {
    "text": (str, ()),
    "long": (str, (Text(multiline=True),)),
    "link": (HttpUrl, ()),
    "number": (float, ()),
    "check": (bool, ()),
    "date": (date, ()),
    "datetime": (datetime, ()),
    "tags": (list[str], ()),
    "person": (str, (Person(),)),
    "people": (list[str], (Person(),)),
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
        type_, markers = _type(field, catalog)
        if not field.required and optional > SHOWN:
            markers = (Advanced(), *markers)
        has_empty_value = type_ is str or get_origin(type_) is list
        made[field.id] = declared(
            type_,
            markers,
            required=field.required and type_ is not bool,
            default=False if type_ is bool else None,
            title=field.name,
            description=field.hint or None,
            **({"min_length": 1} if field.required and has_empty_value else {}),
        )
    return create_model("Custom", __base__=_Custom, **made)


class _Custom(Form):
    block: ClassVar[str] = BLOCK


def declared(
    type_: Any, markers: Iterable[Marker], *, required: bool, default: Any = None, **about: Any
) -> tuple[Any, Any]:
    """Return a field as `create_model` takes it: (type, default and `about`).

    `about` are the arguments of pydantic's `Field`. A list that is not required is empty by
    default. Any other field that is not required and has no default may be None.
    """
    annotation = Annotated[(type_, *markers)] if markers else type_
    if required:
        return annotation, Field(**about)
    if get_origin(type_) is list:
        return annotation, Field(default_factory=list, **about)
    return annotation if default is not None else annotation | None, Field(default, **about)


def _type(field: CustomField, catalog: str) -> tuple[Any, tuple[Marker, ...]]:
    """Return the type of the field, and its markers."""
    one: Any = str
    marker: Marker = Lookup(field.catalog)
    if field.kind in _TYPES:
        return _TYPES[field.kind]
    if field.kind in ("select", "multi_select"):
        marker = Lookup(f"{catalog}:{field.id}")
        if 0 < len(field.options) <= MOST_IN_A_SELECT:
            one = Literal[tuple(value for value, _ in field.options)]
            marker = Choice(dict(field.options))
    return list[one] if field.kind.startswith("multi_") else one, (marker,)
