"""What a vendor stand-in remembers: what was created, the requests that arrived, and objects as the
page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Created:
    """One object made through the API: the path posted to, the parsed body (JSON, or form fields),
    the new id."""

    path: str
    body: Any
    id: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request. `at` is epoch seconds; `status` is 0 where no answer went out; `note` holds
    nothing out of a body but field names."""

    at: float
    method: str
    path: str
    query: str
    status: int
    ms: float
    note: str


@dataclass(frozen=True, slots=True)
class DisplayedObject:
    """One object as the playground's page shows it; `path` is that of its HTML page here, `at`
    epoch seconds.

    `within`: what it was added to, where `reference` is not its own. `sent`: the body that made it,
    for people.
    """

    kind: str
    reference: str
    title: str
    path: str
    at: float
    detail: Mapping[str, str] = field(default_factory=dict)
    from_slack: bool = False
    within: str = ""
    sent: str = ""

    @property
    def created(self) -> str:
        """What a create call has made, for the list of requests."""
        return (
            f"{self.kind} in {self.within}"
            if self.within
            else f"{self.kind} {self.reference}".strip()
        )
