"""A stand-in for Slack: its Web API and everything that Slack sends to a bot.

The stand-in is as strict as Slack is documented to be. Begin with `standin`.

- `standin`: SlackStandIn, with the constructor, the routes and everything that can be read back
- `platform`: several workspaces behind one Web API, and the installation of the app
- `interactions`: a person's actions: commands, shortcuts, submissions, clicks
- `client_checks`: the checks of Slack's own client before a submission
- `payloads`: the payloads that Slack sends
- `transport`, `sockets`: signed requests over HTTP, and Socket Mode
- `answers`, `responses`: the bot's answers, and its posts to response URLs
- `web_api`, `methods`: tokens, scopes and arguments of a call, and what each method does
- `limits`, `limits_blocks`, `limits_shapes`: Slack's limits
- `state`: everything that these modules share, made of the modules below
- `world`, `user_groups`: people, channels and messages; the methods about user groups
- `files`: files that were chosen in forms
- `views`, `blocks`: modals and home tabs with their values; Block Kit's elements
- `grants`: trigger ids and response URLs
- `events`: the events for the page
"""

from bot.playground.slack.interactions import Outcome
from bot.playground.slack.standin import SlackStandIn
from bot.playground.slack.state import MissingError

__all__ = ["MissingError", "Outcome", "SlackStandIn"]
