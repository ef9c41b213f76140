"""Incident Relay: from Slack to the incident tool a workspace uses."""
