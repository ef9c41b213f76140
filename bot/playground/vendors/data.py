"""Brambleway, the invented web shop of the playground: its people, channels and vendors' entries.

This module has only the words. Each stand-in puts them into its vendor's formats and ids. The Slack
stand-in uses the same people and channels, so that a person chosen in Slack is found at a vendor by
e-mail address or Slack id.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Team:
    """The Slack workspace. `domain` is the part before `.slack.com`."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the workspace.

    `name` is the handle, `color` is six hex digits, and `playable` people can be acted as.
    """

    slack_id: str
    name: str
    real_name: str
    title: str
    email: str
    color: str
    admin: bool = False
    guest: bool = False
    playable: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A Slack channel. `members` are Slack ids of people; `bot_is_member` is about the bot."""

    id: str
    name: str
    topic: str
    members: tuple[str, ...]
    is_private: bool = False
    bot_is_member: bool = True


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A Slack user group: people who can be mentioned together.

    `members` are Slack ids. Slack keeps a disabled group.
    """

    id: str
    name: str
    handle: str
    description: str
    members: tuple[str, ...]
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """One line of a vendor's list."""

    name: str
    description: str = ""
    color: str = "#64748b"


@dataclass(frozen=True, slots=True)
class Severity:
    """`level` is one vendor's word for it; `rank` is another's number: the higher the worse."""

    name: str
    description: str
    level: Literal["critical", "high", "medium", "low"]
    rank: int
    color: str


@dataclass(frozen=True, slots=True)
class IncidentType:
    """`private_only`: incidents of this type may not be public, where the vendor has that."""

    name: str
    description: str
    color: str
    private_only: bool = False


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow with the tasks it holds, as (name, task_params). `locked`: only its admins may
    change it."""

    name: str
    description: str
    tasks: tuple[tuple[str, dict[str, object]], ...] = ()
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A message that exists when the playground starts.

    `by` is a person's handle, `channel` a channel's name.
    """

    minutes_ago: int
    channel: str
    by: str
    text: str


TEAM = Team(id="T06QJ0B7N2W", name="Brambleway", domain="brambleway")

PEOPLE: tuple[Person, ...] = (
    Person(
        "U06QK3V81RA",
        "maya",
        "Maya Okafor",
        "Head of Platform",
        "maya.okafor@example.com",
        "9f69e7",
        admin=True,
        playable=True,
    ),
    Person(
        "U06QK41M5PC",
        "jonas",
        "Jonas Lindqvist",
        "Payments Engineer",
        "jonas.lindqvist@example.com",
        "4bbe2e",
        playable=True,
    ),
    Person(
        "U06QM8T2ZQH",
        "priya",
        "Priya Raman",
        "Site Reliability Engineer",
        "priya.raman@example.com",
        "e7392d",
    ),
    Person(
        "U06R01F7WEJ",
        "tomas",
        "Tomás Ferreira",
        "Checkout Lead",
        "tomas.ferreira@example.com",
        "3c989f",
    ),
    Person(
        "U06R2G9NX4K",
        "hannah",
        "Hannah Weiss",
        "Customer Support Lead",
        "hannah.weiss@example.com",
        "674b1b",
    ),
    Person(
        "U06R7D3KB8L",
        "kenji",
        "Kenji Watanabe",
        "Search Engineer",
        "kenji.watanabe@example.com",
        "e96699",
    ),
    Person(
        "U06RCY6A1TM",
        "aisha",
        "Aisha Bello",
        "Mobile Engineer",
        "aisha.bello@example.com",
        "2b6836",
    ),
    Person(
        "U06RLH5P9VN",
        "luca",
        "Luca Moretti",
        "Warehouse Systems",
        "luca.moretti@example.com",
        "db3150",
    ),
    Person(
        "U06RT0E4CSP",
        "eleni",
        "Eleni Papadaki",
        "Security Engineer",
        "eleni.papadaki@example.com",
        "235e5b",
        admin=True,
    ),
    Person(
        "U06S1B8JQ2R",
        "sam",
        "Sam O'Connell",
        "Product Manager, Checkout",
        "sam.oconnell@example.com",
        "9d8eee",
    ),
    Person(
        "U06S5WN7D6S",
        "nora",
        "Nora Haddad",
        "Incident Manager",
        "nora.haddad@example.com",
        "de5f24",
    ),
    Person(
        "U06SG2X0LFT",
        "daniel",
        "Daniel Kim",
        "Contractor, Storefront",
        "daniel.kim@example.com",
        "a2a5dc",
        guest=True,
    ),
)

