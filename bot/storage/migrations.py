"""The tables. Append-only: a migration that has shipped never changes; what changes is another
migration."""

import sqlite3

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("relay")


def _execute_all(db: Database, *statements: str) -> None:
    for statement in statements:
        db.conn.execute(statement)


@MIGRATIONS()
def m001_create_connections(db: Database) -> None:
    """Create one row for each workspace and vendor: the encrypted credentials, and whether the
    vendor still accepts them."""
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
    """Create one row for each list that a picker offers.

    `entries` is JSON. `fetched_at` is 0 until the first fetch succeeded.
    """
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
    """Create one row for each submitted modal.

    Times are epoch seconds. `version` grows whenever the card has something new to say.
    """
    _execute_all(
        db,
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
        """,
        "CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'queued'",
        "CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'sending'",
        "CREATE INDEX deliveries_to_show ON deliveries (card_after) WHERE version > shown_version",
        "CREATE INDEX deliveries_card ON deliveries (card_ts) WHERE card_ts != ''",
        "CREATE INDEX deliveries_failed ON deliveries (enterprise, team, vendor, account) WHERE "
        "state = 'failed'",
    )


@MIGRATIONS()
def m004_create_habits(db: Database) -> None:
    """Store the operation that a channel used last for a kind. The next form starts on it."""
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


@MIGRATIONS()
def m005_add_doubts(db: Database) -> None:
    """Add the columns for looking a delivery up at the vendor, sending it again, taking it in turn
    and following it in its modal."""
    for column in (
        "expected_at REAL NOT NULL DEFAULT 0",
        "give_up_at REAL NOT NULL DEFAULT 0",
        "sent_at REAL NOT NULL DEFAULT 0",
        "tried_at REAL NOT NULL DEFAULT 0",
        "look_at REAL NOT NULL DEFAULT 0",
        "looks INTEGER NOT NULL DEFAULT 0",
        "resends INTEGER NOT NULL DEFAULT 0",
        "twins TEXT NOT NULL DEFAULT '[]'",
        "changed_at REAL NOT NULL DEFAULT 0",
        "changed_by TEXT NOT NULL DEFAULT ''",
        "erased_at REAL NOT NULL DEFAULT 0",
        "view_id TEXT NOT NULL DEFAULT ''",
    ):
        db.conn.execute(f"ALTER TABLE deliveries ADD COLUMN {column}")
    _execute_all(
        db,
        "UPDATE deliveries SET give_up_at = made_at + 86400, sent_at = made_at, tried_at = "
        "made_at, changed_at = made_at",
        "UPDATE deliveries SET look_at = made_at WHERE state = 'unconfirmed'",
        "DROP INDEX deliveries_due",
        "CREATE INDEX deliveries_queue ON deliveries (enterprise, team, vendor, due_at) WHERE "
        "state = 'queued'",
        "CREATE INDEX deliveries_to_look ON deliveries (look_at) WHERE look_at > 0",
        "CREATE INDEX deliveries_of_person ON deliveries (enterprise, team, actor)",
        "CREATE INDEX deliveries_to_erase ON deliveries (changed_at)"
        " WHERE erased_at = 0 AND state IN ('delivered', 'rejected', 'failed')",
    )


@MIGRATIONS()
def m006_create_delivery_events(db: Database) -> None:
    """Create the audit trail.

    Triggers write it in the transaction of the change, so that every change has an event.
    """
    event = "INSERT INTO delivery_events (delivery, at, actor, state, reason, attempt) VALUES"
    _execute_all(
        db,
        """
        CREATE TABLE delivery_events (
            id INTEGER PRIMARY KEY,
            delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
            at REAL NOT NULL,
            actor TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            attempt INTEGER NOT NULL
        )
        """,
        "CREATE INDEX delivery_events_of ON delivery_events (delivery)",
        "CREATE TRIGGER deliveries_made AFTER INSERT ON deliveries BEGIN"
        f" {event} (new.id, new.changed_at, new.changed_by, new.state, new.reason, new.attempt); "
        "END",
        "CREATE TRIGGER deliveries_changed AFTER UPDATE ON deliveries"
        " WHEN (old.state, old.reason, old.attempt, old.revision, old.looks, old.erased_at)"
        " IS NOT (new.state, new.reason, new.attempt, new.revision, new.looks, new.erased_at) BEGIN"
        f" {event} (new.id, new.changed_at, new.changed_by, new.state,"
        " CASE WHEN new.erased_at > old.erased_at THEN 'erased' WHEN new.looks > old.looks THEN "
        "'not_there_yet'"
        " ELSE new.reason END, new.attempt); END",
    )


@MIGRATIONS()
def m007_follow_modals(db: Database) -> None:
    """Add the version that the open modal shows, and the time of its next possible update."""
    _execute_all(
        db,
        "ALTER TABLE deliveries ADD COLUMN view_shown INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE deliveries ADD COLUMN view_after REAL NOT NULL DEFAULT 0",
        "CREATE INDEX deliveries_to_follow ON deliveries (made_at) WHERE view_id != ''",
    )


@MIGRATIONS()
def m008_add_custom_fields(db: Database) -> None:
    """Store the definitions of the workspace's own fields with the delivery.

    The workspace may change its fields before the delivery is sent.
    """
    db.conn.execute("ALTER TABLE deliveries ADD COLUMN custom TEXT NOT NULL DEFAULT '[]'")


@MIGRATIONS()
def m009_add_steps(db: Database) -> None:
    """Add the steps that follow the creation of the object, and their events."""
    _execute_all(
        db,
        "ALTER TABLE deliveries ADD COLUMN steps TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE deliveries ADD COLUMN steps_at REAL NOT NULL DEFAULT 0",
        "CREATE INDEX deliveries_to_finish ON deliveries (steps_at) WHERE steps_at > 0",
        "DROP TRIGGER deliveries_changed",
    )
    event = "INSERT INTO delivery_events (delivery, at, actor, state, reason, attempt) VALUES"
    all_, waiting = (
        "(SELECT count(*) FROM json_each({}.steps))",
        "(SELECT count(*) FROM json_each({}.steps) WHERE value = '')",
    )
    db.conn.execute(
        "CREATE TRIGGER deliveries_changed AFTER UPDATE ON deliveries"
        " WHEN (old.state, old.reason, old.attempt, old.revision, old.looks, old.erased_at, "
        "old.steps)"
        " IS NOT (new.state, new.reason, new.attempt, new.revision, new.looks, new.erased_at, "
        "new.steps) BEGIN"
        f" {event} (new.id, new.changed_at, new.changed_by, new.state,"
        " CASE WHEN new.erased_at > old.erased_at THEN 'erased' WHEN new.looks > old.looks THEN "
        "'not_there_yet'"
        " WHEN old.state IS NOT new.state OR old.steps IS new.steps THEN new.reason"
        f" WHEN {all_.format('new')} < {all_.format('old')} THEN 'step_done'"
        f" WHEN {waiting.format('new')} < {waiting.format('old')} THEN 'step_not_done'"
        " ELSE 'step_tried_again' END, new.attempt); END"
    )


@MIGRATIONS()
def m010_create_installations(db: Database) -> None:
    """Create one row for each workspace or organisation (its team is empty): the encrypted token.

    The second table has the states of installations that have begun. Each is used once.
    """
    _execute_all(
        db,
        """
        CREATE TABLE installations (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            name TEXT NOT NULL,
            app TEXT NOT NULL,
            bot_user TEXT NOT NULL,
            bot TEXT NOT NULL,
            scopes TEXT NOT NULL,
            token TEXT NOT NULL,
            installed_by TEXT NOT NULL,
            installed_at REAL NOT NULL,
            PRIMARY KEY (enterprise, team)
        ) WITHOUT ROWID
        """,
        "CREATE TABLE oauth_states (digest TEXT PRIMARY KEY, expires_at REAL NOT NULL) WITHOUT "
        "ROWID",
    )


@MIGRATIONS()
def m011_create_links(db: Database) -> None:
    """Create one row for each link to the page where a vendor is connected.

    A link is for one workspace, vendor and person, and is used once. Only a digest of the token in
    its address is kept.
    """
    db.conn.execute(
        """
        CREATE TABLE links (
            digest TEXT PRIMARY KEY,
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            vendor TEXT NOT NULL,
            actor TEXT NOT NULL,
            actor_name TEXT NOT NULL,
            workspace_name TEXT NOT NULL,
            expires_at REAL NOT NULL
        ) WITHOUT ROWID
        """
    )


@MIGRATIONS()
def m012_create_permissions(db: Database) -> None:
    """Store the admins' decisions about who may use an operation.

    `who` is "everyone", "members", "admins", or the id of a Slack user group.
    """
    db.conn.execute(
        """
        CREATE TABLE permissions (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            operation TEXT NOT NULL,
            who TEXT NOT NULL,
            changed_by TEXT NOT NULL,
            changed_at REAL NOT NULL,
            PRIMARY KEY (enterprise, team, operation)
        ) WITHOUT ROWID
        """
    )


@MIGRATIONS()
def m013_add_rights(db: Database) -> None:
    """Add the person who connected a vendor, and the rights of the key (`Rights` as JSON)."""
    _execute_all(
        db,
        "ALTER TABLE connections ADD COLUMN connected_by TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE connections ADD COLUMN rights TEXT NOT NULL DEFAULT '{}'",
    )


@MIGRATIONS()
def m014_rebuild_deliveries(db: Database) -> None:
    """Give the columns of deliveries the names that the code uses, make `cancelled` a state of its
    own, and drop the triggers: the code writes the trail itself.

    The CHECK on the state makes a new table necessary. Dropping the old one would take the trail
    with it, and foreign keys cannot be switched off inside a transaction: so the trail is put aside
    first.
    """
    _execute_all(
        db,
        "CREATE TABLE delivery_events_before AS SELECT * FROM delivery_events",
        "DROP TABLE delivery_events",
        "CREATE TABLE deliveries_before AS SELECT * FROM deliveries",
        "DROP TABLE deliveries",
        _DELIVERIES_14,
        _DELIVERY_EVENTS_14,
        _COPY_DELIVERIES_14,
        "INSERT INTO delivery_events SELECT id, delivery, at, actor, state, reason, attempt"
        " FROM delivery_events_before ORDER BY id",
        "DROP TABLE delivery_events_before",
        "DROP TABLE deliveries_before",
        *_INDEXES_14,
    )
    if wrong := db.conn.execute("PRAGMA foreign_key_check").fetchall():
        raise sqlite3.IntegrityError(f"{len(wrong)} rows refer to rows that are not there")


_DELIVERIES_14 = """
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY,
        enterprise TEXT NOT NULL,
        team TEXT NOT NULL,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        vendor TEXT NOT NULL,
        operation TEXT NOT NULL,
        branch TEXT NOT NULL,
        account TEXT NOT NULL,
        actor TEXT NOT NULL,
        actor_name TEXT NOT NULL,
        channel TEXT NOT NULL,
        private INTEGER NOT NULL,
        title TEXT NOT NULL,
        payload TEXT NOT NULL,
        selected TEXT NOT NULL,
        custom TEXT NOT NULL DEFAULT '[]',
        view_id TEXT NOT NULL DEFAULT '',
        revision INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL CHECK (
            state IN (
                'queued', 'sending', 'delivered', 'rejected', 'unconfirmed', 'failed', 'cancelled'
            )
        ),
        attempt INTEGER NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT '',
        error_details TEXT NOT NULL DEFAULT '{}',
        field_errors TEXT NOT NULL DEFAULT '{}',
        vendor_object TEXT NOT NULL DEFAULT '{}',
        duplicates TEXT NOT NULL DEFAULT '[]',
        created_at REAL NOT NULL,
        next_attempt_at REAL NOT NULL,
        expected_at REAL NOT NULL DEFAULT 0,
        expires_at REAL NOT NULL DEFAULT 0,
        first_sent_at REAL NOT NULL DEFAULT 0,
        last_attempt_at REAL NOT NULL DEFAULT 0,
        lease_until REAL NOT NULL DEFAULT 0,
        reconcile_at REAL NOT NULL DEFAULT 0,
        lookup_count INTEGER NOT NULL DEFAULT 0,
        resend_count INTEGER NOT NULL DEFAULT 0,
        follow_up_steps TEXT NOT NULL DEFAULT '{}',
        next_step_at REAL NOT NULL DEFAULT 0,
        updated_at REAL NOT NULL DEFAULT 0,
        changed_by TEXT NOT NULL DEFAULT '',
        erased_at REAL NOT NULL DEFAULT 0,
        version INTEGER NOT NULL DEFAULT 1,
        card_version INTEGER NOT NULL DEFAULT 0,
        card_not_before REAL NOT NULL,
        card_channel TEXT NOT NULL DEFAULT '',
        card_ts TEXT NOT NULL DEFAULT '',
        view_shown INTEGER NOT NULL DEFAULT 0,
        view_after REAL NOT NULL DEFAULT 0,
        UNIQUE (enterprise, team, key)
    )
