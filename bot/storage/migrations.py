"""The tables. Append-only: a migration that has shipped never changes; what changes is another migration."""

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("relay")


@MIGRATIONS()
def m001_create_connections(db: Database) -> None:
    """One row a workspace and vendor: the encrypted credentials, and whether the vendor still accepts them."""
    db.conn.execute(
        """
        CREATE TABLE connections (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            vendor TEXT NOT NULL,
            account TEXT NOT NULL,
            account_name TEXT NOT NULL,
            secret TEXT NOT NULL,
            broken TEXT NOT NULL DEFAULT '',
            created_at REAL NOT NULL,
            checked_at REAL NOT NULL,
            PRIMARY KEY (enterprise, team, vendor)
        ) WITHOUT ROWID
        """
    )


@MIGRATIONS()
def m002_create_catalogs(db: Database) -> None:
    """One row a list that a picker offers; `entries` is JSON, `fetched_at` is 0 until the first fetch succeeded."""
    db.conn.execute(
        """
        CREATE TABLE catalogs (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            vendor TEXT NOT NULL,
            name TEXT NOT NULL,
            entries TEXT NOT NULL,
            fetched_at REAL NOT NULL,
            PRIMARY KEY (enterprise, team, vendor, name),
            FOREIGN KEY (enterprise, team, vendor) REFERENCES connections ON DELETE CASCADE
        ) WITHOUT ROWID
        """
    )


@MIGRATIONS()
def m003_create_deliveries(db: Database) -> None:
    """One row a submitted modal. Times are epoch seconds; `version` grows whenever its card has something new to say."""
    db.conn.execute(
        """
        CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY,
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            key TEXT NOT NULL,
            kind TEXT NOT NULL,
            vendor TEXT NOT NULL,
            operation TEXT NOT NULL,
            answer TEXT NOT NULL,
            account TEXT NOT NULL,
            actor TEXT NOT NULL,
            actor_name TEXT NOT NULL,
            channel TEXT NOT NULL,
            private INTEGER NOT NULL,
            title TEXT NOT NULL,
            payload TEXT NOT NULL,
            chosen TEXT NOT NULL,
            revision INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL CHECK (
                state IN ('queued', 'sending', 'delivered', 'rejected', 'unconfirmed', 'failed')
            ),
            attempt INTEGER NOT NULL DEFAULT 0,
            reason TEXT NOT NULL DEFAULT '',
            sentence TEXT NOT NULL DEFAULT '',
            fields TEXT NOT NULL DEFAULT '{}',
            created TEXT NOT NULL DEFAULT '{}',
            made_at REAL NOT NULL,
            due_at REAL NOT NULL,
            lease_until REAL NOT NULL DEFAULT 0,
            version INTEGER NOT NULL DEFAULT 1,
            shown_version INTEGER NOT NULL DEFAULT 0,
            card_after REAL NOT NULL,
            card_channel TEXT NOT NULL DEFAULT '',
            card_ts TEXT NOT NULL DEFAULT '',
            UNIQUE (enterprise, team, key)
        )
        """
    )
    db.conn.execute("CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'queued'")
    db.conn.execute("CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'sending'")
    db.conn.execute("CREATE INDEX deliveries_to_show ON deliveries (card_after) WHERE version > shown_version")
    db.conn.execute("CREATE INDEX deliveries_card ON deliveries (card_ts) WHERE card_ts != ''")
    db.conn.execute(
        "CREATE INDEX deliveries_failed ON deliveries (enterprise, team, vendor, account) WHERE state = 'failed'"
    )


@MIGRATIONS()
def m004_create_habits(db: Database) -> None:
    """Which operation a channel used last for a kind, so that the next form starts on it."""
    db.conn.execute(
        """
        CREATE TABLE habits (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            channel TEXT NOT NULL,
            kind TEXT NOT NULL,
            operation TEXT NOT NULL,
            PRIMARY KEY (enterprise, team, channel, kind)
        ) WITHOUT ROWID
        """
    )
