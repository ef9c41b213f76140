"""The durable outbox: takes a submitted form, and sees to it that the vendor creates one object.

Begin with `states`, the one table of what may happen to a delivery. `store` holds the rows.
`dispatcher` sends them, by `sender`; `reconciler` finds out what became of a send without an
answer; `follow_up` does what remains after the creation. All three call vendors by way of
`attempt`.

It may import `bot.connections`, `bot.adapters`, `bot.forms`, `bot.storage`, `bot.runtime` and what
lies below them. It knows no Slack and makes no sentences: `bot.messages` does.
"""
