"""A row of the table as a `Delivery`, and the other way round."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from bot.adapters.base import Created, Entry
from bot.delivery.model import Delivery, Draft
from bot.delivery.problems import Words, as_json, from_json, said
from bot.forms.custom_fields import CustomField
from bot.workspace import Workspace

THE_ROW = "id = :id AND enterprise = :enterprise AND team = :team AND key = :key"
"""The condition for one row. Its parameters are `Delivery.identity`."""
_DRAFTED = tuple(each.name for each in fields(Draft) if each.name not in ("workspace", "key"))
"""The columns that a draft fills and a corrected one replaces; workspace and key never change."""
_COLUMNS = tuple(each.name for each in fields(Delivery) if each.name != "workspace")
_JSON = (
    *("payload", "selected", "field_errors", "vendor_object"),
    *("duplicates", "custom", "follow_up_steps", "error_details"),
)


def read_row(row: sqlite3.Row) -> Delivery:
    """Return the row as an object."""
    plain = {name: row[name] for name in _COLUMNS}
    for name in _JSON:
        plain[name] = json.loads(plain[name])
    plain["selected"] = {
        name: Entry.model_validate(entry) for name, entry in plain["selected"].items()
    }
    plain["duplicates"] = [Created.model_validate(each) for each in plain["duplicates"]]
    plain["custom"] = tuple(CustomField.model_validate(each) for each in plain["custom"])
    plain["follow_up_steps"] = {
        # An older version stored the sentence.
        name: said(why) if isinstance(why, str) else why
        for name, why in plain["follow_up_steps"].items()
    }
    plain["field_errors"] = {
        name: from_json(words) for name, words in plain["field_errors"].items()
    }
    for name in ("private", "card_in_channel"):
        plain[name] = bool(plain[name])
    return Delivery(workspace=Workspace(row["enterprise"], row["team"]), **plain)


def draft_columns(draft: Draft) -> dict[str, Any]:
    """Return the columns that the draft fills."""
    return {name: getattr(draft, name) for name in _DRAFTED} | {
        "payload": json.dumps(draft.payload),
        "selected": selected_json(draft.selected),
        "custom": json.dumps([_plain(each) for each in draft.custom]),
    }


def selected_json(selected: Mapping[str, Entry]) -> str:
    """Return the entries that the pickers showed as JSON."""
    return json.dumps({name: _plain(entry) for name, entry in selected.items()})


def field_errors_json(field_errors: Mapping[str, Words]) -> str:
    """Return what is said of the fields as JSON."""
    return json.dumps(dict(field_errors), default=as_json)


def created_json(made: Created | Sequence[Created]) -> str:
    """Return one object, or several, as JSON."""
    if isinstance(made, Created):
        return made.model_dump_json()
    return json.dumps([each.model_dump() for each in made])


def _plain(model: Entry | CustomField) -> dict[str, Any]:
    return model.model_dump(exclude_defaults=True)
