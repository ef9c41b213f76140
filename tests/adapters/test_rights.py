"""The rights of keys, as the adapters find them out at the vendors' stand-ins."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.adapters.credentials import Rights
from bot.adapters.http import Reply
from bot.adapters.incident_io.rights import ROLES as INCIDENT_IO_ROLES
from bot.adapters.probe_permissions import deadline, in_time, refused
from bot.adapters.registry import ADAPTERS
from bot.errors import RejectedError, RetryLaterError, UnauthorizedError
from tests.adapters.conftest import CannedVendor
from tests.adapters.places import OPERATIONS, place
from tests.adapters.test_lenient import KEYS

ROLES = ("viewer", "incident_creator", "incident_editor", "catalog_viewer")
ADVICE = (
    "Make a key with the roles viewer, incident_creator, incident_editor and catalog_viewer. Then "
    "connect that key."
)
MAYA = "Maya Okafor (maya.okafor@example.com)"
NO_WORKFLOWS = (
    "This key can't read workflows, so it can't add workflow tasks. Let it read and update "
    "workflows, or connect another key."
)
NO_INCIDENTS = (
    "This key can't read incidents, so it can't add action items. Let it read incidents, or "
    "connect another key."
)
NO_QUEUES = (
    "This key can't read task queues, so you can't choose one for a workflow. Give it more rights "
    "in Twilio, or connect another key."
)
UNSEEN_INCIDENTS = (
    "This key can't read incidents. The list of incidents stays empty. After a lost answer, we "
    "can't check Rootly. Let the key read incidents, or connect another key."
)
EMPTY = "This key can't read {}, so their list stays empty."
IN_TWILIO = "Give it more rights in Twilio, or connect another key."
UNSEEN_WORKFLOWS = (
    "This key can't read workflows, so you can't copy one. After a lost answer, we can't check "
    f"Twilio.\n{IN_TWILIO}"
)
UNSEEN_TASKS = (
    f"This key can't read tasks. After a lost answer, we can't check Twilio.\n{IN_TWILIO}"
)
NO_CATALOG = "This key can't read the catalog. {}\n" + ADVICE
NO_ENTRIES = NO_CATALOG.format("Custom fields with its entries stay empty.")
NO_TEAMS = NO_CATALOG.format("The list of teams stays empty.")
UNREAD = "This key can't read {}, so it can't {}.\n" + ADVICE
UNMADE = "This key has no role that can {}.\n" + ADVICE
DOING = {"incident": "declare incidents", "action": "add actions", "follow_up": "add follow-ups"}

Key = Callable[[Any], Mapping[str, str]]


def incident_io(*roles: str) -> Key:
    return lambda vendor: vendor.key_of(*roles)


def without(*rights: str, **more: bool) -> Key:
    return lambda vendor: vendor.key_without(*rights, **more)


@dataclass(frozen=True)
class Told:
    """The expected rights of a key; `acts_as` is their beginning."""

    acts_as: str = ""
    roles: tuple[str, ...] = ()
    cannot: Mapping[str, str] = field(default_factory=dict)
    limited: Mapping[str, str] = field(default_factory=dict)


RELAYS_KEY = "the API key “Incident Relay”"
FOUND_OUT = [
    pytest.param("rootly", without(), Told(MAYA), id="Rootly: a key that may do everything"),
    pytest.param("rootly", without(user=False), Told(), id="Rootly: a key of nobody's"),
    pytest.param(
        "rootly",
        without("workflows:read"),
        Told(MAYA, cannot={"workflow_task": NO_WORKFLOWS}),
        id="Rootly: no workflows",
    ),
    pytest.param(
        "rootly",
        without("incidents:read", "workflows:read", user=False),
        Told(
            cannot={"action_item": NO_INCIDENTS, "workflow_task": NO_WORKFLOWS},
            limited={"incident": UNSEEN_INCIDENTS},
        ),
        id="Rootly: neither incidents nor workflows",
    ),
    pytest.param(
        "rootly",
        without("incidents:create"),
        Told(MAYA),
        id="Rootly: what only creating would show",
    ),
    pytest.param(
        "incident_io", incident_io(*ROLES), Told(RELAYS_KEY, ROLES), id="incident.io: all"
    ),
    pytest.param(
        "incident_io",
        incident_io("viewer"),
        Told(
            RELAYS_KEY, ("viewer",), {name: UNMADE.format(doing) for name, doing in DOING.items()}
        ),
        id="incident.io: a viewer",
    ),
    pytest.param(
        "incident_io",
        incident_io("viewer", "incident_creator"),
        Told(
            RELAYS_KEY,
            ("viewer", "incident_creator"),
            limited={"incident": NO_ENTRIES, "follow_up": NO_TEAMS},
        ),
        id="incident.io: a role of which it is not known what it brings, and no catalog viewer",
    ),
    pytest.param(
        "incident_io",
        incident_io("incident_creator", "incident_editor"),
        Told(
            RELAYS_KEY,
            ("incident_creator", "incident_editor"),
            {
                name: UNREAD.format("severities" if name == "incident" else "incidents", doing)
                for name, doing in DOING.items()
            },
        ),
        id="incident.io: no viewer",
    ),
    pytest.param(
        "twilio", without(), Told("the API key that begins with SK"), id="Twilio: a standard key"
    ),
    pytest.param(
        "twilio",
        lambda vendor: vendor.account,
        Told("the account that begins with AC"),
        id="Twilio: the account itself",
    ),
    pytest.param(
        "twilio",
        without("task_queues:read"),
        Told(
            "the API key that begins with SK",
            cannot={"workflow": NO_QUEUES},
            limited={"task": f"{EMPTY.format('task queues')}\n{IN_TWILIO}"},
        ),
        id="Twilio: no queues",
    ),
    pytest.param(
        "twilio",
        without("tasks:read"),
        Told("the API key that begins with SK", limited={"task": UNSEEN_TASKS}),
        id="Twilio: no tasks",
    ),
    pytest.param(
        "twilio",
        without("workflows:read", "task_channels:read"),
        Told(
            "the API key that begins with SK",
            limited={
                "workflow": UNSEEN_WORKFLOWS,
                "task": "\n".join(
                    [EMPTY.format("workflows"), EMPTY.format("task channels"), IN_TWILIO]
                ),
            },
        ),
        id="Twilio: neither workflows nor channels",
    ),
]


@pytest.mark.parametrize(("vendor_name", "key", "told"), FOUND_OUT)
async def test_rights(client: httpx.AsyncClient, vendor_name: str, key: Key, told: Told) -> None:
    """A key's user, its roles, its certain refusals and its missing rights are found without
    creating."""
    async with place(
        next(name for name in OPERATIONS if name.startswith(vendor_name)), client
    ) as at:
        account = await at.adapter.verify(
            at.adapter.credentials.model_validate(dict(key(at.vendor)))
        )
        assert {arrived.method for arrived in at.vendor.requests} == {"GET"}
    acts_as = account.rights.acts_as
    assert acts_as.startswith(told.acts_as) if vendor_name == "twilio" else acts_as == told.acts_as
    assert acts_as == "" or acts_as[-1] not in ".…"  # a sentence ends with it
    assert account.rights == Rights(
        acts_as=acts_as, roles=told.roles, cannot=told.cannot, limited=told.limited
    )
    assert {*told.cannot, *told.limited} <= {operation.name for operation in at.adapter.operations}


def test_what_is_told_of_an_operation() -> None:
    """The refusal comes first, then the missing rights; empty if nothing is known."""
    rights = Rights(
        cannot={"task": "Not that."}, limited={"task": "No list.", "workflow": "No copy."}
    )
    assert [rights.about(operation) for operation in ("task", "workflow", "other")] == [
        "Not that. No list.",
        "No copy.",
        "",
    ]


def test_the_docs_name_the_roles() -> None:
    """The page about installing names the roles that the bot's own page names for incident.io."""
    page = Path(__file__).parents[2] / "docs" / "install.md"
    install = " ".join(page.read_text(encoding="utf-8").split())
    *first, last = (role.replace("_", " ") for role in INCIDENT_IO_ROLES)
    assert f"incident.io, the roles {', '.join(first)} and {last}." in install


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("incident_io.incident", incident_io("viewer")),
        ("incident_io.action", incident_io("viewer")),
        ("incident_io.follow_up", incident_io("viewer")),
        ("rootly.workflow_task", without("workflows:read", "workflows:update")),
        ("twilio.workflow", without("workflows:create")),
    ],
)
async def test_what_a_key_cannot_do_is_refused(
    client: httpx.AsyncClient, name: str, key: Key
) -> None:
    """The stand-ins keep to the rights of the key, as the vendors do."""
    async with place(name, client) as at:
        credentials = at.adapter.credentials.model_validate(dict(key(at.vendor)))
        with pytest.raises((UnauthorizedError, RejectedError), match=r"let our API key do this|^$"):
            await at.adapter.create(at.operation, at.submission(), credentials)
        assert at.vendor.created == []


