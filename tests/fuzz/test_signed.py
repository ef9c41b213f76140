"""Thousands of payloads that Slack signed and that no Slack ever sent.

Real payloads, recorded from everything that the bot shows, are bent: members dropped, renamed,
repeated, of another type, exchanged, out of another modal or workspace. `FUZZ_SEED=2 python -m
pytest tests/fuzz` bends them in other ways, `FUZZ_TIMES=10` sends ten times as many; a failure names
the seed and the number of the payload.
"""

import json
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.playground.slack.views import View
from bot.playground.vendors import data
from bot.workspace import Workspace
from tests.fuzz.mutations import Pool, bend, places, pool_of, written
from tests.fuzz.recording import Payload, Sample, record
from tests.fuzz.watching import (
    MARK,
    SEED,
    SLACK_SECONDS,
    Ledger,
    Log,
    Sender,
    logged,
    refusal,
    said_at,
)
from tests.fuzz.workspaces import PLANTED, Kept, plant, plant_deliveries, workspaces
from tests.world.workspaces import ACME, ADMIN, BOLT, DUCHY, Many, installed_as, workspace_of

TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
KINDS = (
    "command",
    "shortcut",
    "message_action",
    "block_actions",
    "block_suggestion",
    "view_submission",
    "app_home_opened",
    "app_uninstalled",
    "tokens_revoked",
    "team_access_revoked",
    "url_verification",
)
STRANGER = {
    "id": "U0STRANGER1",
    "username": "stranger",
    "name": "stranger",
    "team_id": "T0STRANGER1",
}
RARE = (
    "app_uninstalled",
    "tokens_revoked",
    "team_access_revoked",
    "url_verification",
    "view_closed",
    "app_home_opened",
)
ABOUT_IDS = (
    "no such person",
    "field: user",
    "field: channel",
    "field: trigger_id",
    "json-pointer:/view_id]",
)
"""A person, channel, trigger or view that nobody knows: Slack refuses the call, as it should."""


@dataclass
class Campaign:
    """What is sent in one workspace's name. `pool` is what its payloads are mixed with."""

    world: Many
    team: data.Team
    samples: list[Sample]
    pool: Pool
    log: Log
    ledger: Ledger
    sender: Sender
    kept: Kept

    @property
    def places(self) -> set[Workspace]:
        return {workspace_of(self.team), installed_as(self.team)}

    async def run(self, name: str, count: int) -> Counter[str]:
        """Send so many bent payloads; what the answers were, by kind and status."""
        found: Counter[str] = Counter()
        by_kind: dict[str, list[Sample]] = {}
        for sample in self.samples:
            by_kind.setdefault(sample.kind, []).append(sample)
        kinds = [it for it in sorted(by_kind) for _ in range(1 if it in RARE else 6)]
        self.ledger.changed()
        for number in range(count):
            rng = random.Random(f"{SEED} {name} {number}")
            sample = rng.choice(by_kind[rng.choice(kinds)])
            bent = from_here(bend(rng, self._fresh(rng, sample), self.pool), self.team)
            content_type, body = written(rng, sample, bent)
            try:
                found[f"{sample.kind} {await self._send(content_type, body)}"] += 1
            except AssertionError as error:
                shown = (
                    f"FUZZ_SEED={SEED}, payload {number} of {name}: {sample.kind} as {content_type}"
                )
                raise AssertionError(f"{error}\n{shown}\n{body[:6000]!r}") from error
        return found

    def _fresh(self, rng: random.Random, sample: Sample) -> Payload:
        """The payload with a trigger that can be used, and a modal that was not submitted yet."""
        payload: Payload = json.loads(json.dumps(sample.payload))
        slack = self.world.slack(self.team)
        if "trigger_id" in payload:
            payload["trigger_id"] = slack.state.triggers.issue(ADMIN)
        view = payload.get("view")
        slack.state.views.stacks.clear()
        if isinstance(view, dict):
            slack.state.views.stacks[ADMIN] = [View(ADMIN, view, view["id"], id=view["id"])]
        if (
            isinstance(view, dict)
            and '"key"' in view.get("private_metadata", "")
            and rng.random() < 0.8
        ):
            kept = json.loads(view["private_metadata"]) | {"key": f"ir{secrets.token_hex(6)}"}
            view["private_metadata"] = json.dumps(kept)
        return payload

    async def _send(self, content_type: str, body: bytes) -> int:
        answer, seconds = await self.sender.send(content_type, body)
        wrong = self.log.wrong()
        assert answer.status_code < 500, (answer.status_code, wrong)
        assert wrong == [], wrong
        assert seconds < SLACK_SECONDS, seconds
        assert self.team is ACME or PLANTED not in answer.text, answer.text[:2000]
        changed = self.ledger.changed()
        assert {place for place, _ in changed} <= self.places, (
            f"another workspace's rows changed: {changed}"
        )
        how = refusal(answer)
        if (
            how == "errors" and self.ledger.last_state(workspace_of(self.team)) == "rejected"
        ):  # by the vendor
            changed = {
                (place, table)
                for place, table in changed
                if table not in ("deliveries", "preferences")
            }
        assert not (how and changed), (answer.status_code, changed, answer.text[:500])
        assert MARK not in (answer.text if answer.status_code >= 400 else "")
        if any(table == "installations" for _, table in changed):
            await self.kept.put_back()
            self.ledger.changed()
        return answer.status_code


