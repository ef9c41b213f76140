"""The durable outbox: from a submitted form to the object at the vendor.

Begin with `model`, which says what a delivery is, and `dispatcher`, which sends it. `store` holds
all SQL on deliveries. The package imports `connections`, `adapters` and what is below them, and
knows nothing of Slack.
"""