async def test_a_key_that_may_not_even_read_its_workspace(client: httpx.AsyncClient) -> None:
    """A Twilio key without the right to read its workspace is explained in a sentence."""
    async with place("twilio.task", client) as at:
        credentials = at.adapter.credentials.model_validate(
            at.vendor.key_without("workspaces:read")
        )
        with pytest.raises(
            UnauthorizedError,
            match=r"^Twilio TaskRouter doesn't let this API key read its own account",
        ) as no:
            await at.adapter.verify(credentials)
    assert no.value.status == 403


WHO = {
    "rootly": {"data": {"id": "2", "attributes": {}}},
    "incident_io": {"identity": {"dashboard_url": "https://app.incident.io/acme"}},
    "twilio": {"sid": KEYS["twilio"].workspace},
}
"""The answer that says whose key it is, at the vendors that have more reads to try."""


@pytest.mark.parametrize("answer", [(500, ""), (429, {}), (200, "<html>"), (401, {}), (418, {})])
@pytest.mark.parametrize("vendor_name", WHO)
async def test_what_gets_no_answer_warns_of_nothing(
    client: httpx.AsyncClient, vendor: CannedVendor, vendor_name: str, answer: tuple[int, Any]
) -> None:
    """Only a clear "no" to a read says that an operation will be refused."""
    vendor.will_answer((200, WHO[vendor_name]), *[answer] * 4)
    account = await ADAPTERS[vendor_name](client, vendor.url).verify(KEYS[vendor_name])
    assert (account.rights.roles, account.rights.cannot, account.rights.limited) == ((), {}, {})