"""
_DELIVERY_EVENTS_14 = """
    CREATE TABLE delivery_events (
        id INTEGER PRIMARY KEY,
        delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
        at REAL NOT NULL,
        actor TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        attempt INTEGER NOT NULL
    )
"""
_COPY_DELIVERIES_14 = """
    INSERT INTO deliveries (
        id, enterprise, team, key, kind, vendor, operation, branch, account, actor, actor_name,
        channel, private, title, payload, selected, custom, view_id, revision, state, attempt,
        reason, error_details, field_errors, vendor_object, duplicates, created_at, next_attempt_at,
        expected_at, expires_at, first_sent_at, last_attempt_at, lease_until, reconcile_at,
        lookup_count, resend_count, follow_up_steps, next_step_at, updated_at, changed_by,
        erased_at, version, card_version, card_not_before, card_channel, card_ts, view_shown,
        view_after
    ) SELECT
        id, enterprise, team, key, kind, vendor, operation, answer, account, actor, actor_name,
        channel, private, title, payload, chosen, custom, view_id, revision,
        CASE WHEN state = 'failed' AND reason IN ('cancelled', 'by_hand') THEN 'cancelled'
            ELSE state END,
        attempt, reason,
        CASE sentence WHEN '' THEN '{}' ELSE json_object('code', 'said', 'words', sentence) END,
        fields, created, twins, made_at, due_at, expected_at,
        give_up_at, sent_at, tried_at, lease_until, look_at, looks, resends, steps, steps_at,
        changed_at, changed_by, erased_at, version, shown_version, card_after, card_channel,
        card_ts, view_shown, view_after
    FROM deliveries_before ORDER BY id