_STAFF = tuple(person.slack_id for person in PEOPLE if not person.guest)
_BY_HANDLE = {person.name: person for person in PEOPLE}


def person(handle: str) -> Person:
    """Return the person with that handle. Raises KeyError if there is none."""
    return _BY_HANDLE[handle]


def _ids(*handles: str) -> tuple[str, ...]:
    return tuple(person(handle).slack_id for handle in handles)


CHANNELS: tuple[Channel, ...] = (
    Channel(
        "C06QJ0BAGEN", "general", "Company-wide announcements and the weekly mug photo", _STAFF
    ),
    Channel(
        "C06QJ9INC01",
        "incidents",
        "Declare with /incident. One thread per incident, please.",
        _STAFF,
    ),
    Channel(
        "C06QL2CHKT7",
        "checkout-team",
        "Cart, payment and everything before the thank-you page",
        _ids("maya", "jonas", "tomas", "sam", "priya", "daniel"),
    ),
    Channel(
        "C06QPSECR5X",
        "security-response",
        "Need to know only",
        _ids("maya", "jonas", "eleni", "nora"),
        is_private=True,
    ),
    Channel(
        "C06QXWHSE3Z",
        "warehouse-floor",
        "Scanners, pickers, printers",
        _ids("maya", "jonas", "luca", "hannah"),
        bot_is_member=False,
    ),
)

USER_GROUPS: tuple[UserGroup, ...] = (
    UserGroup(
        "S06QONCALL1",
        "On-call engineers",
        "oncall",
        "Whoever carries the pager",
        _ids("jonas", "priya", "kenji"),
    ),
    UserGroup(
        "S06QCOMMAND",
        "Incident commanders",
        "commanders",
        "Trained to lead an incident",
        _ids("maya", "nora", "eleni"),
    ),
)

CHATTER: tuple[Said, ...] = (
    Said(
        221,
        "general",
        "aisha",
        "Good morning! The iOS app 7.3 is through review and rolls out over the day.",
    ),
    Said(
        208,
        "incidents",
        "jonas",
        "INC-142 is declared: a fifth of card payments times out at 3-D Secure.",
    ),
    Said(203, "incidents", "priya", "I route our traffic to the second acquirer."),
    Said(201, "incidents", "priya", "Done. Failures go down, p99 is below a second again."),
    Said(
        187,
        "general",
        "kenji",
        "The new search index serves everyone. Found a query that got worse? Tell me.",
    ),
    Said(
        183,
        "incidents",
        "nora",
        "Thank you both. It stays open until the acquirer has told us the cause.",
    ),
    Said(
        171,
        "general",
        "hannah",
        "Weekly mug photo at three, by the big window. Bring the ugly ones.",
    ),
    Said(168, "general", "kenji", "Mine says “World's okayest database”."),
    Said(
        116,
        "checkout-team",
        "sam",
        "Winter sale vouchers are on for 10 % of visitors, behind `winter-vouchers`.",
    ),
    Said(112, "checkout-team", "tomas", "Seen. I look at the redemption numbers after lunch."),
    Said(48, "checkout-team", "jonas", "Releasing checkout-api 4.2 to Production EU."),
    Said(
        41, "checkout-team", "jonas", "4.2 is out. Error rate is flat so far, I keep an eye on it."
    ),
    Said(
        19,
        "incidents",
        "priya",
        "payments-gateway is slow again since checkout-api 4.2. @jonas, do you see it too?",
    ),
    Said(
        6,
        "incidents",
        "hannah",
        "Customers in the EU cannot pay\n"
        "Every order fails at the last step with “Payment could not be processed”, cards and "
        "invoices alike. Support got 40 tickets in ten minutes. Should somebody declare this?",
    ),
)
"""Messages of the last hours, oldest first.

The last one invites a person to declare an incident from its menu.
"""

SEVERITIES: tuple[Severity, ...] = (
    Severity("SEV0", "Customers cannot buy anything, or data is at risk", "critical", 4, "#b91c1c"),
    Severity("SEV1", "A main part of the shop is down for many customers", "high", 3, "#ea580c"),
    Severity("SEV2", "Slow or partly broken, with a way around it", "medium", 2, "#ca8a04"),
    Severity("SEV3", "Nobody outside notices yet", "low", 1, "#2563eb"),
)

