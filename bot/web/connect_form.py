"""The form for credentials: drawn, read when it is posted, and drawn again with errors."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args, get_origin

import htpy as h
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.adapters.credentials import Credentials, typed_unseen
from bot.forms.text import humanise
from bot.language import _

FORM_KEY, ACTION = "form_key", "action"
Action = Literal["save", "test", "disconnect"]
"""The actions of the page's buttons."""
_AS_TYPED: Mapping[str, h.Attribute] = {
    "autocomplete": "off",
    "spellcheck": "false",
    "autocapitalize": "none",
}
"""Attributes that keep browsers from changing or remembering the typed text."""
_LOOKS: Mapping[str, str] = {"error": "field-error", "again": "hint", "hint": "hint"}
"""The style of each kind of note below an input."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Posted values and their errors, for showing the form again.

    `values` holds only values that may be seen. `errors` are by field, and `problem` is about the
    whole form. `lost` are the fields whose secrets are not kept and have to be typed again.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    lost: Collection[str] = ()


def given_in(credentials: type[Credentials], posted: Mapping[str, str]) -> dict[str, str]:
    """Return the typed credentials. Blank fields are left out."""
    typed = {name: posted.get(name, "").strip() for name in credentials.model_fields}
    return {name: text for name, text in typed.items() if text}


def typed_in(
    credentials: type[Credentials],
    posted: Mapping[str, str],
    problem: str = "",
    errors: Mapping[str, str] | None = None,
) -> Typed | None:
    """Return the values and errors for showing the form again.

    Secrets are left out. An error about no field of the form is placed on top. Return None if
    another button than the form's was pressed.
    """
    if posted.get(ACTION) != "save":
        return None
    known, given = credentials.model_fields, given_in(credentials, posted)
    lost = [name for name, info in known.items() if posted.get(name) and typed_unseen(info)]
    beside = {
        name: text if name in given else _("Fill this in.")
        for name, text in (errors or {}).items()
        if name in known
    }
    above = [text for name, text in (errors or {}).items() if name not in known]
    return Typed(
        {name: posted[name] for name in known if name in posted and name not in lost},
        beside,
        problem or " ".join(above) or (_("Nothing was saved. See below.") if beside else ""),
        lost,
    )


def alert(sentence: str) -> h.Node:
    """Return a paragraph for an error."""
    return h.p(".error", role="alert")[sentence]


def fields(
    credentials: type[Credentials], typed: Typed, form_key: str, submit: str, hint: str
) -> h.Node:
    """Return the form with one input for each field of the model, and the error on top of it."""
    known = credentials.model_fields
    places = typed.errors or (typed.lost if typed.problem else ())
    # The cursor stands in the first field with an error, or of the first lost secret.
    first = next((name for name in known if name in places), "")
    return [
        typed.problem and alert(typed.problem),
        h.form(method="post", autocomplete="off")[
            hidden(form_key, "save"),
            [_field(name, info, typed, focused=name == first) for name, info in known.items()],
            h.button[submit],
            h.p(".hint")[hint],
        ],
    ]


def hidden(form_key: str, action: Action) -> h.Node:
    """Return the inputs that every form of the page has."""
    return [
        h.input(type="hidden", name=FORM_KEY, value=form_key),
        h.input(type="hidden", name=ACTION, value=action),
    ]


def _field(name: str, info: FieldInfo, typed: Typed, *, focused: bool) -> h.Node:
    error = typed.errors.get(name, "")
    notes = {
        "error": f"{error[:1].upper()}{error[1:]}",
        "again": _("Paste it again. This page doesn't keep secrets.") if name in typed.lost else "",
        "hint": _(info.description) if info.description else "",
    }
    below = {f"{name}-{kind}": (kind, text) for kind, text in notes.items() if text}
    attributes: Mapping[str, h.Attribute] = {
        "id": name,
        "name": name,
        "required": info.is_required(),
        "autofocus": focused,
        "aria-describedby": " ".join(below) or None,
        "aria-invalid": "true" if error else None,
    }
    return [
        h.label(for_=name)[info.title or humanise(name)],
        _input(info, typed.values.get(name), attributes),
        [h.p(f".{_LOOKS[kind]}", id=note_id)[text] for note_id, (kind, text) in below.items()],
    ]


def _input(info: FieldInfo, value: str | None, attributes: Mapping[str, h.Attribute]) -> h.Node:
    """Return an input. Secrets are always empty. Raises `TypeError` for an unsupported type."""
    shown = value if value is not None else "" if info.is_required() else str(info.get_default())
    if get_origin(info.annotation) is Literal:
        choices = [str(choice) for choice in get_args(info.annotation)]
        return h.select(attributes)[
            [h.option(value=choice, selected=choice == shown)[choice] for choice in choices]
        ]
    if typed_unseen(info):
        return h.input(attributes, _AS_TYPED, type="password")
    if info.annotation in (str, SecretStr):
        return h.input(attributes, _AS_TYPED, type="text", value=shown)
    raise TypeError(f"There is no input for {info.annotation}.")
