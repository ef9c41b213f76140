"""Messages as alert bots, tools and people post them, and what a person sees of each.

Each shape follows an example that its `source` publishes. Names and numbers are our own.
"""

from typing import Any, NamedTuple

Block = dict[str, Any]


class Shape(NamedTuple):
    """A message, the title that it gives, and its words."""

    name: str
    source: str
    message: dict[str, Any]
    title: str
    details: str


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def fields(*texts: str) -> Block:
    return {"type": "section", "fields": [{"type": "mrkdwn", "text": text} for text in texts]}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text} for text in texts]}


def words(text: str, **more: Any) -> Block:
    return {"type": "text", "text": text, **more}


def line(*elements: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(elements)}


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


ATTACHMENTS = "https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments"
RICH_TEXT = "https://docs.slack.dev/reference/block-kit/blocks/rich-text-block"
FILES = "https://docs.slack.dev/reference/objects/file-object"

SHAPES = [
    Shape(
        "Alertmanager, one alert",
        "https://prometheus.io/docs/alerting/latest/notification_examples/",
        {
            "text": "",
            "bot_id": "B1",
            "attachments": [
                {
                    "title": "[FIRING:1] HighErrorRate checkout",
                    "text": "*Details:* 5% errors",
                    "fallback": "[FIRING:1] HighErrorRate checkout | https://alerts.example.com",
                }
            ],
        },
        "[FIRING:1] HighErrorRate checkout",
        "[FIRING:1] HighErrorRate checkout\nDetails: 5% errors",
    ),
    Shape(
        "Alertmanager, with pretext and fields",
        "https://prometheus.io/docs/alerting/latest/configuration/#slack_config",
        {
            "attachments": [
                {
                    "pretext": "<!channel>",
                    "title": "[FIRING:2] DiskFull",
                    "title_link": "https://alerts.example.com/#/alerts",
                    "fields": [
                        {"title": "severity", "value": "critical", "short": True},
                        {"title": "instance", "value": "`db-1:9100`", "short": True},
                    ],
                    "fallback": "[FIRING:2] DiskFull",
                }
            ]
        },
        "[FIRING:2] DiskFull",
        "@channel\n[FIRING:2] DiskFull\nseverity: critical\ninstance: db-1:9100",
    ),
    Shape(
        "Grafana, legacy alert",
        "https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/configure-slack/",
        {
            "text": "",
            "attachments": [
                {
                    "fallback": "[Alerting] Checkout latency",
                    "title": "[Alerting] Checkout latency",
                    "text": "p95 is above 2 s\n\n*Value:* 2.4",
                    "footer": "Grafana",
                }
            ],
        },
        "[Alerting] Checkout latency",
        "[Alerting] Checkout latency\np95 is above 2 s\n\nValue: 2.4",
    ),
    Shape(
        "Grafana, attachment of blocks",
        "https://docs.slack.dev/messaging/formatting-message-text#attachments",
        {
            "text": "",
            "attachments": [
                {
                    "fallback": "[no preview available]",
                    "blocks": [
                        header(":fire: Checkout is slow"),
                        fields("*Service*\ncheckout", "*Severity*\ncritical"),
                        context("Since <!date^1700000000^{time}|22:13 UTC>"),
                    ],
                }
            ],
        },
        ":fire: Checkout is slow",
        ":fire: Checkout is slow\nService\ncheckout\nSeverity\ncritical\nSince 22:13 UTC",
    ),
    Shape(
        "Datadog, monitor",
        "https://docs.datadoghq.com/integrations/slack/",
        {
            "text": "",
            "attachments": [
                {
                    "title": "Triggered: High CPU on web-7",
                    "title_link": "https://app.example.com/monitors/1",
                    "text": "CPU is over 95%. @slack-ops\n<https://app.example.com/m/1|Monitor>",
                    "fields": [{"title": "Tags", "value": "env:prod, team:web"}],
                    "fallback": "Triggered: High CPU on web-7",
                    "image_url": "https://app.example.com/s.png",
                }
            ],
        },
        "Triggered: High CPU on web-7",
        (
            "Triggered: High CPU on web-7\nCPU is over 95%. @slack-ops\n"
            "Monitor (https://app.example.com/m/1)\nTags: env:prod, team:web"
        ),
    ),
    Shape(
        "PagerDuty, triggered",
        "https://support.pagerduty.com/main/docs/slack-user-guide",
        {
            "text": "Triggered #1234: Checkout is down",
            "blocks": [
                section("*Triggered <https://acme.example.com/incidents/Q1|#1234>*"),
                section("*Checkout is down*"),
                fields("*Assigned:* <@U1|ann>", "*Service:* Checkout", "*Urgency:* High"),
                {"type": "actions", "elements": [{"type": "button", "text": {"text": "Ack"}}]},
            ],
        },
        "Triggered #1234 (https://acme.example.com/incidents/Q1)",
        (
            "Triggered #1234 (https://acme.example.com/incidents/Q1)\nCheckout is down\n"
            "Assigned: @ann\nService: Checkout\nUrgency: High"
        ),
    ),
    Shape(
        "PagerDuty, attachment",
        "https://support.pagerduty.com/main/docs/slack-integration-guide",
        {
            "attachments": [
                {
                    "fallback": "Triggered #7: Queue is stuck",
                    "text": "*Triggered <https://acme.example.com/i/7|#7>:* Queue is stuck",
                    "color": "#c00",
                }
            ]
        },
        "Triggered #7 (https://acme.example.com/i/7): Queue is stuck",
        "Triggered #7 (https://acme.example.com/i/7): Queue is stuck",
    ),
    Shape(
        "Sentry, issue",
        "https://docs.sentry.io/organization/integrations/notification-incidents/slack/",
        {
            "text": "[shop] TypeError: x is undefined",
            "attachments": [
                {
                    "color": "#E03E2F",
                    "fallback": "[no preview available]",
                    "blocks": [
                        section(":red_circle: <https://sentry.example.com/1|*TypeError*>"),
                        section("```x is undefined```"),
                        context("State: *New*   First Seen: *1 min ago*"),
                    ],
                }
            ],
        },
        "[shop] TypeError: x is undefined",
        (
            "[shop] TypeError: x is undefined\n"
            ":red_circle: TypeError (https://sentry.example.com/1)\n"
            "x is undefined\nState: New   First Seen: 1 min ago"
        ),
    ),
    Shape(
        "GitHub, issue opened",
        "https://github.com/integrations/slack#features",
        {
            "text": "",
            "attachments": [
                {
                    "pretext": "Issue opened by <https://github.com/ann|ann>",
                    "title": "<https://github.com/acme/shop/issues/9|#9 Cart loses items>",
                    "text": "Steps:\n1. Add\n2. Reload",
                    "fields": [{"title": "Labels", "value": "`bug`"}],
                    "fallback": "[acme/shop] Issue opened",
                    "footer": "<https://github.com/acme/shop|acme/shop>",
                }
            ],
        },
        "Issue opened by ann (https://github.com/ann)",
        (
            "Issue opened by ann (https://github.com/ann)\n"
            "#9 Cart loses items (https://github.com/acme/shop/issues/9)\n"
            "Steps:\n1. Add\n2. Reload\nLabels: bug"
        ),
    ),
    Shape(
        "GitHub, workflow failed",
        "https://github.com/integrations/slack#github-actions-workflow-notifications",
        {
            "text": "acme/shop: deploy failed",
            "attachments": [
                {
                    "fallback": "[no preview available]",
                    "blocks": [
                        section("GitHub Actions / *deploy* failed"),
                        {
                            "type": "context",
                            "elements": [
                                {"type": "image", "image_url": "x", "alt_text": "GitHub"},
                                {"type": "mrkdwn", "text": "acme/shop"},
                            ],
                        },
                    ],
                }
            ],
        },
        "acme/shop: deploy failed",
        "acme/shop: deploy failed\nGitHub Actions / deploy failed\nGitHub acme/shop",
    ),
    Shape(
        "Jira, issue",
        "https://support.atlassian.com/jira-cloud-administration/docs/integrate-jira-cloud-with-slack/",
        {
            "text": "Ann created a Bug",
            "blocks": [
                section("*Ann* created a *Bug*"),
                section("<https://acme.example.net/browse/OPS-1|*OPS-1* Login fails>"),
                context("Status: *To Do*", "Assignee: *Unassigned*"),
                {"type": "divider"},
            ],
        },
        "Ann created a Bug",
        (
            "Ann created a Bug\nOPS-1 Login fails (https://acme.example.net/browse/OPS-1)\n"
            "Status: To Do Assignee: Unassigned"
        ),
    ),
    Shape(
        "Statuspage, incident",
        "https://support.atlassian.com/statuspage/docs/enable-slack-notifications/",
        {
            "text": "",
            "attachments": [
                {
                    "title": "Elevated error rates",
                    "text": "*Investigating* - We are looking into it.",
                    "fields": [{"title": "Components", "value": "API, Web"}],
                    "fallback": "Elevated error rates",
                }
            ],
        },
        "Elevated error rates",
        "Elevated error rates\nInvestigating - We are looking into it.\nComponents: API, Web",
    ),
    Shape(
        "e-mail to a channel",
        FILES,
        {
            "text": "",
            "files": [
                {
                    "filetype": "email",
                    "mode": "email",
                    "subject": "Backup failed",
                    "from": [{"original": "Backups <noreply@example.com>"}],
                    "plain_text": "Job 7 ended with code 1.",
                }
            ],
        },
        "Backup failed",
        "Backup failed\nFrom: Backups <noreply@example.com>\nJob 7 ended with code 1.",
    ),
    Shape(
        "workflow with a form",
        "https://docs.slack.dev/workflows/",
        {
            "text": "New request",
            "bot_id": "B2",
            "blocks": [
                rich(
                    line(words("New request from ", style={"bold": True}), words("Ann")),
                    line(words("What is broken?\n"), words("The checkout")),
                )
            ],
        },
        "New request from Ann",
        "New request from Ann\nWhat is broken?\nThe checkout",
    ),
    Shape(
        "only rich text",
        RICH_TEXT,
        {
            "text": "",
            "blocks": [
                rich(
                    line(
                        {"type": "emoji", "name": "rotating_light", "unicode": "1f6a8"},
                        words(" Login is down for "),
                        {"type": "usergroup", "usergroup_id": "S1"},
                    ),
                    {"type": "rich_text_quote", "elements": [words("HTTP 503")]},
                )
            ],
        },
        "🚨 Login is down for @S1",
        "🚨 Login is down for @S1\nHTTP 503",
    ),
    Shape(
        "a list in rich text",
        RICH_TEXT,
        {
            "text": "Follow-ups:\n• Roll back\n• Tell support",
            "blocks": [
                rich(
                    line(words("Follow-ups:")),
                    {
                        "type": "rich_text_list",
                        "style": "bullet",
                        "elements": [line(words("Roll back")), line(words("Tell support"))],
                    },
                    {
                        "type": "rich_text_list",
                        "style": "ordered",
                        "indent": 1,
                        "elements": [line(words("first by phone"))],
                    },
                )
            ],
        },
        "Follow-ups:",
        "Follow-ups:\n• Roll back\n• Tell support\n    1. first by phone",
    ),
    Shape(
        "begins with a code block",
        RICH_TEXT,
        {
            "text": "```Traceback: KeyError```\nSince noon",
            "blocks": [
                rich(
                    {"type": "rich_text_preformatted", "elements": [words("Traceback: *Key*")]},
                    line(words("Since noon")),
                )
            ],
        },
        "Traceback: *Key*",
        "Traceback: *Key*\nSince noon",
    ),
    Shape(
        "begins with a code block, in markup",
        "https://docs.slack.dev/messaging/formatting-message-text",
        {"text": "```\nkill -9 *all*\n```\nwas run by <@U1|ann>"},
        "kill -9 *all*",
        "kill -9 *all*\n\nwas run by @ann",
    ),
    Shape(
        "text that is no text, beside blocks",
        "https://docs.slack.dev/reference/block-kit/blocks/section-block",
        {"text": "This content can't be displayed.", "blocks": [section("Hello <@U1|ann>")]},
        "Hello @ann",
        "Hello @ann",
    ),
    Shape(
        "markup",
        "https://docs.slack.dev/messaging/formatting-message-text",
        {"text": "*Down:* _checkout_ ~maybe~ is &lt;503&gt;, see <https://x.example|x.example>"},
        "Down: checkout maybe is <503>, see https://x.example",
        "Down: checkout maybe is <503>, see https://x.example",
    ),
    Shape(
        "names with signs that are no markup",
        "https://docs.slack.dev/messaging/formatting-message-text",
        {"text": "high_error_rate on a*b*c at 12:30:45"},
        "high_error_rate on a*b*c at 12:30:45",
        "high_error_rate on a*b*c at 12:30:45",
    ),
    Shape(
        "a first line of signs alone",
        "https://docs.slack.dev/messaging/formatting-message-text",
        {"text": "<!here> :fire: :fire:\n———\n&gt; Payments fail"},
        "Payments fail",
        "@here :fire: :fire:\n———\nPayments fail",
    ),
    Shape(
        "only a file",
        FILES,
        {
            "text": "",
            "files": [
                {
                    "name": "log.txt",
                    "title": "log.txt",
                    "permalink": "https://acme.slack.com/files/U1/F1/log.txt",
                }
            ],
        },
        "log.txt https://acme.slack.com/files/U1/F1/log.txt",
        "log.txt https://acme.slack.com/files/U1/F1/log.txt",
    ),
    Shape(
        "a file of another organisation",
        "https://docs.slack.dev/apis/slack-connect/",
        {"text": "", "files": [{"mode": "file_access", "file_access": "check_file_info"}]},
        "a file",
        "a file",
    ),
    Shape(
        "a table",
        "https://docs.slack.dev/reference/block-kit/blocks/table-block",
        {
            "text": "",
            "attachments": [
                {
                    "blocks": [
                        {
                            "type": "table",
                            "rows": [
                                [
                                    {"type": "raw_text", "text": "Region"},
                                    {"type": "raw_text", "text": "State"},
                                ],
                                [
                                    {"type": "rich_text", "elements": [line(words("eu-1"))]},
                                    {"type": "raw_text", "text": "down"},
                                ],
                            ],
                        }
                    ]
                }
            ],
        },
        "Region | State",
        "Region | State\neu-1 | down",
    ),
    Shape(
        "a shared message",
        ATTACHMENTS,
        {
            "text": "look",
            "attachments": [
                {
                    "is_msg_unfurl": True,
                    "author_name": "Ann",
                    "fallback": "[July 1st] ann: Checkout is down",
                    "message_blocks": [
                        {"message": {"blocks": [rich(line(words("Checkout is down")))]}}
                    ],
                }
            ],
        },
        "look",
        "look\nAnn\nCheckout is down",
    ),
    Shape(
        "a fallback is all there is",
        ATTACHMENTS,
        {"attachments": [{"fallback": "Backup of db-1 failed", "color": "danger"}]},
        "Backup of db-1 failed",
        "Backup of db-1 failed",
    ),
    Shape(
        "half a surrogate pair",
        "https://www.rfc-editor.org/rfc/rfc8259#section-8.2",
        {"text": "Cut in the middle \ud83d"},
        "Cut in the middle ?",
        "Cut in the middle ?",
    ),
    Shape(
        "nothing at all",
        "https://docs.slack.dev/reference/events/message",
        {"text": "\u200b\ufeff", "blocks": [{"type": "divider"}], "attachments": [None, {}]},
        "",
        "\u200b\ufeff",
    ),
]
