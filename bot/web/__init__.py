"""The HTTP side: Slack's requests, the health check, and the pages for people.

Begin with `app`, which makes the web application, and `server`, which runs it. The package imports
`services` and the packages below it, and no handlers.
"""
