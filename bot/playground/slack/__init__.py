"""A stand-in for Slack: its Web API and everything it sends to a bot, as strict as the real one is
documented to be.

standin.py        SlackStandIn: the constructor, the routes, what can be read back
platform.py       several workspaces behind one Web API, and how the app is installed in them
interactions.py   what a person does: commands, shortcuts, submissions, clicks
client_checks.py  what Slack's own client checks before it sends a submission
payloads.py       the payloads that Slack sends
transport.py      how they travel, signed; sockets.py: Socket Mode
answers.py        what the bot's answers mean; responses.py: what it posts to response URLs
web_api.py        the Web API's door: tokens, scopes, arguments; methods.py: what each method does
state.py          what all of these share, made of:
world.py          people, channels and messages; user_groups.py: what the Web API says about user groups
files.py          files that were chosen in forms
views.py          modals and home tabs, with what was typed; blocks.py: Block Kit's elements and their values
grants.py         trigger ids and response URLs
events.py         what the page is told
"""

from bot.playground.slack.interactions import Outcome
from bot.playground.slack.standin import SlackStandIn
from bot.playground.slack.state import MissingError

__all__ = ["MissingError", "Outcome", "SlackStandIn"]
