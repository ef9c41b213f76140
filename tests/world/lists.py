"""The lists behind the pickers of a running bot, as a test wants them."""

from collections.abc import Sequence

from bot.adapters.base import Entry
from bot.app import Bot
from bot.catalogs.listing import Key, Listing, listing


async def entries_of(bot: Bot, key: Key) -> list[Entry]:
    """The whole list, as it is stored."""
    known = await bot.stores.catalogs.load(key, Listing())
    return known.at(range(len(known.lines)))


async def put_list(bot: Bot, key: Key, entries: Sequence[Entry], fetched_at: float = 0) -> None:
    """The vendor would list these entries now; fetched at the same time as before, unless another
    time (epoch seconds) is given."""
    catalogs, (workspace, vendor, _) = bot.stores.catalogs, key
    connection = await bot.stores.connections.get(workspace, vendor)
    assert connection is not None
    at = fetched_at or (await catalogs.load(key, Listing())).fetched_at
    await catalogs.save(key, connection.account, listing(entries, at))
    bot.services.catalogs.changed(key)