"""
_INDEXES_14 = (
    "CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'sending'",
    "CREATE INDEX deliveries_to_show ON deliveries (card_not_before) WHERE version > card_version",
    "CREATE INDEX deliveries_card ON deliveries (card_ts) WHERE card_ts != ''",
    "CREATE INDEX deliveries_failed ON deliveries (enterprise, team, vendor, account)"
    " WHERE state = 'failed'",
    "CREATE INDEX deliveries_queue ON deliveries (enterprise, team, vendor, next_attempt_at)"
    " WHERE state = 'queued'",
    "CREATE INDEX deliveries_to_look ON deliveries (reconcile_at) WHERE reconcile_at > 0",
    "CREATE INDEX deliveries_of_person ON deliveries (enterprise, team, actor)",
    "CREATE INDEX deliveries_to_erase ON deliveries (updated_at) WHERE erased_at = 0"
    " AND state IN ('delivered', 'rejected', 'failed', 'cancelled')",
    "CREATE INDEX deliveries_to_follow ON deliveries (created_at) WHERE view_id != ''",
    "CREATE INDEX deliveries_to_finish ON deliveries (next_step_at) WHERE next_step_at > 0",
    "CREATE INDEX delivery_events_of ON delivery_events (delivery)",
)


@MIGRATIONS()
def m020_rename_habits_to_preferences(db: Database) -> None:
    """Name the table as the code names it: the operation that a channel used last."""
    db.conn.execute("ALTER TABLE habits RENAME TO preferences")


@MIGRATIONS()
def m021_rename_links_to_setup_links(db: Database) -> None:
    """Name the table as the code names it: links to the page where a vendor is connected."""
    db.conn.execute("ALTER TABLE links RENAME TO setup_links")


@MIGRATIONS()
def m022_create_audit_events(db: Database) -> None:
    """One row a change of credentials, permissions or installations. `told` is 0 until the
    workspace's admins were told."""
    db.conn.execute(
        """
        CREATE TABLE audit_events (
            id INTEGER PRIMARY KEY,
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            at REAL NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            details TEXT NOT NULL,
            told INTEGER NOT NULL
        )
        """
    )
    db.conn.execute("CREATE INDEX audit_events_of ON audit_events (enterprise, team)")
    db.conn.execute("CREATE INDEX audit_events_to_tell ON audit_events (id) WHERE told = 0")


