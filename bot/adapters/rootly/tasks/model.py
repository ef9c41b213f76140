"""Task types as the rest of the adapter uses them: facts and our words in one place."""

from dataclasses import dataclass
from typing import Literal

from bot.adapters.rootly.tasks.facts import Default

KINDS = {
    "string": ("text", "long", "email", "json", "mapping", "choice"),
    "boolean": ("checkbox", "yes_no"),
    "integer": ("integer",),
    "number": ("number",),
    "reference": ("reference", "channel", "person", "user_group"),
    "member": ("member",),
    "object": ("object",),
}
"""The kinds of field for a value of each of Rootly's types, the usual one first.

A string or a reference may be an entry of a catalog as well; its kind is the catalog's name.
"""
CATALOG_TYPES = ("string", "reference")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a type, and the kind of its field.

    `kind` is a kind of `KINDS`, or a catalog's name. `reference`: it is sent as `{id, name}`.
    `many`: it is a list. `minimum` and `maximum` bound a number, or the length of a list.
    `demanded`: required in practice, though not by the document. `advanced`: behind "More fields".
    `default` is always sent. `title` and `hint` are empty if the usual ones apply. `documented`:
    Rootly's document has it.
    """

    name: str
    kind: str
    choices: tuple[str, ...] = ()
    reference: bool = False
    many: bool = False
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    demanded: bool = False
    advanced: bool = False
    default: Default | None = None
    title: str = ""
    hint: str = ""
    documented: bool = True

    @property
    def needed(self) -> bool:
        """True if a task without the parameter fails."""
        return self.required or self.demanded

    @property
    def from_catalog(self) -> bool:
        """True if the value is chosen from one of Rootly's own lists."""
        return not any(self.kind in kinds for kinds in KINDS.values())


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that ties parameters together.

    `any of`: one of the groups is filled in whole. `together`: the group is filled in whole or not
    at all. `needs`: the parameter is filled in when another, `when[0]`, has the value `when[1]`.
    """

    kind: Literal["any of", "together", "needs"]
    groups: tuple[tuple[str, ...], ...]
    documented: bool = True
    when: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class TaskType:
    """One type: its label and area for people, its parameters in the order of the form, its rules.

    `origin`: "document", "sdk" (newer than the document) or "former" (no longer in it).
    """

    name: str
    label: str
    area: str
    origin: Literal["document", "sdk", "former"]
    parameters: tuple[Parameter, ...]
    rules: tuple[Rule, ...]
