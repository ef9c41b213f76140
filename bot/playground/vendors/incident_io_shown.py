"""incident.io's objects for the playground's page and for their own HTML pages."""

from bot.playground.vendors import data
from bot.playground.vendors.base import moment
from bot.playground.vendors.incident_io_data import Row
from bot.playground.vendors.incident_io_fields import in_words
from bot.playground.vendors.records import DisplayedObject


def shown_incident(row: Row, *, from_slack: bool) -> DisplayedObject:
    at = created_at(row)
    return DisplayedObject(
        "incident", row["reference"], row["name"], row["permalink"], at, detail_of(row), from_slack
    )


def shown_action(row: Row, incident: Row) -> DisplayedObject:
    title = row["description"].strip().splitlines()[0]
    return _shown_on("action", title, row, incident, {"Description": row["description"]})


def shown_follow_up(row: Row, incident: Row) -> DisplayedObject:
    more = {
        "Team": row.get("assignee_team", {}).get("name", ""),
        "Priority": row.get("priority", {}).get("name", ""),
        "Category": row.get("category", {}).get("name", ""),
        "Labels": ", ".join(row["labels"]),
        "Description": row.get("description", ""),
    }
    return _shown_on("follow-up", row["title"], row, incident, more)


def _shown_on(
    kind: str, title: str, row: Row, incident: Row, more: dict[str, str]
) -> DisplayedObject:
    """Return an object that belongs to an incident and has no page of its own."""
    detail = {
        "Incident": f"{incident['reference']} {incident['name']}",
        "Assignee": row.get("assignee", {}).get("name", ""),
        "Status": row["status"],
        **more,
    }
    reference = incident["reference"]
    return DisplayedObject(
        kind, reference, title, incident["permalink"], created_at(row), detail, True, reference
    )


def created_at(row: Row) -> float:
    """Return the time of creation in epoch seconds."""
    at = moment(row["created_at"])
    return at.timestamp() if at else 0.0


def detail_of(row: Row) -> dict[str, str]:
    """Return the filled-in values of an incident, by label."""
    detail = {
        "Severity": row.get("severity", {}).get("name", ""),
        "Status": row["incident_status"]["name"],
        "Type": row["incident_type"]["name"],
        "Mode": row["mode"] if row["mode"] != "standard" else "",
        "Visibility": row["visibility"],
        "Summary": row.get("summary", ""),
        "Slack channel": _channel_name(row["slack_channel_id"]),
        "Post-mortem": row.get("postmortem_document_url", ""),
    }
    for part in row["incident_role_assignments"]:
        detail[part["role"]["name"]] = part.get("assignee", {}).get("name", "")
    for part in row["custom_field_entries"]:
        detail[part["custom_field"]["name"]] = in_words(part)
    for part in row["incident_timestamp_values"]:
        detail[part["incident_timestamp"]["name"]] = part.get("value", {}).get("value", "")
    return {label: value for label, value in detail.items() if value}


def _channel_name(channel_id: str) -> str:
    return next((f"#{channel.name}" for channel in data.CHANNELS if channel.id == channel_id), "")
