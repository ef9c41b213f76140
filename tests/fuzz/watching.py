"""What is looked at before and after each request: the answer, the log, the database, and what was
said to Slack."""

import gc
import hashlib
import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from structlog.testing import capture_logs

from bot.playground.slack.transport import signature
from bot.playground.vendors import data
from bot.workspace import Workspace
from tests.fuzz.workspaces import PLANTED
from tests.storage.twins import columns, tables
from tests.world.workspaces import Many

SEED = os.environ.get("FUZZ_SEED", "1")
"""Every run bends the same way until another is given."""
SLACK_SECONDS = 3.0
MARK = "fuzzmark"
"""Stands in what is sent; no log may repeat it."""
BY_THEMSELVES = ("catalogs", "delivery_events")
"""Tables that change without a request."""

Written = Mapping[tuple[Workspace, str], str]
"""A digest of a workspace's rows in a table."""


class _Logged(logging.Handler):
    """Whatever any library logs that is a warning, or about an exception."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if (
            record.levelno >= logging.WARNING
            or record.exc_info
            or "Traceback" in record.getMessage()
        ):
            self.records.append(record.getMessage())


class Log:
    """What was logged, by the bot and by libraries, since it was looked at last."""

    def __init__(self, ours: list[Any], theirs: list[str]) -> None:
        self._ours = ours
        self._theirs = theirs

    def lines(self) -> list[str]:
        """Everything of the bot's, and what is remarkable of the libraries'."""
        found = [*map(repr, self._ours), *self._theirs]
        self._ours.clear()
        self._theirs.clear()
        return found

    def wrong(self) -> list[str]:
        """What may not be there: an error, an exception, or words out of a request or out of Acme's
        rows."""
        bad = [
            repr(it)
            for it in self._ours
            if it["log_level"] in ("error", "critical") or "exc_info" in it
        ]
        return [*bad, *self._theirs, *(it for it in self.lines() if MARK in it or PLANTED in it)]


@contextmanager
def logged() -> Iterator[Log]:
    """Listen to every log; in the end also to what nobody waited for. What earlier tests left behind
    goes first: it reports itself when it is thrown away, and is not of this test."""
    gc.collect()
    handler, root, client = _Logged(), logging.getLogger(), logging.getLogger("httpx")
    levels = root.level, client.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)  # below that, slack_sdk spells out every view
    client.setLevel(logging.WARNING)  # it notes every request
    try:
        with capture_logs() as ours:
            log = Log(ours, handler.records)
            yield log
            gc.collect()
            assert log.wrong() == []
    finally:
        root.removeHandler(handler)
        root.setLevel(levels[0])
        client.setLevel(levels[1])


class Ledger:
    """The database as another process sees it: who has which rows."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._version = -1
        self._seen: Written = {}

    def close(self) -> None:
        self._db.close()

    def changed(self) -> set[tuple[Workspace, str]]:
        """Whose rows in which table have changed since it was asked last."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return set()
        before, self._version, self._seen = self._seen, version, self.look()
        return {it for it in {*before, *self._seen} if before.get(it) != self._seen.get(it)}

    def look(self) -> Written:
        """Of deliveries, only what a request writes: the bot goes on with them by itself."""
        found: dict[tuple[Workspace, str], Any] = {}
        for table in tables(self._db):
            if table in BY_THEMSELVES or "enterprise" not in columns(self._db, table):
                continue
            for place, *row in self._db.execute(
                _SUMMED if table == "deliveries" else _whole(self._db, table)
            ):
                found.setdefault((Workspace(*json.loads(place)), table), hashlib.sha256()).update(
                    repr(row).encode()
                )
        return {place: it.hexdigest() for place, it in found.items()}

    def everything(self, workspace: Workspace) -> list[Any]:
        """Every column of every row of the workspace, but what changes by itself."""
        return [
            [
                tuple(row)
                for row in self._db.execute(
                    f"SELECT * FROM {it} WHERE (enterprise, team) = (?, ?)", workspace
                )
            ]
            for it in tables(self._db)
            if it not in BY_THEMSELVES and "enterprise" in columns(self._db, it)
        ]

    def last_state(self, workspace: Workspace) -> str:
        """The state of the delivery that was changed last."""
        sql = "SELECT state FROM deliveries WHERE (enterprise, team) = (?, ?) ORDER BY updated_at DESC LIMIT 1"
        found = self._db.execute(sql, workspace).fetchone()
        return str(found[0]) if found else ""


_SUMMED = (
    "SELECT json_array(enterprise, team), count(*), max(id), total(revision), "
    "total(length(payload)) FROM deliveries"
    " GROUP BY enterprise, team"
)


def _whole(db: sqlite3.Connection, table: str) -> str:
    return f"SELECT json_array(enterprise, team), {', '.join(columns(db, table))} FROM {table} ORDER BY 1"


class Sender:
    """Sends what is signed, and looks at the answer."""

    def __init__(self, world: Many) -> None:
        self._secret = world.secret_values["SLACK_SIGNING_SECRET"].encode()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(world.bot.web), base_url="http://bot"
        )

    async def send(self, content_type: str, body: bytes) -> tuple[httpx.Response, float]:
        """The answer, and after how many seconds it came."""
        headers = {"Content-Type": content_type, **signature(self._secret, body, int(time.time()))}
        started = time.monotonic()
        answer = await self.client.post("/slack/events", content=body, headers=headers)
        return answer, time.monotonic() - started


def refusal(answer: httpx.Response) -> str:
    """How it says that nothing was done: by its "status", beside the fields ("errors"), on top of
    the form ("push")."""
    if answer.status_code >= 400:
        return "status"
    try:
        said = answer.json()
    except ValueError:
        return ""
    action = said.get("response_action") if isinstance(said, dict) else None
    return action if action in ("errors", "push") else ""


def said_at(world: Many, team: data.Team) -> str:
    """Everything that the bot ever said to that workspace's Slack, and that people see there."""
    slack = world.slack(team)
    everybody = list(slack.people)
    shown = [slack.views(it) for it in everybody], [slack.home(it) for it in everybody]
    return repr(
        [slack.calls, slack.ephemerals, [it.messages for it in slack.channels.values()], shown]
    )
