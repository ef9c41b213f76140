"""The form of each type of workflow task, made from `tasks` at its first use.

A Slack channel has two fields: a picker, and a box for the channel of the incident that the
workflow runs for. Most tasks are about that channel, and no picker can offer it.
"""

import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, overload

from pydantic import AfterValidator, create_model, model_validator

from bot.adapters.base import Entry
from bot.adapters.rootly import tasks
from bot.adapters.rootly.tasks import Parameter, Rule, TaskType
from bot.adapters.rootly.tasks.words import LIQUID, hint, option, placeholder, title
from bot.forms.custom_fields import declared
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
    UserGroup,
    wrong,
)
from bot.language import N_, _

OWN_CHANNEL = "{{ incident.slack_channel_id }}"
"""Liquid for the channel of the incident that the workflow runs for."""
SENTENCES = (
    "title",
    "subject",
    "summary",
    "text",
    "message",
    "content",
    "topic",
    "body",
    "description",
    "prompt",
)
"""Texts that probably contain something about the incident."""
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+|[^<>]*<[^@\s<>]+@[^@\s<>]+>")


def _address(value: str) -> str:
    """Return the value if it is an address, perhaps after a name, or Liquid."""
    if "{{" in value or "{%" in value or _ADDRESS.fullmatch(value):
        return value
    raise ValueError(
        _("“{value}” isn't an e-mail address. Type one such as ann@example.com.").format(
            value=value
        )
    )


def _member(value: Named) -> Named:
    _address(value.id)
    return value


_KINDS: Mapping[str, tuple[Any, Marker | None]] = {
    "text": (str, None),
    "long": (str, Text(multiline=True)),
    "email": (Annotated[str, AfterValidator(_address)], None),
    "json": (str, Json(liquid=True)),
    "mapping": (str, Json(kind=dict, liquid=True)),
    "object": (str, Json(kind=dict)),
    "yes_no": (Literal[True, False], Choice({"True": "Yes", "False": "No"})),
    "integer": (int, None),
    "number": (float, None),
    "channel": (str, Conversation()),
    "person": (str, Person()),
    "user_group": (str, UserGroup()),
}


_NEVER_EMPTY = ("reference", "member", "choice", "checkbox", "yes_no")
"""Kinds of field whose single value cannot be an empty text."""


class TaskParameters(Form):
    """The base of every type's form: it checks the rules of its type, which is `task`."""

    task: ClassVar[TaskType]

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        for parameter in self.task.parameters:
            if _is_channel(parameter):
                self._names_its_channels(parameter)
        for rule in self.task.rules:
            self._keeps(rule)
        return self

    def _names_its_channels(self, parameter: Parameter) -> None:
        chosen, own = getattr(self, field_name(parameter)), getattr(self, own_channel(parameter))
        if parameter.needed and not chosen and not own:
            raise wrong(
                field_name(parameter),
                _("Choose a channel, or tick the incident's own channel below."),
            )
        if chosen and own and not parameter.many:
            raise wrong(own_channel(parameter), _("Clear this box, or remove the channel above."))

    def _keeps(self, rule: Rule) -> None:
        first = rule.groups[0]
        match rule.kind:
            case "any of":
                if not any(all(map(self._given, group)) for group in rule.groups):
                    raise wrong(self._field(first[0]), self._one_of(rule.groups))
            case "together":
                missing = [name for name in first if not self._given(name)]
                if missing and len(missing) < len(first):
                    rest = ", ".join(self._title(name) for name in first if name not in missing)
                    sentence = _("Fill this in too. It belongs to {fields}.").format(fields=rest)
                    raise wrong(self._field(missing[0]), sentence)
            case "needs":
                name, value = rule.when
                if getattr(self, self._field(name)) == value and not self._given(first[0]):
                    sentence = _("Fill this in, because {field} is “{value}”.").format(
                        field=self._title(name), value=option(value)
                    )
                    raise wrong(self._field(first[0]), sentence)

    def _one_of(self, groups: tuple[tuple[str, ...], ...]) -> str:
        ways = [words for group in groups for words in self._ways(group)]
        if not ways[1:]:
            return _("Fill in {field}.").format(field=ways[0])
        return _("Fill in {fields} or {last}.").format(fields=", ".join(ways[:-1]), last=ways[-1])

    def _ways(self, group: tuple[str, ...]) -> list[str]:
        """Return the titles of the fields that fill the group in.

        A single channel also has its box as a second way.
        """
        only = self._parameter(group[0])
        box = [f"“{_own_title(only)}”"] if len(group) == 1 and _is_channel(only) else []
        return [" + ".join(self._title(name) for name in group), *box]

    def _given(self, name: str) -> bool:
        parameter = self._parameter(name)
        own = _is_channel(parameter) and getattr(self, own_channel(parameter))
        return bool(own) or getattr(self, field_name(parameter)) not in (None, "", [])

    def _title(self, name: str) -> str:
        return f"“{title(self._parameter(name))}”"

    def _field(self, name: str) -> str:
        return field_name(self._parameter(name))

    def _parameter(self, name: str) -> Parameter:
        return next(each for each in self.task.parameters if each.name == name)


