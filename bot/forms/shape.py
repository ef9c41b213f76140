"""The shape of a form: its fields, read once from the model, for rendering and for parsing.

Only this module decides which type and which marker make which kind of field. Any other type raises
`TypeError`.
"""

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, EnumType
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import annotated_types
from pydantic import EmailStr, HttpUrl
from pydantic.fields import FieldInfo

from bot.forms.fields import (
    Advanced,
    Check,
    Choice,
    Conversation,
    Form,
    Json,
    Lookup,
    Marker,
    Named,
    Person,
    Text,
    Upload,
    UserGroup,
)
from bot.forms.text import humanise

Kind = Literal[
    "text", "lines", "emails", "json", "named", "named_lines", "select", "lookup", "person",
    "conversation", "user_group", "date", "datetime", "int", "float", "check", "tick", "url",
    "email", "file", "form",
]  # fmt: skip

_KIND_OF_TYPE: Mapping[Any, Kind] = {
    str: "text", date: "date", datetime: "datetime", int: "int", float: "float", bool: "check",
    HttpUrl: "url", EmailStr: "email", Named: "named",
}  # fmt: skip
_KIND_OF_MARKER: Mapping[type[Marker], Kind] = {
    Lookup: "lookup", Person: "person", Conversation: "conversation", UserGroup: "user_group",
    Json: "json", Upload: "file",
}  # fmt: skip
_KIND_OF_LIST: Mapping[Kind, Kind] = {
    "text": "lines", "email": "emails", "select": "select", "lookup": "lookup", "person": "person",
    "conversation": "conversation", "user_group": "user_group", "named": "named_lines",
}  # fmt: skip
_BY_LINE: tuple[Kind, ...] = ("lines", "emails", "named_lines")
"""Kinds whose value is a list, and whose input is one text with one value a line."""
_FITS: Mapping[type[Marker], tuple[Kind, ...]] = {
    Text: ("text", "lines", "email", "emails", "url", "int", "float", "named", "named_lines"),
    Choice: ("select",),
    Check: ("check", "tick"),
}

MarkerT = TypeVar("MarkerT", bound=Marker)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Constraints of a value: lengths (of a text, or of a list) and the limits of a number."""

    min_length: int = 0
    max_length: int | None = None
    ge: Any = None
    gt: Any = None
    le: Any = None
    lt: Any = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    `kind` names its element. `many`: a person chooses several values. `options` maps the text of a
    select's option to its value. `bounds` of a list are the list's own. `form` is the nested form.
    `derived`: the default is computed from the other fields' values.
    """

    name: str
    title: str
    hint: str
    kind: Kind
    many: bool
    required: bool
    nullable: bool
    bounds: Bounds
    markers: tuple[Marker, ...]
    options: Mapping[str, Any]
    form: type[Form] | None
    derived: bool
    info: FieldInfo

    def marker(self, kind: type[MarkerT]) -> MarkerT | None:
        """Return the field's marker of that type, or None."""
        return next((marker for marker in self.markers if isinstance(marker, kind)), None)

    def default(self) -> Any:
        """Return the default, or None if the field is required or its default is derived."""
        if self.required or self.derived:
            return None
        if (factory := self.info.default_factory) is not None:
            # Called here, because pydantic reads the factory's signature on each call (0.3 ms).
            return cast("Callable[[], Any]", factory)()
        return self.info.get_default()

    def is_filled(self, value: Any) -> bool:
        """Return whether somebody gave the field this value, or another one than its default."""
        if value in (None, "", [], False):
            return False
        default = self.default()
        return default is None or value not in (default, key(default))

    @property
    def listed(self) -> bool:
        """True if the value is a list, typed or chosen."""
        return self.many or self.kind in _BY_LINE

    @property
    def advanced(self) -> bool:
        return self.marker(Advanced) is not None


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a field: its dotted name within the whole form, in parts, and its block id.

    A nested form has no block.
    """

    path: tuple[str, ...]
    block_id: str
    field: Field

    def value(self, values: Any) -> Any:
        """Return the field's value among the values of the whole form; None if it has none."""
        for name in self.path:
            values = values.get(name) if isinstance(values, Mapping) else None
        return values


@lru_cache(maxsize=512)
def shape(form: type[Form]) -> tuple[Field, ...]:
    """Return the form's own fields in order.

    Raises `TypeError`, with the model and the field, for a type that has no element.
    """
    return tuple(_field(form, name, info) for name, info in form.model_fields.items())


@lru_cache(maxsize=512)
def places(form: type[Form], prefix: str) -> tuple[Place, ...]:
    """Return every field in the order of the screen.

    The place of a nested form comes before the places of its fields.
    """
    return tuple(_places(form, prefix, ()))


def _places(form: type[Form], prefix: str, path: tuple[str, ...]) -> Iterator[Place]:
    for field in shape(form):
        here = (*path, field.name)
        yield Place(here, f"{prefix}.{field.name}", field)
        if field.form is not None:
            yield from _places(field.form, nested_prefix(prefix, field), here)


