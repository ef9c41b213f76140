"""The tasks of the Twilio stand-in's workspaces.

Nobody works there, so a task is pending until a test (`finish`) or its timeout ends it. About five
minutes later the task is forgotten, as at Twilio. A task goes to the queue of its workflow's
default filter.
"""

import json
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.playground.vendors.base import iso, moment
from bot.playground.vendors.ids import hex_id
from bot.playground.vendors.twilio_answers import error, invalid, missing, whole
from bot.playground.vendors.twilio_configuration import queue_of

Row = dict[str, Any]

LARGEST_ATTRIBUTES = 4096
"""Largest length of a task's attributes, in characters."""
LARGEST_INT = 2_147_483_647
DAY, TWO_WEEKS = 86_400, 1_209_600
REMEMBERED_SECONDS = 300.0
"""Seconds after its end for which a task still exists."""
EVALUATIONS = 3
"""Number of filters with an expression that are allowed in a second."""
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_CONDITION = re.compile(r"""\s*(\w+)\s*==\s*(?:"([^"]*)"|'([^']*)')\s*""")
_AND = re.compile(r"\bAND\b")


class Tasks:
    """Every workspace's tasks. The lists belong to the stand-in."""

    def __init__(
        self,
        queues: Mapping[str, Sequence[Row]],
        workflows: Mapping[str, Sequence[Row]],
        channels: Mapping[str, Sequence[Row]],
    ) -> None:
        self.rows: dict[str, list[Row]] = {workspace: [] for workspace in queues}
        self._queues = queues
        self._workflows = workflows
        self._channels = channels
        self._ended: dict[str, float] = {}
        self._evaluated: deque[float] = deque(maxlen=EVALUATIONS)

    def create(self, workspace: str, form: dict[str, str], common: Row) -> Row:
        """Make and keep the task that the form asks for.

        `common` are the members that every resource has. Raises a refusal.
        """
        workflow, channel = self._workflow(workspace, form), self._channel(workspace, form)
        queue = self._queue(workspace, form, workflow)
        target, ignore = self._routing_target(workspace, form)
        row = {
            **{name: value for name, value in common.items() if name != "friendly_name"},
            "workspace_sid": workspace,
            "age": 0,
            "assignment_status": "pending",
            "attributes": _attributes(form),
            "addons": "{}",
            "reason": None,
            "priority": whole(form, "Priority", 0, LARGEST_INT, 0),
            "timeout": whole(form, "Timeout", 1, TWO_WEEKS, DAY),
            "task_queue_entered_date": common["date_created"],
            "task_queue_sid": queue["sid"] if queue else None,
            "task_queue_friendly_name": queue["friendly_name"] if queue else None,
            "task_channel_sid": channel["sid"],
            "task_channel_unique_name": channel["unique_name"],
            "workflow_sid": workflow["sid"],
            "workflow_friendly_name": workflow["friendly_name"],
            "virtual_start_time": _virtual_start(form) or common["date_created"],
            "routing_target": target,
            "ignore_capacity": ignore,
        }
        self.rows[workspace].append(row)
        return row

    def finish(self, sid: str, at: float | None = None) -> None:
        """Complete a task. `at` is in epoch seconds, by default now."""
        row = next(row for rows in self.rows.values() for row in rows if row["sid"] == sid)
        row["assignment_status"] = "completed"
        self._ended[sid] = time.time() if at is None else at

    def present(self, workspace: str, expression: str = "") -> list[Row]:
        """Return the tasks that are not forgotten yet and for which the expression is true."""
        now = time.time()
        there = [row for row in self.rows[workspace] if self._end(row) + REMEMBERED_SECONDS > now]
        wanted = conditions(expression) if expression else {}
        return [row for row in there if _meets(json.loads(row["attributes"]), wanted)]

    def count_evaluation(self) -> None:
        """Count a filter with an expression. Raises the 429 for a fourth one within a second."""
        now = time.monotonic()
        if len(self._evaluated) == EVALUATIONS and now - self._evaluated[0] < 1.0:
            raise error(429, 20429, "Too Many Requests", "too many expressions")
        self._evaluated.append(now)

    def _end(self, row: Row) -> float:
        made = moment(row["date_created"])
        return self._ended.get(
            row["sid"], (made.timestamp() if made else 0.0) + float(row["timeout"])
        )

    def _workflow(self, workspace: str, form: dict[str, str]) -> Row:
        workflows, sid = self._workflows[workspace], form.get("WorkflowSid", "")
        if sid:
            return _known(workflows, "sid", sid, "WorkflowSid", "Workflow")
        if len(workflows) != 1:
            raise missing("WorkflowSid")
        return workflows[0]

    def _channel(self, workspace: str, form: dict[str, str]) -> Row:
        named = form.get("TaskChannel") or "default"
        by = "sid" if re.fullmatch(r"TC[0-9a-fA-F]{32}", named) else "unique_name"
        return _known(self._channels[workspace], by, named, "TaskChannel", "TaskChannel")

    def _queue(self, workspace: str, form: dict[str, str], workflow: Row) -> Row | None:
        queues = self._queues[workspace]
        if sid := form.get("TaskQueueSid"):
            return _known(queues, "sid", sid, "TaskQueueSid", "TaskQueue")
        default = json.loads(workflow["configuration"])["task_routing"].get("default_filter") or {}
        return next((row for row in queues if row["sid"] == queue_of(default)), None)

    def _routing_target(
        self, workspace: str, form: dict[str, str]
    ) -> tuple[str | None, bool | None]:
        """Return the target, and whether its capacity is ignored.

        A worker is not looked up, because there is no list of workers.
        """
        target, ignore = form.get("RoutingTarget") or None, form.get("IgnoreCapacity")
        if target is not None:
            lists = {"WQ": self._queues[workspace], "WW": self._workflows[workspace]}
            if not re.fullmatch(r"W[KQW][0-9a-fA-F]{32}", target):
                raise invalid(
                    "RoutingTarget", "must be the SID of a Worker, a TaskQueue or a Workflow"
                )
            if rows := lists.get(target[:2]):
                _known(rows, "sid", target, "RoutingTarget", "target")
        if not (target or "").startswith("WK"):
            if ignore:
                raise invalid("IgnoreCapacity", "can only be used when RoutingTarget is a Worker")
            return target, None
        return target, ignore is None or ignore.lower() in ("true", "1", "yes")


