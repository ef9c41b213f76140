"""What an adapter is: one vendor's operations, forms, requests, errors and lists. Adding a vendor is one such file.

An adapter knows its vendor and never Slack. It turns a filled-in form into one request (`request`, a pure function that
contract tests check against the vendor's OpenAPI document), sends it (`create`), and reads the vendor's lists (`entries`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, create_model

from bot.forms.fields import Form

Kind = Literal["incident", "action_item", "workflow_task"]


class Credentials(BaseModel):
    """Base of a vendor's credentials; every field a secret, so that no repr shows one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ApiKey(Credentials):
    """One bearer token."""

    api_key: SecretStr


class Account(BaseModel):
    """Whom the vendor says the credentials belong to. `id` is equal for two keys of the same account."""

    id: str
    name: str


class Entry(BaseModel):
    """One line of a catalog: what is sent, what is shown, and a little more (shown smaller, searched too)."""

    model_config = ConfigDict(frozen=True)

    id: str
    label: str
    detail: str = ""
    url: str = ""


class Created(BaseModel):
    """What the vendor made: its id, what people call it ("INC-42"), its title, and where to look at it."""

    id: str
    reference: str = ""
    title: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """One thing to create: the filled-in form, the delivery's marker, and who asked for it."""

    form: Form
    marker: str
    reporter: str = ""
    revision: int = 0

    @property
    def idempotency_key(self) -> str:
        return f"{self.marker}-r{self.revision}" if self.revision else self.marker


@dataclass(frozen=True, slots=True)
class Request:
    """One call to the vendor. `path` is below the base URL; exactly one of `json` and `data` (a web form) is given."""

    method: str
    path: str
    json: Any = None
    data: Mapping[str, str] | None = None
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branches:
    """A form that goes on according to one answer: `field` asks, `into` is the field that holds the chosen form."""

    field: str
    into: str
    forms: Mapping[str, type[Form]]


@dataclass(frozen=True)
class Operation:
    """One thing that a vendor can create. `label` follows the vendor's in menus: "Rootly: action item"."""

    name: str
    kind: Kind
    label: str
    form: type[Form]
    branches: Branches | None = None

    def form_for(self, answer: str | None) -> type[Form]:
        """The whole form once `answer` has been given to the field that branches; without one, the part that asks."""
        if self.branches is None or answer is None or answer not in self.branches.forms:
            return self.form
        return _joined(self.form, self.branches.into, self.branches.forms[answer])


@cache
def _joined(base: type[Form], into: str, branch: type[Form]) -> type[Form]:
    return create_model(f"{base.__name__}_{branch.block}", __base__=base, **{into: (branch, ...)})  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True, slots=True)
class Catalog:
    """A list that a picker offers. `label` is its plural as people say it; `ttl` is its freshness in seconds.

    `by_reference` makes an entry out of a typed reference or a pasted link that the list does not hold (an old incident):
    its id begins with `#`, and the adapter looks it up when it creates.
    """

    name: str
    label: str
    ttl: float = 600.0
    by_reference: Callable[[str], Entry | None] | None = None
    static: Sequence[Entry] | None = None
