"""What a test stands on: the real bot, the stand-ins around it, and somebody who uses them.

- `bot`: the bot between Slack and the vendors (the fixture `world`), and `eventually`
- `modal`: what a person sees and does in an open modal
- `rows`: deliveries of that bot in any state, with their cards
- `workspaces`: several workspaces around one bot, installed with a browser
- `browser`: the bot's web pages, and a browser without scripts
- `uninstall`: the events with which an app is removed, and what is left of a workspace
- `notes`: a vendor that does what a test says, a clock that it sets, and rows for both
- `machine`: deliveries to that vendor, without Slack
- `cards`: cards of those deliveries, at a Slack that answers what a test says
- `slack`: that Slack's Web API
- `proxy`: somebody between the bot and a server
- `processes`, `terminal`: the bot as a process, and its commands at a terminal
"""