def reply(status: int, body: Any = None) -> Reply:
    return Reply(status, httpx.Headers(), body)


async def after(seconds: float, result: Any) -> Any:
    await asyncio.sleep(seconds)
    if isinstance(result, Exception):
        raise result
    return result


async def test_reads_are_made_side_by_side_and_end_in_time() -> None:
    """A slow read delays no other; a read without an answer in time counts as allowed."""
    started = asyncio.get_running_loop().time()
    answers = {
        "refused": after(0.1, reply(403)),
        "allowed": after(0.1, reply(200)),
        "down": after(0.1, RetryLaterError("Vendor", "x", "unreachable")),
        "slow": after(60, reply(403)),
    }
    assert await refused(answers, lambda reply: reply.status == 403, started + 0.3) == {"refused"}
    assert asyncio.get_running_loop().time() - started < 1.0


async def test_trying_a_key_out_ends_in_time() -> None:
    """A person gets an answer after eight seconds at most."""
    now = asyncio.get_running_loop().time()
    assert 7.0 < deadline() - now < 9.0
    assert await in_time("Vendor", after(0, 7), now + 1.0) == 7
    with pytest.raises(
        RetryLaterError, match=r"^Vendor didn't answer within 8 seconds\. Try again\.$"
    ):
        await in_time("Vendor", after(60, 7), now + 0.1)
