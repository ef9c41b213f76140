"""The vendors that the bot can forward to."""