INCIDENT_TYPES: tuple[IncidentType, ...] = (
    IncidentType("Production", "The shop or one of its services misbehaves", "#dc2626"),
    IncidentType("Security", "Suspected abuse, leak or break-in", "#7c3aed", private_only=True),
    IncidentType("Data quality", "Wrong prices, stock or orders", "#0891b2"),
    IncidentType("Third party", "A supplier of ours is down", "#4d7c0f"),
)

SERVICES: tuple[Named, ...] = (
    Named("checkout-api", "Cart to order: prices, vouchers, address, payment hand-over"),
    Named("payments-gateway", "Card, wallet and invoice payments through the acquirers"),
    Named("orders", "Order book and its events"),
    Named("storefront-web", "The shop's pages, server-rendered"),
    Named("product-catalog", "Products, variants, prices"),
    Named("search", "Search and category listings"),
    Named("inventory", "Stock per warehouse, reservations"),
    Named("fulfilment", "Pick, pack, labels, carriers"),
    Named("identity", "Sign-in, accounts, sessions"),
    Named("notifications", "E-mail, SMS and push messages"),
    Named("mobile-bff", "Backend of the iOS and Android apps"),
    Named("data-warehouse", "Nightly loads and the finance reports"),
)

FUNCTIONALITIES: tuple[Named, ...] = (
    Named("Pay by card"),
    Named("Pay by invoice"),
    Named("Place an order"),
    Named("Sign in"),
    Named("Find a product"),
    Named("Track a parcel"),
    Named("Return an item"),
    Named("Redeem a voucher"),
)

ENVIRONMENTS: tuple[Named, ...] = (
    Named("Production EU", "eu-north, serves customers", "#dc2626"),
    Named("Production US", "us-east, serves customers", "#dc2626"),
    Named("Staging", "Same shape, invented orders", "#ca8a04"),
    Named("Development", "Short-lived, per branch", "#2563eb"),
)

TEAMS: tuple[Named, ...] = (
    Named("Checkout", "Owns checkout-api and orders"),
    Named("Payments", "Owns payments-gateway"),
    Named("Storefront", "Owns storefront-web, search and product-catalog"),
    Named("Logistics", "Owns inventory and fulfilment"),
    Named("Platform", "Clusters, deploys, observability"),
    Named("Security", "Owns identity"),
)

CAUSES: tuple[Named, ...] = (
    Named("Deploy"),
    Named("Configuration change"),
    Named("Expired certificate"),
    Named("Traffic peak"),
    Named("Supplier outage"),
)

ROLES: tuple[Named, ...] = (
    Named("Commander"),
    Named("Communications lead"),
    Named("Scribe"),
)

WORKFLOWS: tuple[Workflow, ...] = (
    Workflow(
        "Checkout down: first five minutes",
        "Starts when checkout-api is on an incident",
        (
            (
                "Put the on-call checklist up",
                {
                    "task_type": "add_action_item",
                    "summary": "Work through the checkout checklist",
                    "status": "open",
                    "priority": "high",
                },
            ),
        ),
    ),
    Workflow(
        "Tell support about customer impact",
        "SEV0 and SEV1",
        (
            (
                "Write to support",
                {
                    "task_type": "send_email",
                    "to": ["support-leads@example.com"],
                    "subject": "{{ incident.title }}",
                    "body": "{{ incident.summary }}",
                },
            ),
        ),
    ),
    Workflow("Invite the payments on-call", "payments-gateway incidents"),
    Workflow("Open a retrospective", "When an incident is resolved"),
    Workflow("Weekly digest of open action items", "Mondays, 09:00"),
    Workflow("Legal hold and regulator notice", "Run by Security; locked", locked=True),
)

TASK_QUEUES: tuple[Named, ...] = (
    Named("Everyone", "1==1"),
    Named("Order enquiries", "skills HAS 'orders'"),
    Named("Payment disputes", "skills HAS 'payments'"),
    Named("Returns", "skills HAS 'returns'"),
    Named("Gold customers", "skills HAS 'gold'"),
    Named("Night shift", "shift == 'night'"),
)

ROUTING_WORKFLOWS: tuple[Named, ...] = (
    Named("Customer care", "Everyone"),
    Named("Disputes and refunds", "Payment disputes"),
    Named("Night care", "Night shift"),
)
"""Workflows that route tasks; the description is the queue that each falls back to."""
