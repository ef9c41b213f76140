"""The vendor's own pages for a delivery: where people look, and what they name there."""

from bot.adapters.base import Adapter, Created
from bot.connections.store import Connections
from bot.delivery.attempt import NotConnectedError
from bot.delivery.model import Delivery


async def page_of(row: Delivery, adapter: Adapter, connections: Connections) -> str:
    """Return the vendor's page for the row, empty if unknown or no longer connected.

    Raises `SecretError`, `ValueError` and `sqlite3.Error`.
    """
    connection = await connections.get(row.workspace, row.vendor)
    if connection is None or connection.account != row.account:
        return ""
    return adapter.by_hand(
        row.operation, adapter.credentials.model_validate(dict(connection.secret))
    )


async def find_named(
    row: Delivery, typed: str, adapter: Adapter, connections: Connections
) -> Created | None:
    """Return the row's object that a person names by a reference or a link, read from the vendor
    with the connection's key.

    Returns None if the vendor does not show it. Raises `NotConnectedError`, `SecretError`,
    `VendorError`, `sqlite3.Error`, and `ValueError` for a text that names nothing.
    """
    connection = await connections.get(row.workspace, row.vendor)
    if connection is None or connection.account != row.account:
        raise NotConnectedError
    credentials = adapter.credentials.model_validate(dict(connection.secret))
    return await adapter.find_named(row.operation, typed, credentials)
