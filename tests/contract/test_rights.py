"""A key's rights and the stand-in's refusals beside incident.io's document."""

from bot.adapters.incident_io.rights import ROLES
from bot.playground.vendors import incident_io_rights as stand_in
from tests.contract.openapi import document, operation


def test_scopes() -> None:
    """The stand-in requires the documented scope of each call, and has all calls with a scope."""
    calls = [("GET", stand_in.READS), ("POST", stand_in.CREATES)]
    named = {(method, path): scope for method, scopes in calls for path, scope in scopes.items()}
    told = {
        (method, path): operation("incident_io", method, path)["x-rbac-scopes"]
        for method, path in named
    }
    assert told == {call: [scope] for call, scope in named.items()}


def test_roles() -> None:
    """The recommended roles exist, and have all scopes that the stand-in requires."""
    known = document("incident_io")["components"]["schemas"]["IdentityV1"]["properties"]["roles"][
        "items"
    ]["enum"]
    assert set(ROLES) <= set(known)
    brought = {scope for role in ROLES for scope in stand_in.ROLES[role]}
    assert brought == {*stand_in.READS.values(), *stand_in.CREATES.values()}
