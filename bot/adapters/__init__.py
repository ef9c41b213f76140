"""The vendors: one module or package for each, and the parts that all of them use.

Begin with `base`, which defines an adapter. `http_adapter` has what the adapters of HTTP APIs
share, and `registry` lists the vendors. The package imports `forms`, `runtime` and what is below
them, and knows nothing of Slack.
"""
