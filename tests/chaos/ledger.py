"""Reading what came of it: the bot's rows and trail, the vendors' objects, Slack's cards."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.playground.slack import SlackStandIn
from bot.playground.slack.world import Message
from bot.playground.vendors.base import VendorStandIn

MARKER = re.compile(r"ir[0-9a-f]{12}")
TITLE = re.compile(r"Case \d{4}")
MISTAKE = re.compile(
    r"Traceback.*|event='(listener|button|loop|worker|card|upload|adapter|catalog.refresh"
    r"|delivery.task|connection.page|asyncio.task)[._]failed'.*"
)
"""A line of the log that no vendor's weather explains. A list that could not be fetched is weather."""
NOTING_SECONDS = 5.0
"""A process that was killed within this time after it had posted a card may not have noted it."""
ON_ITS_WAY_SECONDS = 1.0
"""What a bot had sent before it was killed arrives after that: a card can be younger than the kill
that orphaned it."""

Row = dict[str, Any]


def title(number: int) -> str:
    """What stands on a submission and on its card, and on no other."""
    return f"Case {number:04}"


def rows(database: Path, where: str = "1") -> list[Row]:
    """The deliveries, in the order they were made."""
    return _read(database, f"SELECT * FROM deliveries WHERE {where} ORDER BY id")


def unfinished(database: Path) -> list[Row]:
    """The deliveries that are not done, or whose card does not say so yet."""
    return rows(database, "state != 'delivered' OR version > card_version")


def lists(database: Path) -> set[tuple[str, str]]:
    """(vendor, catalog) of the lists that have been fetched."""
    return {
        (row["vendor"], row["name"]) for row in _read(database, "SELECT vendor, name FROM catalogs")
    }


def trail(database: Path) -> dict[str, int]:
    """How the deliveries went, out of their trail."""
    counted = {
        "times sent": "attempt > 0 AND state = 'sending'",
        "told to wait (429)": "reason = 'rate_limited'",
        "left in doubt by an answer": "state = 'unconfirmed' AND reason IN ('unclear', 'internal')",
        "left in doubt by a kill": "state = 'unconfirmed' AND reason = 'lease'",
        "looked up: there": "reason = 'found'",
        "looked up: not there": "reason = 'not_there_yet'",
        "sent again, being absent": "state = 'queued' AND reason = 'absent'",
        "sent again under the same key": "state = 'queued' AND reason = 'keyed'",
        "a person pressed “It's there”": "reason = 'confirmed'",
        "a person pressed “Send again”": "state = 'queued' AND reason = 'sent_again'",
        "a person pressed “Cancel”": "reason = 'cancelled'",
        "a person pressed “Send anyway”": "state = 'queued' AND reason = 'tried_again'",
        "refused": "state = 'rejected'",
    }
    sums = ", ".join(f"sum({condition})" for condition in counted.values())
    [row] = _read(database, f"SELECT {sums} FROM delivery_events")
    return dict(zip(counted, (count or 0 for count in row.values()), strict=True))


def fine(row: Row) -> bool:
    """Whether it ended as it should: delivered, once."""
    return bool(row["state"] == "delivered" and row["duplicates"] == "[]")


def objects(vendor: VendorStandIn) -> Counter[str]:
    """How many objects there are of each delivery, by the marker that they carry; "" for those
    without one."""
    found = (MARKER.findall(json.dumps(it.body, ensure_ascii=False)) for it in vendor.created)
    return Counter(markers[-1] if markers else "" for markers in found)


def versions(incident_io: VendorStandIn) -> dict[str, int]:
    """How many actions and follow-ups were made by each version."""
    made = Counter(
        it.path.split("/")[1] for it in incident_io.created if not it.path.endswith("/incidents")
    )
    return {f"made by incident.io's {version}": made[version] for version in ("v2", "v3")}


def offered(slack: SlackStandIn, channel: str, ts: str) -> set[str]:
    """The action ids of the buttons on that card; empty where there is no card."""
    place = slack.channels.get(channel)
    card = place.find(ts) if place else None
    return {
        it["action_id"]
        for block in (card or {}).get("blocks", [])
        for it in block.get("elements", [])
        if "action_id" in it
    }


class Cards:
    """The bot's messages about deliveries. `wrong` says what is not as it should be."""

    def __init__(self, slack: SlackStandIn, rows: Sequence[Row], kills: Sequence[float]) -> None:
        self.orphans = 0
        self.wrong: list[str] = []
        messages = self._by_title(slack)
        for row in rows:
            [name] = TITLE.findall(row["title"])
            noted = (row["card_channel"], row["card_ts"])
            for place, message in messages.get(name, {}).items():
                if place == noted:
                    continue
                self.orphans += 1
                posted = float(place[1]) - ON_ITS_WAY_SECONDS
                after = min(
                    (kill - posted for kill in kills if kill > posted), default=float("inf")
                )
                if after > NOTING_SECONDS:
                    apart = float(noted[1] or 0) - float(place[1])
                    said = (
                        f"the next kill came {after:.1f} s after it, the noted card {apart:.1f} s"
                    )
                    self.wrong.append(f"{name} has a second card; {said}: {message['text']}")
            text = messages.get(name, {}).get(noted, {"text": "no card"})["text"]
            if not text.startswith("Created in "):
                self.wrong.append(f"{name} ({row['state']}): {text}")

    def _by_title(self, slack: SlackStandIn) -> Mapping[str, Mapping[tuple[str, str], Message]]:
        """title -> (channel, ts) -> message"""
        found: dict[str, dict[tuple[str, str], Message]] = {}
        for channel in slack.channels.values():
            for message in channel.messages:
                if message.get("bot_id") and (match := TITLE.search(message["text"])):
                    found.setdefault(match[0], {})[channel.id, message["ts"]] = message
        return found


def _read(database: Path, sql: str) -> list[Row]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql)]