@MIGRATIONS()
def m023_move_ciphertexts_to_their_own_pages(db: Database) -> None:
    """Put white space in front of each ciphertext, as `bot.storage.encryption` does."""
    for table, column in (("connections", "secret"), ("installations", "token")):
        db.conn.execute(f"UPDATE {table} SET {column} = printf('%1024s', '') || {column}")


@MIGRATIONS()
def m024_drop_oauth_states(db: Database) -> None:
    """Drop the states of unfinished installations: they are signed, and stored nowhere."""
    db.conn.execute("DROP TABLE oauth_states")


@MIGRATIONS()
def m026_index_private_deliveries(db: Database) -> None:
    """Find a person's private objects, which a picker offers to that person alone, at each
    keystroke."""
    db.conn.execute(
        "CREATE INDEX deliveries_private ON deliveries (enterprise, team, actor, vendor)"
        " WHERE private AND state = 'delivered' AND erased_at = 0"
    )


@MIGRATIONS()
def m030_keep_catalogs_in_lines(db: Database) -> None:
    """The entries stand in a table of their own, so that a note about a list does not rewrite it: a
    line of JSON and a line of searched text for each entry. What was created here, and is not
    listed by the vendor yet, stands in a third table. `due_at` is when a list is fetched next."""
    key = "(enterprise, team, vendor, name)"
    columns = (
        "enterprise TEXT NOT NULL, team TEXT NOT NULL, vendor TEXT NOT NULL, name TEXT NOT NULL"
    )
    of_list = f"FOREIGN KEY {key} REFERENCES catalogs ON DELETE CASCADE"
    for sql in (
        "ALTER TABLE catalogs RENAME TO catalogs_before",
        f"""
        CREATE TABLE catalogs (
            {columns},
            version INTEGER NOT NULL DEFAULT 0,
            fetched_at REAL NOT NULL DEFAULT 0,
            tried_at REAL NOT NULL DEFAULT 0,
            due_at REAL,
            failures INTEGER NOT NULL DEFAULT 0,
            problem TEXT NOT NULL DEFAULT '',
            refused INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY {key},
            FOREIGN KEY (enterprise, team, vendor) REFERENCES connections ON DELETE CASCADE
        ) WITHOUT ROWID
        """,
        "CREATE INDEX catalogs_due ON catalogs (due_at) WHERE due_at IS NOT NULL",
        f"""
        CREATE TABLE catalog_entries (
            {columns},
            lines TEXT NOT NULL,
            texts TEXT NOT NULL,
            PRIMARY KEY {key},
            {of_list}
        )
        """,
        f"""
        CREATE TABLE catalog_additions (
            {columns},
            id_part TEXT NOT NULL,
            created_at REAL NOT NULL,
            line TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (enterprise, team, vendor, name, id_part),
            {of_list}
        )
        """,
        "INSERT INTO catalogs (enterprise, team, vendor, name, version, fetched_at)"
        " SELECT enterprise, team, vendor, name, 1, fetched_at FROM catalogs_before",
        # Until the next fetch writes it anew, the searched text is the label and the detail.
        """
        INSERT INTO catalog_entries SELECT enterprise, team, vendor, name,
            (SELECT coalesce(group_concat(value, char(10)), '') FROM json_each(entries)),
            (SELECT coalesce(group_concat(
                lower(replace(replace(value ->> 'label', char(10), ' '), char(9), ' ')) || char(9)
                || lower(replace(coalesce(value ->> 'detail', ''), char(10), ' ')), char(10)), '')
            FROM json_each(entries))
        FROM catalogs_before
        """,
        "DROP TABLE catalogs_before",
    ):
        db.conn.execute(sql)


