"""Incident Relay: from Slack to the incident tool that a workspace uses.

Begin with `app`, which puts the parts together. Each package says in its own docstring what it is
for and what it may import; `pyproject.toml` has the order of the layers.
"""
