"""The playground: the real bot, between stand-ins for Slack and the vendors, on this machine.

No account is needed. Begin with `run` for `python -m bot playground`, or with `sandbox` for the
stand-ins alone. The package may import everything else of the bot except `bot.__main__`.

- `sandbox`: the stand-ins, started together
- `run`, `supervisor`: the bot as a process of its own
- `server`, `control_api`, `queue`: the page's server and the data for the page
- `page/`: the page itself
- `slack/`: the Slack stand-in
- `vendors/`: the vendors' stand-ins
"""