def conditions(expression: str) -> dict[str, str]:
    """Return the text that each attribute must have.

    The expression may use `name == "text"` and AND.

    Raises a refusal for other expressions.
    """
    found: dict[str, str] = {}
    for part in _AND.split(expression):
        if (match := _CONDITION.fullmatch(part)) is None:
            raise invalid("EvaluateTaskAttributes", "is not an expression that this stand-in knows")
        found[match[1]] = match[2] if match[2] is not None else match[3]
    return found


def _meets(attributes: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(attributes.get(name) == text for name, text in wanted.items())


def new_sid() -> str:
    return hex_id("WT")


def detail(row: Row) -> dict[str, str]:
    """Return a task's details for people."""
    shown = {
        "Workflow": row["workflow_friendly_name"],
        "Queue": row["task_queue_friendly_name"],
        "Channel": row["task_channel_unique_name"],
        "Priority": row["priority"],
        "Timeout": f"{row['timeout']} s",
        "Routing target": row["routing_target"],
    }
    named = {
        str(name): value for name, value in json.loads(row["attributes"]).items() if name != "title"
    }
    return {
        label: _in_words(value)
        for label, value in {**shown, **named}.items()
        if value not in (None, "")
    }


def title(row: Row) -> str:
    """Return the task's title from its attributes."""
    return str(json.loads(row["attributes"]).get("title") or "A task without a title")


def _in_words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _attributes(form: dict[str, str]) -> str:
    text = form.get("Attributes") or "{}"
    if len(text) > LARGEST_ATTRIBUTES:
        raise invalid("Attributes", f"is longer than {LARGEST_ATTRIBUTES} characters")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise invalid("Attributes", "is not a valid JSON object")
    return text


def _virtual_start(form: dict[str, str]) -> str | None:
    if not (text := form.get("VirtualStartTime")):
        return None
    at = moment(text)
    if at is None or not _EARLIEST <= at <= datetime.now(UTC):
        raise invalid(
            "VirtualStartTime", "must be a date that is not in the future and not before 1900"
        )
    return iso(at.timestamp())


def _known(rows: Sequence[Row], by: str, value: str, parameter: str, what: str) -> Row:
    for row in rows:
        if row[by] == value:
            return row
    raise invalid(parameter, f"{value} is no {what} of this workspace")
