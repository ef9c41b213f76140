"""What the vendors say of an incident that no list holds."""

from dataclasses import replace

import httpx
import pytest

from bot.adapters.base import Created, Entry, Submission
from bot.adapters.incident_io import IncidentIo
from bot.adapters.incident_io.forms import Action
from bot.adapters.rootly import Rootly
from bot.adapters.rootly.forms import ActionItem
from tests.adapters.conftest import CannedVendor
from tests.adapters.rootly_filled import KEY as ROOTLY_KEY
from tests.adapters.rootly_filled import submit
from tests.adapters.test_incident_io import IN_VERSION_3, INCIDENT, KEY, MARKER


@pytest.mark.parametrize("private", [False, True])
async def test_rootly_looks_up_an_incident_that_left_the_list(
    client: httpx.AsyncClient, vendor: CannedVendor, *, private: bool
) -> None:
    """The list may lack it because it is private by now: then no link leads to its title."""
    url = "https://rootly.com/account/incidents/42-down"
    attributes = {"sequential_id": 42, "title": "Down", "url": url, "private": private}
    vendor.will_answer(
        (200, {"data": {"id": "9b1f", "attributes": attributes}}),
        (201, {"data": {"id": "a1", "attributes": {"url": f"{url}#nav-action-items"}}}),
    )
    picked = {"incidents/9b1f": Entry(id="9b1f", label="INC-42", private=None)}
    submission = submit(ActionItem(incident_id="9b1f", summary="Roll back"))
    created = await Rootly(client, vendor.url).create(
        "action_item", replace(submission, selected=picked), ROOTLY_KEY
    )
    link = "" if private else f"{url}#nav-action-items"
    assert created == Created(id="a1", title="Roll back", url=link)
    assert vendor.paths == ["/v1/incidents/9b1f", "/v1/incidents/9b1f/action_items"]


@pytest.mark.parametrize("visibility", ["public", "private", "of another kind"])
async def test_incident_io_looks_up_an_incident_that_left_the_list(
    client: httpx.AsyncClient, vendor: CannedVendor, visibility: str
) -> None:
    """It may be private by now. A visibility that is not known is not for everyone."""
    row = {**INCIDENT, "visibility": visibility}
    vendor.will_answer((200, {"incident": row}), IN_VERSION_3, (201, {"action": {"id": "a1"}}))
    picked = {"incidents/01F": Entry(id="01F", label="INC-42", private=None)}
    form = Action(incident_id="01F", description="Roll back")
    created = await IncidentIo(client, vendor.url).create(
        "action", Submission(form, MARKER, selected=picked), KEY
    )
    link = "https://app.incident.io/acme/incidents/42" if visibility == "public" else ""
    assert created == Created(id="a1", title="Roll back", url=link)
