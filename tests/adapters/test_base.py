"""The parts that every adapter shares, and the registry."""

import httpx
import pytest

from bot.adapters.base import Entry, Submission, incident_by_number
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.forms.fields import Form


def test_registry() -> None:
    """Every vendor gets an adapter at its own address, and needs one."""
    addresses = {vendor: f"https://{vendor}.example.com" for vendor in ADAPTERS}
    adapters = make_adapters(httpx.AsyncClient(), addresses)
    assert {
        vendor: (type(each), each.vendor, each.base_url) for vendor, each in adapters.items()
    } == {vendor: (ADAPTERS[vendor], vendor, addresses[vendor]) for vendor in ADAPTERS}
    with pytest.raises(KeyError):
        make_adapters(httpx.AsyncClient(), {})


@pytest.mark.parametrize("vendor", ADAPTERS)
def test_declarations_hold_together(vendor: str) -> None:
    """Headlines and details are fields of their forms, and every look-up is a catalog that the
    adapter has."""
    adapter = ADAPTERS[vendor]
    catalogs = {catalog.name for catalog in adapter.catalogs}
    for operation in adapter.operations:
        branches = list(operation.branches.forms.values()) if operation.branches else []
        for form in (operation.form, *branches):
            assert {form.headline, form.details} - {None} <= set(form.model_fields)
            markers = [marker for info in form.model_fields.values() for marker in info.metadata]
            assert {marker.catalog for marker in markers if hasattr(marker, "catalog")} <= catalogs


def test_submission() -> None:
    """A correction has a key of its own; the footer names the person on one line."""
    first, second = (
        Submission(Form(), "ir1"),
        Submission(Form(), "ir1", reporter=" Ann\nLee\ud83d ", revision=2),
    )
    assert [(each.idempotency_key, each.footer) for each in (first, second)] == [
        ("ir1", "Added from Slack (ir1)"),
        ("ir1-r2", "Added from Slack by Ann Lee? (ir1)"),
    ]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("INC-123", 123),
        ("https://app.example.com/incidents/incidents/123", 123),
        ("https://app.example.com/incidents/1 /incidents/2", None),
        ("https://app.example.com" + 9_000 * "/incidents/1" + "x", 1),
        ("inc-007", 7),
        ("#5", 5),
        (" 99 ", 99),
        ("https://rootly.com/account/incidents/17-degraded-dashboard", 17),
        ("https://rootly.com/account/incidents/17#nav-action-items", 17),
        ("https://app.incident.io/acme/incidents/42", 42),
        ("https://rootly.com/account/incidents/new", None),
        ("https://rootly.com/account/incidents/12345678-1111-2222-3333-444455556666", None),
        ("https://rootly.com/account/incidents/12345678-checkout", 12345678),
        ("SEV-1", None),
        ("checkout", None),
        ("", None),
    ],
)
def test_incident_by_number(typed: str, number: int | None) -> None:
    """A number, a reference or a pasted link names an incident that is not in the list."""
    assert incident_by_number(typed) == (
        number and Entry(id=f"#{number}", label=f"INC-{number} (looked up when sent)", private=None)
    )
