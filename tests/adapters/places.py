"""The vendors' stand-ins with our adapters at them, and one valid filling of every form."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from bot.adapters.base import Adapter, Submission
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.forms.fields import Form
from bot.playground.vendors import STAND_INS

OPERATIONS = [
    f"{vendor}.{each.name}" for vendor in STAND_INS for each in ADAPTERS[vendor].operations
]
"""Every operation of every vendor that has a stand-in, as "rootly.incident"."""


def credentials_of(vendor: str, given: Mapping[str, str] | None = None) -> Any:
    """The vendor's credentials, made of those that a stand-in would accept, unless others are
    given."""
    model = ADAPTERS[vendor].credentials
    return model.model_validate(given or STAND_INS[vendor]().credentials)


def sample(name: str) -> Form:
    """A valid filling of that operation's form, with ids that a stand-in would have."""
    vendor, _, operation = name.partition(".")
    return STAND_INS[vendor]().sample_form(operation)


@dataclass
class Place:
    """One vendor's stand-in, our adapter for it, and one of its operations."""

    vendor: Any
    adapter: Adapter
    operation: str

    @property
    def credentials(self) -> Any:
        return credentials_of(self.adapter.vendor, self.vendor.credentials)

    def submission(
        self, form: Form | None = None, marker: str = "ir4f2a9c01b2c3", **more: Any
    ) -> Submission:
        form = form or self.vendor.sample_form(self.operation)
        return Submission(form, marker, reporter="Ann_Lee (ops)", **more)

    async def create(self, submission: Submission) -> Any:
        return await self.adapter.create(self.operation, submission, self.credentials)

    async def find(self, submission: Submission, since: float) -> Any:
        return await self.adapter.find(self.operation, submission, self.credentials, since)


@asynccontextmanager
async def place(name: str, client: httpx.AsyncClient, version: str = "") -> AsyncIterator[Place]:
    """The stand-in on a port of its own; `name` is `<vendor>.<operation>`, `version` the one that
    its API has."""
    vendor_name, _, operation = name.partition(".")
    vendor = STAND_INS[vendor_name]()
    if version:
        vendor.set_version(version)
    await vendor.start()
    adapter = make_adapters(client, dict.fromkeys(ADAPTERS, vendor.url))[vendor_name]
    try:
        yield Place(vendor, adapter, operation)
    finally:
        await vendor.stop()