def nested_prefix(prefix: str, field: Field) -> str:
    """Return the start of the block ids of a nested form's fields."""
    return f"{prefix}.{(field.form.block if field.form else '') or field.name}"


def key(value: Any) -> str:
    """Return the text for a select's value. Every value is a text in Slack."""
    return str(value.value if isinstance(value, Enum) else value)


def _field(form: type[Form], name: str, info: FieldInfo) -> Field:
    where = f"{form.__name__}.{name}"
    annotation, metadata, nullable = _unwrapped(info.annotation, list(info.metadata))
    many = get_origin(annotation) is list
    item, item_metadata = annotation, list[Any]()
    if many:
        item, item_metadata, _ = _unwrapped(get_args(annotation)[0], [])
    markers = tuple(each for each in (*metadata, *item_metadata) if isinstance(each, Marker))
    kind = _kind(where, item, markers, many)
    if any(getattr(each, "pattern", None) for each in (*metadata, *item_metadata)):
        raise TypeError(f"{where}: `matching` says in words what the pattern asks for")
    return Field(
        name=name,
        title=info.title or humanise(name),
        hint=info.description or "",
        kind=kind,
        many=many and kind not in _BY_LINE,
        required=info.is_required(),
        nullable=nullable,
        bounds=_bounds(metadata),
        markers=markers,
        options=_options(where, item) if kind == "select" else {},
        form=item if kind == "form" else None,
        # Computed once, because pydantic reads the factory's signature on each call (0.3 ms).
        derived=bool(info.default_factory_takes_validated_data),
        info=info,
    )


def _unwrapped(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any], bool]:
    """Return the type inside `Annotated` and `| None`, its metadata, and whether it may be None."""
    nullable = False
    while True:
        arguments = get_args(annotation)
        if get_origin(annotation) is Annotated:
            annotation, *extra = arguments
            metadata = [*metadata, *extra]
        elif (
            get_origin(annotation) in (Union, types.UnionType)
            and type(None) in arguments
            and len(arguments) == 2
        ):
            annotation = next(each for each in arguments if each is not type(None))
            nullable = True
        else:
            return annotation, list(_flat(metadata)), nullable


def _flat(metadata: list[Any]) -> Iterator[Any]:
    """Yield single constraints.

    pydantic also gives them in groups (`StringConstraints`, `Interval`) and inside a `Field(...)`.
    """
    for each in metadata:
        if isinstance(each, FieldInfo):
            yield from _flat(each.metadata)
        elif isinstance(each, annotated_types.GroupedMetadata):
            yield from _flat(list(each))
        else:
            yield each


def _bounds(metadata: list[Any]) -> Bounds:
    found = {
        name: getattr(each, name)
        for each in metadata
        for name in Bounds.__dataclass_fields__
        if isinstance(each, annotated_types.BaseMetadata) and getattr(each, name, None) is not None
    }
    return Bounds(**found)


def _kind(where: str, item: Any, markers: tuple[Marker, ...], many: bool) -> Kind:
    kind = _bare_kind(item)
    if marked := [
        _KIND_OF_MARKER[type(marker)] for marker in markers if type(marker) in _KIND_OF_MARKER
    ]:
        if kind != "text" or len(marked) > 1:
            raise TypeError(f"{where}: {', '.join(marked)} does not fit {_type_name(item)}")
        kind = marked[0]
    if kind is not None and many:
        kind = _KIND_OF_LIST.get(kind)
    if kind is None:
        raise TypeError(f"{where}: no element for {'a list of ' if many else ''}{_type_name(item)}")
    for marker in markers:
        if kind not in _FITS.get(type(marker), (kind,)):
            raise TypeError(f"{where}: {type(marker).__name__} does not fit a field of kind {kind}")
    return kind


def _bare_kind(item: Any) -> Kind | None:
    if get_origin(item) is Literal:
        return "tick" if get_args(item) == (True,) else "select"
    if isinstance(item, type) and issubclass(item, Enum):
        return "select"
    if isinstance(item, type) and issubclass(item, Form):
        return "form"
    return _KIND_OF_TYPE.get(item) if isinstance(item, type) else None


def _options(where: str, item: Any) -> dict[str, Any]:
    """Return the options by their texts.

    None and an empty value are no options: a person leaves the select alone instead.
    """
    declared: tuple[Any, ...] = tuple(item) if isinstance(item, EnumType) else get_args(item)
    values = [each for each in declared if each is not None and key(each)]
    options = {key(each): each for each in values}
    if not options or len(options) < len(values):
        raise TypeError(f"{where}: a select needs values that differ as text")
    if long := [each for each in options if len(each) > 150]:
        raise TypeError(f"{where}: a select's value has at most 150 characters, unlike {long[0]!r}")
    return options


def _type_name(item: Any) -> str:
    return item.__name__ if isinstance(item, type) else str(item)
