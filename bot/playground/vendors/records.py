"""The records of a vendor stand-in: created objects, requests, and objects for the page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Created:
    """One object made through the API: the path, the parsed body, and the new id.

    The body is JSON or form fields.
    """

    path: str
    body: Any
    id: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request. `at` is in epoch seconds; `status` is 0 if no answer was sent.

    `note` contains nothing from the body except field names.
    """

    at: float
    method: str
    path: str
    query: str
    status: int
    ms: float
    note: str


@dataclass(frozen=True, slots=True)
class DisplayedObject:
    """One object for the playground's page.

    `path` is the path of its HTML page, `at` is in epoch seconds.

    `within` is the object to which it was added, if `reference` belongs to that object. `sent` is
    the body that made it, for people to read.
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
        """The result of a create call, for the list of requests."""
        return (
            f"{self.kind} in {self.within}"
            if self.within
            else f"{self.kind} {self.reference}".strip()
        )
