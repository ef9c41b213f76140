"""The playground: Slack and the three vendors on this machine, and the real bot in between. No
account needed.

stage.py    the stand-ins, started together    run.py      `python -m bot playground`
server.py   the page and what it calls         page/       the page itself
slack/      the Slack stand-in                 vendors/    the vendors' stand-ins
"""