@cache
def task_form(name: str) -> type[TaskParameters]:
    """Return the form for the parameters of the type.

    One of its texts has the hint that Liquid is possible. Raises `KeyError` for a name that is no
    type.
    """
    task = tasks.types()[name]
    # Needed parameters come first, advanced ones last.
    parameters = sorted(task.parameters, key=lambda each: (each.advanced, not each.needed))
    texts = [each for each in parameters if each.kind in ("text", "long") and not hint(each)]
    explained = min(texts, key=lambda each: each.name not in SENTENCES, default=None)
    fields: dict[str, Any] = {}
    for parameter in parameters:
        fields[field_name(parameter)] = _field(
            parameter, LIQUID if parameter is explained else hint(parameter)
        )
        if _is_channel(parameter):
            fields[own_channel(parameter)] = _own_channel_field(parameter)
    made = create_model(f"Task_{name}", __base__=TaskParameters, **fields)
    made.block, made.task = name, task
    return made


class TaskForms(Mapping[str, type[Form]]):
    """Every type's form by the type's name. A form is made at its first use."""

    def __getitem__(self, name: str) -> type[TaskParameters]:
        return task_form(name)

    def __contains__(self, name: object) -> bool:
        return name in tasks.types()

    def __iter__(self) -> Iterator[str]:
        return iter(tasks.types())

    def __len__(self) -> int:
        return len(tasks.types())


class TaskEntries(Sequence[Entry]):
    """The catalog of types to choose from, the most used first."""

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        return _entries()[index]

    def __len__(self) -> int:
        return len(tasks.types())


@cache
def _entries() -> tuple[Entry, ...]:
    return tuple(
        Entry(id=task.name, label=task.label, detail=task.area) for task in tasks.in_order()
    )


def field_name(parameter: Parameter) -> str:
    """Return the field for the parameter. A name that Python or the form itself uses gets a `_`."""
    taken = keyword.iskeyword(parameter.name) or hasattr(TaskParameters, parameter.name)
    return f"{parameter.name}_" if taken else parameter.name


def own_channel(parameter: Parameter) -> str:
    """Return the field that stands for the incident's own channel."""
    return f"{parameter.name}_own"


def _is_channel(parameter: Parameter) -> bool:
    return parameter.kind == "channel"


def _field(parameter: Parameter, description: str) -> tuple[Any, Any]:
    one, markers = _kind(parameter)
    if parameter.kind == "integer" and parameter.default is not None:
        one = one | None  # a person may leave it out
    needed = parameter.needed and not _is_channel(parameter)
    limits: dict[str, Any] = {}
    if parameter.kind in ("integer", "number"):
        limits = {"ge": parameter.minimum, "le": parameter.maximum}
    elif needed and (parameter.many or parameter.kind not in _NEVER_EMPTY):
        limits = {"min_length": int(parameter.minimum or 1)}
    return declared(
        list[one] if parameter.many else one,  # type: ignore[valid-type]
        markers,
        required=needed and parameter.default is None and parameter.kind != "checkbox",
        default=parameter.default,
        title=title(parameter),
        description=description or None,
        **limits,
    )


def _kind(parameter: Parameter) -> tuple[Any, list[Marker]]:
    """Return the type of one value, and the markers of the field."""
    markers = _behind_more(parameter)
    match parameter.kind:
        case "choice":
            labels = {each: option(each) for each in parameter.choices}
            return Literal[parameter.choices], [Choice(labels), *markers]
        case "checkbox":
            box: Any = Literal[True] | None if parameter.default is None else bool
            return box, [Check(), *markers]
        case "reference":
            return Named, [Text(placeholder=placeholder(parameter)), *markers]
        case "member":
            member = Annotated[Named, AfterValidator(_member)]
            return member, [Text(placeholder=placeholder(parameter)), *markers]
    one, marker = _KINDS.get(parameter.kind) or (str, Lookup(parameter.kind))
    return one, [marker, *markers] if marker else markers


def _own_channel_field(parameter: Parameter) -> tuple[Any, Any]:
    markers = [Check(N_("Of the incident that the workflow runs for")), *_behind_more(parameter)]
    return declared(Literal[True], markers, required=False, title=_own_title(parameter))


def _behind_more(parameter: Parameter) -> list[Marker]:
    return [Advanced()] if parameter.advanced else []


def _own_title(parameter: Parameter) -> str:
    return f"{'And' if parameter.many else 'Or'} the incident's own channel"


FORMS: Mapping[str, type[Form]] = TaskForms()
ENTRIES: Sequence[Entry] = TaskEntries()
