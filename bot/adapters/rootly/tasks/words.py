"""What people read for the names and values of task parameters. A name without words here is humanised."""

from collections.abc import Mapping

from bot.adapters.rootly.tasks.notation import Parameter

LIQUID = "Rootly fills in Liquid such as {{ incident.title }} when the task runs."

_SPELLED: Mapping[str, str] = {
    "id": "ID", "ids": "IDs", "url": "URL", "json": "JSON", "pdf": "PDF", "sms": "SMS", "api": "API", "html": "HTML",
    "http": "HTTP", "slack": "Slack", "jira": "Jira", "github": "GitHub", "gitlab": "GitLab", "pagerduty": "PagerDuty",
    "opsgenie": "Opsgenie", "pagertree": "PagerTree", "zendesk": "Zendesk", "asana": "Asana", "shortcut": "Shortcut",
    "linear": "Linear", "motion": "Motion", "trello": "Trello", "airtable": "Airtable", "freshservice": "Freshservice",
    "clickup": "ClickUp", "google": "Google", "zoom": "Zoom", "email": "e-mail", "emails": "e-mails",
}  # fmt: skip
_PHRASES: Mapping[str, str] = {"victor ops": "Splunk On-Call (VictorOps)", "top p": "Top P", "sub status": "sub-status"}

TITLES: Mapping[str, str] = {
    "actionables": "Buttons",
    "assign_user_email": "Assignee's e-mail",
    "assigned_at": "Since when",
    "assigned_to_user": "Assigned to",
    "attribute_to_query_by": "Found by",
    "body": "Body",
    "broadcast_thread_reply_to_channel": "Show a threaded reply in the channel too",
    "check_workflow_conditions": "Only if its conditions are met",
    "completion": "State of completion",
    "archivation": "State of archiving",
    "conference_solution_key": "Kind of conference",
    "create_as_email": "Host's e-mail",
    "create_new_alert": "Always a new alert",
    "create_new_incident_on_conflict": "A new incident if there is one already",
    "custom_fields_mapping": "Custom fields",
    "days_until_meeting": "Days until the meeting",
    "adjustment_days": "Move it by days",
    "dry_run": "Only say who would be removed",
    "due_date": "Due",
    "emails": "E-mail addresses",
    "enable_online_meeting": "With an online meeting",
    "enable_zoom_bot_auto_join": "Let Rootly's bot join",
    "environments_impacted_by_incident": "The incident's environments",
    "services_impacted_by_incident": "The incident's services",
    "exclude_weekends": "Not at weekends",
    "expected_response_headers": "Response headers to expect",
    "file_id": "File's ID",
    "inactivity_timeout": "After how long without activity",
    "include_follow_ups": "Include follow-ups",
    "include_footer": "Rootly's footer",
    "include_header": "Rootly's header",
    "include_overview": "Include the overview",
    "include_timeline": "Include the timeline",
    "mark_post_mortem_as_published": "Mark the retrospective as published",
    "parent_message_thread_task": "In the thread of another task's message",
    "past_duration": "How far back",
    "password_required": "With a password",
    "pin_to_channel": "Pin it to the channel",
    "post_mortem_template_id": "Retrospective template",
    "post_to_incident_timeline": "Post to the incident's timeline",
    "postmortem_id": "Retrospective's ID",
    "preheader": "Preview line",
    "private": "Private",
    "query_value": "Value to match",
    "recording_mode": "What is recorded",
    "record_meeting": "Record it",
    "replace_attendees": "Replace the attendees",
    "reporter_user_email": "Reporter's e-mail",
    "retry_count": "Retries when rate-limited",
    "retry_wait_time": "Seconds between retries",
    "selected_component_keys": "Components",
    "selected_component_statuses": "Components' statuses",
    "send_as_ephemeral": "Visible only to those it is sent to",
    "send_notification_email": "Notify by e-mail",
    "send_only_as_threaded_message": "Only as a reply in the thread",
    "send_updates": "Tell the guests",
    "should_tweet": "Tweet it as well",
    "show_action_items_as_table": "Action items as a table",
    "show_timeline_as_table": "Timeline as a table",
    "slack_emails": "E-mail addresses",
    "slack_user_groups": "Slack user groups",
    "slack_users": "Slack people",
    "status_page_ids": "Several status pages",
    "succeed_on_status": "Status codes that mean success",
    "sync_incident_components": "The incident's components too",
    "target_kind": "Who",
    "thread_ts": "Thread's timestamp",
    "update_parent_message": "Update the first message of the thread",
}

