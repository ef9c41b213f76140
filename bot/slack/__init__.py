"""Everything about Slack except the listeners and the bot's texts.

The package has Bolt's app, the clients, cards, people, user groups, files, scopes, installations
and tokens. Begin with `app`. It imports `messages`, `catalogs` and the packages below them; the
layers in `pyproject.toml` hold that.
"""