@MIGRATIONS()
def m032_answer_in_threads(db: Database) -> None:
    """Remember where a delivery began: the thread, the message, and Slack's address for an answer.
    `card_in_channel`: everyone in the channel sees the card, and not only its thread."""
    for name in ("thread_ts", "message_link", "response_url"):
        db.conn.execute(f"ALTER TABLE deliveries ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
    db.conn.execute("ALTER TABLE deliveries ADD COLUMN card_in_channel INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS()
def m033_create_workspace_settings(db: Database) -> None:
    """A row is a setting that differs from its default."""
    db.conn.execute(
        """
        CREATE TABLE workspace_settings (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (enterprise, team, name)
        ) WITHOUT ROWID
        """
    )


@MIGRATIONS()
def m034_say_late(db: Database) -> None:
    """Remember at the first send whether it was late: a retry sends the same. `late_since` is the
    time of submission then, else 0. `late_field` is the vendor's field that holds it."""
    db.conn.execute("ALTER TABLE deliveries ADD COLUMN late_since REAL NOT NULL DEFAULT 0")
    db.conn.execute("ALTER TABLE deliveries ADD COLUMN late_field TEXT NOT NULL DEFAULT ''")


@MIGRATIONS()
def m035_copy_cards(db: Database) -> None:
    """Remember the direct message with the whole card, where the channel's card is brief."""
    for name in ("copy_channel", "copy_ts"):
        db.conn.execute(f"ALTER TABLE deliveries ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
    db.conn.execute("CREATE INDEX deliveries_copy ON deliveries (copy_ts) WHERE copy_ts != ''")


@MIGRATIONS()
def m040_keep_languages_and_prefixes(db: Database) -> None:
    """Keep the language of a workspace's cards, the prefix of its slash commands, and the language
    of the person for whom a link to the connect page was made."""
    db.conn.execute(
        """
        CREATE TABLE workspaces (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            language TEXT NOT NULL DEFAULT '',
            prefix TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (enterprise, team)
        ) WITHOUT ROWID
        """
    )
    db.conn.execute("ALTER TABLE setup_links ADD COLUMN locale TEXT NOT NULL DEFAULT ''")


@MIGRATIONS()
def m041_batch_deliveries(db: Database) -> None:
    """Remember the rows of one modal. `batch` is the key of the row that owns their card, and
    `batch_news` counts on that row how often the others changed."""
    db.conn.execute("ALTER TABLE deliveries ADD COLUMN batch TEXT NOT NULL DEFAULT ''")
    db.conn.execute("ALTER TABLE deliveries ADD COLUMN batch_news INTEGER NOT NULL DEFAULT 0")
    db.conn.execute(
        "CREATE INDEX deliveries_batch ON deliveries (enterprise, team, batch) WHERE batch != ''"
    )


@MIGRATIONS()
def m051_remember_each_persons_tool(db: Database) -> None:
    """Remember what each person used last, and no longer what anybody used in a channel."""
    for sql in (
        "DROP TABLE preferences",
        """
        CREATE TABLE preferences (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            person TEXT NOT NULL,
            kind TEXT NOT NULL,
            operation TEXT NOT NULL,
            PRIMARY KEY (enterprise, team, person, kind)
        ) WITHOUT ROWID
        """,
        "INSERT OR REPLACE INTO preferences"
        " SELECT enterprise, team, actor, kind, vendor || '.' || operation FROM deliveries"
        " ORDER BY id",
    ):
        db.conn.execute(sql)


@MIGRATIONS()
def m052_index_incident_channels(db: Database) -> None:
    """Find the incident that a channel belongs to, each time a form opens in a channel."""
    channel = "json_extract(vendor_object, '$.channel')"
    db.conn.execute(
        f"CREATE INDEX deliveries_of_channel ON deliveries (enterprise, team, {channel})"
        f" WHERE state = 'delivered' AND {channel} != ''"
    )