@asynccontextmanager
async def campaign(folder: Path, team: data.Team) -> AsyncIterator[tuple[Campaign, Any]]:
    """Everything recorded and planted; the vendors too. In the end nothing was rendered that Slack
    would refuse."""
    async with workspaces(folder) as (world, vendors):
        await plant(world)
        acmes = await record(world, ACME, await plant_deliveries(world))
        await plant_deliveries(world)
        samples = (
            acmes
            if team is ACME
            else [*await record(world, team, []), *addressed(acmes, world, team)]
        )
        samples = [replace(it, payload=marked(it.payload)) for it in samples]
        ledger, sender = Ledger(world.settings.database), Sender(world)
        kept = Kept(world, team)
        await kept.keep()
        await world.admins_told()
        for slack in world.platform.workspaces.values():
            slack.calls.clear()
            slack.violations.clear()
        with logged() as log:
            yield Campaign(world, team, samples, pool_of(acmes), log, ledger, sender, kept), vendors
        for slack in world.platform.workspaces.values():
            slack.violations[:] = [it for it in slack.violations if not it.endswith(ABOUT_IDS)]
        ledger.close()
        await sender.client.aclose()


def from_here(payload: Payload, team: data.Team) -> Payload:
    """The payload without Acme's id where Slack itself would say it: a whole view of Acme's may
    have come in. What the bot wrote, metadata and buttons' values, stays."""
    for owner, name in places(payload):
        if owner[name] == ACME.id:
            owner[name] = team.id
    return payload


def marked(payload: Payload) -> Payload:
    """The payload with a mark in what people typed."""
    return dict(json.loads(json.dumps(payload).replace("Checkout", MARK)))


def addressed(samples: list[Sample], world: Many, team: data.Team) -> list[Sample]:
    """Acme's payloads as if they came from that workspace: Slack's part of them says so, what the
    bot wrote does not."""
    known = world.slack(team).payloads
    person = world.slack(team).people[ADMIN]
    moved = []
    for it in samples:
        payload = json.loads(json.dumps(it.payload))
        ours = known.command(
            person, next(iter(world.slack(team).channels.values())), "/incident", ""
        )
        if it.way == "slash_commands":
            payload |= {
                name: ours[name]
                for name in ours
                if name.startswith(("team", "enterprise", "is_", "response"))
            }
        elif it.way == "interactive":
            payload |= known.in_view(person) if "view" in payload else known.common(person)
            if isinstance(payload.get("view"), dict):
                installed = installed_as(team)
                payload["view"] |= {
                    "team_id": team.id,
                    "app_installed_team_id": installed.team or installed.enterprise,
                }
        elif "event" in payload:
            payload = known.event(payload["event"])
        moved.append(Sample(it.way, payload))
    return moved


@pytest.mark.parametrize("part", [1, 2])
async def test_nothing_breaks(tmp_path: Path, part: int) -> None:
    """In a workspace with everything, and with people of another company in it: no fault of ours,
    no exception in the log, an answer in time, nothing written for what was refused."""
    async with campaign(tmp_path, ACME) as (acme, _):
        acme.samples += [
            Sample(it.way, it.payload | {"user": STRANGER})
            for it in acme.samples
            if "user" in it.payload
        ]
        found = await acme.run(f"nothing_breaks {part}", 1000 * TIMES)
    assert_everything_came(found)


async def test_nothing_of_another_workspace(tmp_path: Path) -> None:
    """In a workspace where nothing is connected, with all that another one's payloads hold:
    besides, nothing of that one is told, changed or done, and no vendor is called."""
    async with campaign(tmp_path, BOLT) as (bolt, vendors):
        before = bolt.ledger.everything(workspace_of(ACME))
        called = [len(it.requests) for it in vendors.values()]
        found = await bolt.run("nothing_of_another_workspace", 1200 * TIMES)
        assert [len(it.requests) for it in vendors.values()] == called
        untouched(bolt, before)
    assert_everything_came(found)


async def test_nothing_of_another_workspace_in_an_organisation(tmp_path: Path) -> None:
    """The same where the app is installed for a whole organisation, whose payloads name the team
    elsewhere or not at all, and which has a vendor of its own."""
    async with campaign(tmp_path, DUCHY) as (duchy, _):
        before = duchy.ledger.everything(workspace_of(ACME))
        found = await duchy.run("in_an_organisation", 800 * TIMES)
        untouched(duchy, before)
    assert_everything_came(found)


def untouched(campaign: Campaign, before: Any) -> None:
    """Acme is as it was, nothing was asked of its Slack, and nobody was told of it. (Its own Homes are
    drawn again, since its own deliveries go on.)"""
    world = campaign.world
    assert campaign.ledger.everything(workspace_of(ACME)) == before
    assert PLANTED in repr(before)
    assert {call.method for call in world.slack(ACME).calls} <= {"views.publish"}
    said = said_at(world, campaign.team)
    assert PLANTED not in said, said[said.index(PLANTED) - 500 :][:1000]


def assert_everything_came(found: Counter[str]) -> None:
    """Of every kind, some were bent so little that the bot did what it does; and some were turned
    away."""
    assert all(found[f"{kind} 200"] > 3 for kind in KINDS), found
    assert found["block_actions 400"] > 10, found
