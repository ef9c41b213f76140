"""HTTP: Slack's requests, the health check, and the pages for people."""
