"""The commands of `python -m bot`, one module for each command.

The package imports `app` and everything below it. `bot.__main__` parses the arguments and calls the
commands.
"""