HINTS: Mapping[str, str] = {
    "attachments": "JSON, once Liquid is filled in.",
    "blocks": "A list of blocks as JSON, once Liquid is filled in.",
    "color": "Such as #FF0000.",
    "due_date": "A day such as 2026-12-24, or Liquid that gives one.",
    "emails": "Separated by commas.",
    "headers": "A JSON object. Keep tokens out of here: Rootly has secrets for them.",
    "inactivity_timeout": "Such as 1 hour or 2 days.",
    "incident_id": "Such as {{ incident.id }}, the incident that the workflow runs for.",
    "meeting_duration": "Such as 30 minutes or 1 hour.",
    "past_duration": "Such as 30 minutes, 1 hour or 2 days.",
    "phone_numbers": "One a line, with the country's code: 14155550100.",
    "slack_emails": "Separated by commas.",
    "succeed_on_status": "Such as 200, 200|203 or 20[0-3].",
    "time_of_meeting": "Hours and minutes: 14:30.",
}

THING_HINTS: Mapping[str, str] = {
    "incident": "{{ incident.id }} is the incident that the workflow runs for.",
    "resource": "What the other workflow runs for; {{ incident.id }} is the incident that this one runs for.",
    "parent_message_thread_task": "The task of this workflow that sends the message.",
}

_OPTIONS: Mapping[str, str] = {
    "auto": "Automatic", "true": "Yes", "false": "No", "oneOnOne": "One on one", "ptsn": "Phone (PSTN)",
    "hyrid": "Hybrid", "voip": "VoIP", "eventHangout": "Hangout", "eventNamedHangout": "Named Hangout",
    "hangoutsMeet": "Google Meet", "addOn": "Add-on of another provider", "post_mortem": "Retrospective",
    "postmortem": "Retrospective", "ack": "Acknowledge", "sequential_id": "Number (42 of INC-42)",
    "id": "ID in Rootly", "none": "No recording", "local": "On the host's computer", "cloud": "In the cloud",
    "gallery_view_v2": "Gallery view, second version", "role": "Role", "email_address": "E-mail address",
    "users_without_private_incident_access": "Those who may not see a private incident", "test_case": "Test case",
    "insert_at_end": "Add it at the end", "replace": "Replace what is there", "append": "Add to what is there",
    "minimal": "Minimal", "standard-1X": "Standard-1X", "standard-2X": "Standard-2X",
}  # fmt: skip
_UPPER = {"GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}


def title(parameter: Parameter) -> str:
    """The label of the parameter's input."""
    name = parameter.name
    if said := parameter.title or TITLES.get(name):
        return said
    if picked(parameter):
        name = name.removesuffix("_target").removesuffix("_id")
        if name.endswith("_ids"):
            stem = name.removesuffix("_ids")
            name = f"{stem.removesuffix('y')}ies" if stem.endswith("y") else f"{stem}s"
        name = name.replace("group", "team")  # what the attributes call a group is a team to people
    return _sentence(name)


def picked(parameter: Parameter) -> bool:
    """Whether the value is chosen from one of Rootly's own lists."""
    kinds = ("", "text", "long", "email", "enum", "bool", "bool?", "int", "number", "json", "mapping", "object")
    return parameter.shape.word not in (*kinds, "channel", "person", "user_group")


def hint(parameter: Parameter) -> str:
    """The line below the parameter's input, empty if nothing needs saying."""
    shape = parameter.shape
    said = THING_HINTS if shape.thing else HINTS
    if parameter.name in said and not parameter.title:
        return said[parameter.name]
    match shape.word, shape.many, shape.thing:
        case "email", True, False:
            return "One address a line, or Liquid that gives one."
        case "text", True, _:
            return "One a line."
        case "mapping" | "object", _, _:
            return "A JSON object; Liquid may stand in it." if shape.word == "mapping" else "A JSON object."
        case "json", _, _:
            return "JSON; Liquid may stand in it."
    return ""


def placeholder(parameter: Parameter) -> str:
    """What stands in the parameter's input while it is empty: an example of what nobody can pick, by its id and name."""
    match parameter.shape.word, parameter.shape.thing, parameter.shape.many:
        case "", True, many:
            return "One a line, as 10001, Bug" if many else "10001, Bug"
        case "email", True, _:
            return "One a line: e-mail address, name"
    return ""


def option(value: str) -> str:
    """What people read for a value of an enum."""
    if value in _OPTIONS:
        return _OPTIONS[value]
    if value.isupper() and value not in _UPPER and not any(letter.isdigit() for letter in value):
        value = value.lower()
    return _sentence(value)


def _sentence(name: str) -> str:
    words = " ".join(_SPELLED.get(word, word) for word in name.split("_"))
    for said, spelled in _PHRASES.items():
        words = words.replace(said, spelled)
    return words[:1].upper() + words[1:]
