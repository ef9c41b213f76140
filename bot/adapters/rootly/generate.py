"""Run the generator of `tasks/facts.json`: `python -m bot.adapters.rootly.generate rootly.json`."""

import sys

from bot.adapters.rootly.tasks.generate import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
