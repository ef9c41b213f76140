"""The shape of `forms.toml`: our words, order and rules for the task types.

The comments in the file explain its sections.
"""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.adapters.rootly.tasks.facts import Default, Fact

FORMS = Path(__file__).with_name("forms.toml")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldWording(_Table):
    """Our wording of a parameter. A missing value comes from the facts, or is the usual one."""

    kind: str = ""
    title: str = ""
    hint: str = ""
    choices: tuple[str, ...] = ()
    default: Default | None = None
    minimum: float | None = None
    maximum: float | None = None


class FormWording(_Table):
    """Our wording of a type."""

    label: str
    fields: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    demanded: frozenset[str] = frozenset()
    any_of: tuple[tuple[str, ...], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    needs: dict[str, dict[str, str]] = {}
    parameters: dict[str, FieldWording] = {}


class Wording(_Table):
    """The whole file."""

    areas: dict[str, str]
    most_used: tuple[str, ...]
    not_offered: dict[str, str]
    parameters: dict[str, FieldWording]
    options: dict[str, str]
    spelling: dict[str, str]
    phrases: dict[str, str]
    forms: dict[str, dict[str, FormWording]]
    sdk: dict[str, dict[str, Fact]]
    former: dict[str, dict[str, Fact]]


@cache
def read_wording() -> Wording:
    """Return the content of the file.

    Raises `ValueError` with the place of a mistake in the file.
    """
    return Wording.model_validate(tomllib.loads(FORMS.read_text(encoding="utf-8")))
