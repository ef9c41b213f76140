"""Brambleway's incidents from before the playground's start."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class PastIncident:
    """An incident from before the playground's start.

    `hours_ago` is counted from the stand-in's start.
    """

    title: str
    severity: str
    type: str
    services: tuple[str, ...]
    state: Literal["triage", "active", "mitigated", "resolved", "closed"]
    hours_ago: float
    reporter: str
    summary: str = ""
    test: bool = False
    private: bool = False
    actions: tuple[str, ...] = ()


INCIDENTS: tuple[PastIncident, ...] = (
    PastIncident(
        "Card payments failing with 3-D Secure time-outs",
        "SEV1",
        "Production",
        ("payments-gateway", "checkout-api"),
        "active",
        3.5,
        "jonas",
        "One acquirer answers after 30 s. About a fifth of card payments fail.",
        actions=("Route traffic to the second acquirer", "Ask the acquirer for a cause"),
    ),
    PastIncident(
        "Search returns nothing for umlauts",
        "SEV2",
        "Production",
        ("search",),
        "mitigated",
        9,
        "kenji",
        actions=("Add a probe query with umlauts",),
    ),
    PastIncident(
        "Unusual sign-in attempts",
        "SEV1",
        "Security",
        ("identity",),
        "active",
        20,
        "eleni",
        private=True,
    ),
    PastIncident(
        "Label printers offline in Gothenburg",
        "SEV3",
        "Third party",
        ("fulfilment",),
        "triage",
        26,
        "luca",
    ),
    PastIncident(
        "Voucher codes counted twice",
        "SEV2",
        "Data quality",
        ("checkout-api",),
        "resolved",
        50,
        "tomas",
    ),
    PastIncident(
        "Fire drill: checkout region fail-over",
        "SEV1",
        "Production",
        ("checkout-api",),
        "closed",
        75,
        "nora",
        test=True,
    ),
    PastIncident(
        "Checkout returns 502 after deploy 2207",
        "SEV0",
        "Production",
        ("checkout-api", "storefront-web"),
        "closed",
        122,
        "priya",
        "A missing migration. Rolled back after eleven minutes.",
        actions=("Block deploys with pending migrations", "Page Checkout on 5xx above 2 %"),
    ),
    PastIncident(
        "Order confirmation e-mails delayed",
        "SEV2",
        "Third party",
        ("notifications",),
        "closed",
        170,
        "hannah",
    ),
    PastIncident(
        "App shows yesterday's prices",
        "SEV2",
        "Data quality",
        ("mobile-bff", "product-catalog"),
        "closed",
        219,
        "aisha",
    ),
    PastIncident(
        "Stock levels frozen for warehouse North",
        "SEV2",
        "Data quality",
        ("inventory",),
        "closed",
        300,
        "luca",
    ),
    PastIncident(
        "Certificate of api.brambleway.example expired",
        "SEV1",
        "Production",
        ("mobile-bff",),
        "closed",
        410,
        "maya",
    ),
    PastIncident(
        "Finance report missing Sunday",
        "SEV3",
        "Data quality",
        ("data-warehouse",),
        "closed",
        505,
        "sam",
    ),
    PastIncident(
        "Category pages slow under campaign traffic",
        "SEV2",
        "Production",
        ("storefront-web", "search"),
        "closed",
        620,
        "priya",
    ),
    PastIncident(
        "Sign-in loop on old browsers", "SEV3", "Production", ("identity",), "closed", 740, "aisha"
    ),
    PastIncident(
        "Carrier API rejects postcodes with spaces",
        "SEV2",
        "Third party",
        ("fulfilment",),
        "closed",
        900,
        "luca",
    ),
    PastIncident(
        "Invoice payments stuck in review",
        "SEV1",
        "Production",
        ("payments-gateway",),
        "closed",
        1100,
        "jonas",
    ),
    PastIncident(
        "Duplicate push messages",
        "SEV3",
        "Production",
        ("notifications", "mobile-bff"),
        "closed",
        1330,
        "aisha",
    ),
    PastIncident(
        "Orders <unknown> & empty in the admin",
        "SEV3",
        "Data quality",
        ("orders",),
        "closed",
        1600,
        "hannah",
    ),
    PastIncident(
        "Spring sale: queue page shown to everyone",
        "SEV1",
        "Production",
        ("storefront-web",),
        "closed",
        1900,
        "nora",
    ),
    PastIncident(
        "Payments database fail-over took nine minutes",
        "SEV0",
        "Production",
        ("payments-gateway",),
        "closed",
        2300,
        "priya",
    ),
)
"""The incidents, newest first. Their numbers end at `LAST_NUMBER`: the next one is INC-143."""

LAST_NUMBER = 142
