"""The workspaces that are fuzzed: Acme has everything, and words of its own everywhere in it; the
others must not see them."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.cli.connect import connect
from bot.connections.store import Connection
from bot.delivery.model import Delivery
from bot.delivery.problems import said
from bot.playground.vendors import IncidentIo, Twilio, data
from bot.playground.vendors.base import VendorStandIn
from bot.storage.database import Database
from bot.workspace import Workspace
from tests.storage.twins import STATES
from tests.world.bot import eventually
from tests.world.lists import entries_of, put_list
from tests.world.notes import draft
from tests.world.workspaces import (
    ACME,
    ADMIN,
    BOLT,
    CHANNEL,
    DUCHY,
    Many,
    installed_as,
    many,
    workspace_of,
)

PLANTED = "acmeplanted"
"""How every word begins that stands in Acme's rows and at Acme's Slack, and in no payload:
"acmeplanted-title"."""
YEARS = 4e9


@asynccontextmanager
async def workspaces(folder: Path) -> AsyncIterator[tuple[Many, dict[str, VendorStandIn]]]:
    """Acme with all three vendors, Duchy (an organisation's) with Rootly, Bolt with the app alone;
    and the vendors."""
    async with AsyncExitStack() as stack:
        others: list[VendorStandIn] = [IncidentIo(), Twilio()]
        for it in others:
            await it.start()
            stack.push_async_callback(it.stop)
        world = await stack.enter_async_context(
            many(folder, **{it.adapter.url_variable: it.url for it in others})
        )
        vendors: dict[str, VendorStandIn] = {it.vendor: it for it in (world.rootly, *others)}
        for team in (ACME, BOLT, DUCHY):
            await world.install(team)
        await world.connect(DUCHY)
        for name, vendor in vendors.items():
            await connect(world.settings, workspace_of(ACME), name, dict(vendor.credentials))
        await lists_loaded(world)
        yield world, vendors


async def lists_loaded(world: Many) -> None:
    """Wait until every list of every connection is there."""
    catalogs, here = (
        world.bot.services.catalogs,
        [(workspace_of(ACME), it) for it in ("rootly", "incident_io", "twilio")],
    )
    here.append((workspace_of(DUCHY), "rootly"))
    for place in here:
        await catalogs.want(*place, [])

    async def loaded() -> bool:
        return None not in [(await catalogs.condition(*place))[0] for place in here]

    await eventually(loaded, 20)


async def plant(world: Many) -> None:
    """Put Acme's words into whatever is kept of a workspace."""
    await _plant_lists(world)
    services, workspace = world.bot.services, workspace_of(ACME)
    for person_id, it in list(world.slack(ACME).people.items()):
        world.slack(ACME).people[person_id] = replace(it, real_name=f"{PLANTED}-{it.name}")
    await services.connections.setup_links.make(
        workspace,
        "rootly",
        actor=ADMIN,
        actor_name=f"{PLANTED}-by",
        workspace_name=f"{PLANTED}-workspace",
    )
    await world.bot.database.write(partial(_plant_rows, workspace=workspace))
    world.bot.stores.installations.forget({workspace})


async def plant_deliveries(world: Many) -> list[Delivery]:
    """One of Acme's in every state, due in years, and no others."""
    services, workspace = world.bot.services, workspace_of(ACME)
    delete = "DELETE FROM deliveries WHERE (enterprise, team) = (?, ?)"
    await world.bot.database.write(lambda db: db.execute(delete, workspace))
    for part in (services.delivery.dispatcher, services.delivery.cards):
        part.forget({workspace})
    return [await _plant_delivery(world, key) for key in STATES]


async def _plant_lists(world: Many) -> None:
    workspace = workspace_of(ACME)
    for (owner, vendor), names in (await world.bot.stores.catalogs.ages()).items():
        for name in names if owner == workspace else ():
            key = (workspace, vendor, name)
            planted = [
                it.model_copy(update={"label": f"{it.label} {PLANTED}-{name}"})
                for it in await entries_of(world.bot, key)
            ]
            await put_list(world.bot, key, planted, YEARS)  # nothing is fetched anew


def _plant_rows(db: sqlite3.Connection, *, workspace: Workspace) -> None:
    where = f"WHERE (enterprise, team) = {tuple(workspace)}"
    db.execute(f"UPDATE connections SET account_name = '{PLANTED}-' || vendor {where}")
    db.execute(f"UPDATE installations SET name = '{PLANTED}-installation' {where}")
    habit = (*workspace, f"U0{PLANTED}", "incident", f"{PLANTED}.habit")
    db.execute("INSERT INTO preferences VALUES (?, ?, ?, ?, ?)", habit)
    may = (*workspace, "rootly.action_item", f"S0{PLANTED}", f"U0{PLANTED}", 1.0)
    db.execute("INSERT INTO permissions VALUES (?, ?, ?, ?, ?, ?)", may)


async def _plant_delivery(world: Many, key: str) -> Delivery:
    services, workspace = world.bot.services, workspace_of(ACME)
    connection = await services.connections.store.get(workspace, "rootly")
    assert isinstance(connection, Connection)
    row = draft(
        key,
        workspace=workspace,
        vendor="rootly",
        operation="incident",
        title=f"{PLANTED}-title",
        actor_name=f"{PLANTED}-actor",
        actor=ADMIN,
        channel=CHANNEL,
        account=connection.account,
        payload={"title": f"{PLANTED}-title", "summary": f"{PLANTED}-summary"},
    )
    await services.delivery.deliveries.enqueue(row, lease=None, card_not_before=2e9)
    columns = {
        name: YEARS if _is_time(name) and value else value for name, value in STATES[key].items()
    }
    made = {
        "id": "n1",
        "reference": f"{PLANTED}-1",
        "title": f"{PLANTED}-title",
        "url": f"https://{PLANTED}.example.com/",
    }
    columns |= (
        {"follow_up_steps": "{}"} if "follow_up_steps" in columns else {}
    )  # of a field that Rootly does not have
    columns |= {"vendor_object": json.dumps(made)} if "vendor_object" in columns else {}
    columns |= {
        "card_version": 99,
        "next_attempt_at": YEARS,
        "expires_at": YEARS,
        "error_details": json.dumps(said(f"{PLANTED}-sentence")),
    }
    await world.bot.database.write(partial(_change, key=key, columns=columns))
    found = await services.delivery.deliveries.find(workspace, key)
    assert found is not None
    return found


def _is_time(column: str) -> bool:
    return column.endswith(("_at", "_until"))


def _change(db: sqlite3.Connection, *, key: str, columns: dict[str, Any]) -> None:
    sets = ", ".join(f"{it} = ?" for it in columns)
    db.execute(f"UPDATE deliveries SET {sets} WHERE key = ?", (*columns.values(), key))


class Kept:
    """A workspace's rows but its deliveries, to be put back once an event has removed them."""

    def __init__(self, world: Many, team: data.Team) -> None:
        self._world = world
        self._places = {workspace_of(team), installed_as(team)}
        self._database: Database = world.bot.database
        self._rows: dict[str, list[tuple[Any, ...]]] = {}

    async def keep(self) -> None:
        self._rows = await self._database.read(self._read)

    def _read(self, db: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
        tables = ("installations", "connections", "catalogs", "permissions", "preferences")
        return {
            table: [
                tuple(row)
                for row in db.execute(f"SELECT * FROM {table}")
                if Workspace(row["enterprise"], row["team"]) in self._places
            ]
            for table in tables
        }

    async def put_back(self) -> None:
        """Harmless where nothing was removed."""
        await self._database.write(self._write)
        self._world.bot.stores.installations.forget(self._places)

    def _write(self, db: sqlite3.Connection) -> None:
        for table, rows in self._rows.items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)


def without_planted(payload: Any) -> Any:
    """The payload with other words in the place of Acme's: what comes in may go out again."""
    return json.loads(json.dumps(payload).replace(PLANTED, "brought-along"))
