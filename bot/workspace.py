"""Workspaces: whose a row is, which of them an uninstallation is about, and the parts of the bot
that remember something of them."""

import json
from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

WAITING_DELIVERIES = 2_000
"""How many deliveries of one workspace may wait to be sent. This quota and the next two are
generous: people reach them only when something is wrong."""
REQUESTS = 64
"""How many requests of one workspace, events aside, are answered at a time."""
FILES = 8
"""How many files of one workspace are downloaded, or kept until the form's button is pressed again,
at a time."""


class Workspace(NamedTuple):
    """A Slack workspace, or an organisation.

    `enterprise` is empty outside Enterprise Grid. `team` is empty for an organisation-wide
    installation.
    """

    enterprise: str
    team: str


ConnectionKey = tuple[Workspace, str]
"""The workspace and the vendor's name: which connection."""
ELSEWHERE = "json_array(enterprise, team, vendor) NOT IN (SELECT value FROM json_each(?))"
"""The SQL condition for rows of other connections. Its parameter is `keys_json` of these."""


def keys_json(keys: Iterable[ConnectionKey]) -> str:
    """Return a JSON list of texts, each as SQLite's `json_array` writes a connection's key."""
    return json.dumps(
        [
            json.dumps([*workspace, vendor], separators=(",", ":"), ensure_ascii=False)
            for workspace, vendor in keys
        ]
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """The workspaces that an uninstallation is about.

    It is one workspace; or, where `workspace` has no team, the whole organisation without the teams
    in `kept`, which have installations of their own. `served`: only the team's own installation was
    removed, and the installation of its organisation serves the team from now on.
    """

    workspace: Workspace
    kept: frozenset[str] = frozenset()
    served: bool = False

    def __contains__(self, other: object) -> bool:
        if not isinstance(other, Workspace):
            return False
        if self.workspace.team:
            return other == self.workspace
        return other.enterprise == self.workspace.enterprise and other.team not in self.kept

    @property
    def condition(self) -> str:
        """The SQL condition for rows of these workspaces. Its parameters are `values`."""
        if self.workspace.team:
            return "(enterprise, team) = (:enterprise, :team)"
        return "enterprise = :enterprise AND team NOT IN (SELECT value FROM json_each(:kept))"

    @property
    def values(self) -> Mapping[str, str]:
        """The parameters of `condition`, by name."""
        return {**self.workspace._asdict(), "kept": json.dumps(sorted(self.kept))}


@dataclass(frozen=True, slots=True)
class AllowedWorkspaces:
    """The workspaces that may install and use the bot. `ids` are ids of teams and organisations;
    without any, every workspace may."""

    ids: frozenset[str] = frozenset()

    def __contains__(self, workspace: object) -> bool:
        return not self.ids or (
            isinstance(workspace, Workspace) and not self.ids.isdisjoint(workspace)
        )


class WorkspaceMemory:
    """All parts of one bot that remember something about workspaces."""

    def __init__(self) -> None:
        self.parts: list[RemembersWorkspaces] = []

    def add(self, part: "RemembersWorkspaces") -> None:
        """Take in a part."""
        self.parts.append(part)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Take in every `RemembersWorkspaces` that is made inside the block.

        The block must not await anything, since other code could make parts of another bot
        meanwhile.
        """
        token = _collecting.set(self)
        try:
            yield
        finally:
            _collecting.reset(token)

    def forget(self, scope: Scope) -> None:
        """Let every part forget these workspaces. If the organisation's installation serves them
        from now on, only the parts that hold tokens forget them."""
        for part in self.parts:
            if part.holds_tokens or not scope.served:
                part.forget(scope)


class RemembersWorkspaces(ABC):
    """A part that remembers something about workspaces, or does something for them.

    The bot's `WorkspaceMemory` collects each part when it is made, so that no list has to name it.
    """

    holds_tokens: ClassVar[bool] = False
    """Whether the part remembers tokens of installations."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        part = super().__new__(cls)
        memory = _collecting.get()
        if memory is not None:
            memory.add(part)
        return part

    @abstractmethod
    def forget(self, scope: Container[Workspace], /) -> None:
        """Forget these workspaces, and stop the work under way for them. Never raises."""


_collecting: ContextVar[WorkspaceMemory | None] = ContextVar("collecting", default=None)
