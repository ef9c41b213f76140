"""Slack: the app, its clients, and what the bot keeps of people, files and installations."""
