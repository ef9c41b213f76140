"""The share of the bot that one workspace may use. All of these limits are generous: people reach
them only when something is wrong."""

WAITING_DELIVERIES = 2_000
"""Deliveries that wait to be sent."""
REQUESTS = 64
"""Requests from Slack that are being answered at a time, events aside."""
FILES = 8
"""Files at a time, downloading or kept until the form's button is pressed again."""
