"""What is said about a key's rights, and what the stand-in refuses, against incident.io's document."""

from bot.adapters.incident_io.rights import ROLES
from bot.playground.vendors import incident_io_rights as stand_in
from tests.contract.openapi import document, operation


def test_scopes() -> None:
    """The stand-in wants the scope that the document names for each call, and knows all calls that
    have one."""
    calls = [("GET", stand_in.READS), ("POST", stand_in.CREATES)]
    named = {(method, path): scope for method, scopes in calls for path, scope in scopes.items()}
    told = {
        (method, path): operation("incident_io", method, path)["x-rbac-scopes"]
        for method, path in named
    }
    assert told == {call: [scope] for call, scope in named.items()}


def test_roles() -> None:
    """The roles that are recommended are among those that a key can have, and bring all scopes that
    the stand-in wants."""
    known = document("incident_io")["components"]["schemas"]["IdentityV1"]["properties"]["roles"][
        "items"
    ]["enum"]
    assert set(ROLES) <= set(known)
    brought = {scope for role in ROLES for scope in stand_in.ROLES[role]}
    assert brought == {*stand_in.READS.values(), *stand_in.CREATES.values()}
