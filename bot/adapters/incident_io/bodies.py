"""Make the bodies for incident.io, and find refusals that are known before sending."""

import re
from collections.abc import Mapping
from typing import Any

from bot.adapters.base import REPORTER, Entry, Submission
from bot.adapters.incident_io.custom_fields import ROLES, members, reported_by
from bot.adapters.incident_io.forms import Action, FollowUp, Incident
from bot.adapters.incident_io.lists import ALWAYS_TRIAGE, PRIVATE_ONLY, TRIAGE
from bot.adapters.values import iso
from bot.forms.fields import Form
from bot.language import Sentence


def incident(form: Incident, submission: Submission) -> dict[str, Any]:
    """Return the body that creates an incident.

    The organisation's own fields are in the form's field `custom`, if the form has one.
    """
    given = _given(form)
    values = given.pop("custom", {})
    own = members(values)
    if (asker := submission.selected.get(REPORTER)) and (
        reporter := reported_by(asker.id, submission.custom, values)
    ):
        own[ROLES.name] = [*own.get(ROLES.name, []), *reporter]
    late = _late(submission, values)
    for name, added in late.items():
        own[name] = [*own.get(name, []), *added]
    if submission.late_since and not (late or values.get(submission.late_field)):
        note = submission.late_note("Declared")
        given["summary"] = "\n\n".join(filter(None, (given.get("summary"), note)))
    return {**given, **own, "idempotency_key": submission.idempotency_key}


def _late(submission: Submission, values: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the time of submission of a late incident, in the timestamp that an admin picked.

    Empty if none was picked or it is gone since, and if the form says that time itself.
    """
    field = submission.late_field
    known = field in {each.id for each in submission.custom}
    if not submission.late_since or not known or values.get(field):
        return {}
    return members({field: iso(submission.late_since)})


def action(form: Action, submission: Submission) -> dict[str, Any]:
    return {**_given(form), "description": f"{form.description}\n\n{_footer(submission)}"}


def follow_up(form: FollowUp, submission: Submission) -> dict[str, Any]:
    """Return the body that creates a follow-up.

    The marker is in the description. A label would be copied to the issue trackers, where each
    becomes a new label.
    """
    words = "\n\n".join(filter(None, [form.description, _footer(submission)]))
    return {**_given(form), "description": words}


def objections(form: Incident, submission: Submission) -> dict[str, str | Sentence]:
    """Return the refusals that the chosen entries make certain: a sentence by field.

    The form alone does not have these facts. If an entry is not known, the vendor decides.
    """
    status = submission.selected.get(f"incident_statuses/{form.incident_status_id}")
    kind = submission.selected.get(f"incident_types/{form.incident_type_id}")
    found: dict[str, str | Sentence] = {}
    if form.severity_id is None and not _may_be_triage(form, status, kind):
        found["severity_id"] = Sentence(
            "Choose a severity. Only incidents in triage can go without one."
        )
    if form.visibility == "public" and kind is not None and PRIVATE_ONLY in kind.detail:
        found["visibility"] = Sentence(
            "Choose “Only the people invited”. Incidents of the type “{type}” are private.",
            {"type": kind.label},
        )
    return found


def _may_be_triage(form: Incident, status: Entry | None, kind: Entry | None) -> bool:
    if form.incident_status_id is not None:
        return status is None or status.detail in (TRIAGE, "")
    return kind is not None and ALWAYS_TRIAGE in kind.detail


def _given(form: Form) -> dict[str, Any]:
    """Return the filled-in values.

    Empty ones are left out, so that incident.io's defaults apply.
    """
    return _without_empty(form.model_dump(mode="json"))


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    filled = {
        name: _without_empty(value) if isinstance(value, dict) else value
        for name, value in values.items()
    }
    return {name: value for name, value in filled.items() if value not in (None, "", [], {})}


def _footer(submission: Submission) -> str:
    """Return the footer in italics, with its own characters escaped in Markdown."""
    return "_" + re.sub(r"([\\_*`\[\]])", r"\\\1", submission.footer) + "_"
