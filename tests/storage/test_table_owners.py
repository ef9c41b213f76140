"""One table, one owner: only its store names it in SQL."""

import ast
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import sqlite_utils

import bot
from bot.storage.migrations import MIGRATIONS
from tests.storage.twins import tables

ROOT = Path(bot.__file__).parent.parent
OWNERS: Mapping[str, str] = {
    "audit_events": "bot/storage/audit.py",
    "catalog_additions": "bot/catalogs/store.py",
    "catalog_entries": "bot/catalogs/store.py",
    "catalogs": "bot/catalogs/store.py",
    "connections": "bot/connections/store.py",
    "deliveries": "bot/delivery/store/",
    "delivery_events": "bot/delivery/store/",
    "installations": "bot/slack/installations.py",
    "permissions": "bot/access/store.py",
    "preferences": "bot/storage/preferences.py",
    "setup_links": "bot/connections/setup_links.py",
    "workspace_settings": "bot/storage/workspace_settings.py",
    "workspaces": "bot/storage/preferences.py",
}
"""The module or package that holds all SQL on the table."""

NAMED = re.compile(r"\b(?:FROM|INTO|JOIN|UPDATE|TABLE|REPLACE INTO)\s+(\{\}|\w+)")
"""What a statement says it reads or changes; "{}" stands for what is put in at run time."""


def sources() -> Iterator[tuple[str, str]]:
    """Every module's path and text, but the migrations, which name tables of old."""
    for folder in ("bot", "handlers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name != "bot/storage/migrations.py":
                yield name, path.read_text()


def texts(source: str) -> Iterator[str]:
    """Every string of the module; what an f-string or `format` puts in is "{}"."""
    tree = ast.parse(source)
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield re.sub(r"\{\w*\}", "{}", node.value)


def named(source: str) -> set[str]:
    """The tables that the module's SQL names."""
    return {name for text in texts(source) for name in NAMED.findall(text)}


def existing() -> set[str]:
    db = sqlite_utils.Database(memory=True, execute_plugins=False)
    MIGRATIONS.apply(db)
    assert isinstance(db.conn, sqlite3.Connection)
    db.conn.row_factory = sqlite3.Row
    return set(tables(db.conn))


def test_every_table_has_an_owner() -> None:
    """A new table is added to `OWNERS`, and its owner names it."""
    assert existing() == set(OWNERS)
    found = {
        table
        for name, source in sources()
        for table in named(source) & set(OWNERS)
        if name.startswith(OWNERS[table])
    }
    assert found == set(OWNERS)


def test_nobody_but_the_owner_names_a_table() -> None:
    """Others call a function of the owner, which takes their transaction."""
    strangers = [
        f"{name} names {table}"
        for name, source in sources()
        for table in sorted(named(source) & set(OWNERS))
        if not name.startswith(OWNERS[table])
    ]
    assert strangers == []


def test_no_tables_name_is_put_into_sql_at_run_time() -> None:
    """Who reads a statement sees which table it is about."""
    assert [name for name, source in sources() if "{}" in named(source)] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('db.execute("SELECT * FROM deliveries WHERE id = ?")', {"deliveries"}),
        ('db.execute(f"DELETE FROM {table} WHERE {condition}")', {"{}"}),
        ('"UPDATE {table} SET x".format(table=it)', {"{}"}),
        ('sql = ("INSERT INTO a (b)" " SELECT b FROM c JOIN d")', {"a", "c", "d"}),
        ('"""Read it from connections."""', set()),
    ],
)
def test_sees_the_tables_in_sql(source: str, expected: set[str]) -> None:
    """The guard finds what it is to find, and no prose."""
    assert named(source) == expected
