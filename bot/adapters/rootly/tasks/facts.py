"""Facts about Rootly's task types, from `facts.json` and the hand-kept part of `forms.toml`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

FACTS = Path(__file__).with_name("facts.json")
"""The file that `python -m bot.adapters.rootly.generate` makes. Nobody edits it."""

Default = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Fact:
    """Rootly's facts about one parameter.

    A `reference` is an object `{id, name}`, a `member` an object `{email, name}`. `many`: a list of
    these. `minimum` and `maximum` bound a number.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    type: Literal["string", "boolean", "integer", "number", "reference", "member", "object"]
    many: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()
    default: Default | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """Rootly's facts about one type.

    One group of `any_of` has to be filled in. An empty `any_of` requires nothing.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    parameters: dict[str, Fact]
    any_of: tuple[tuple[str, ...], ...] = ()


@cache
def read_facts() -> dict[str, TypeFacts]:
    """Return the facts of every type of Rootly's document by the type's name."""
    return TypeAdapter(dict[str, TypeFacts]).validate_json(FACTS.read_bytes())
