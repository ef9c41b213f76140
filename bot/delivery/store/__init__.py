"""All SQL on the deliveries and on their events, which are the audit trail.

`queue` has the way that a row goes by itself, `reconcile` rows that may have been created,
`decisions` what people decide, `follow_ups` the steps after the creation, `cards` what people are
shown, `history` lists, the trail and erasing, `backlog` counts, `workspaces` what other owners of
tables want done in their own transactions.

A state changes in `transitions` alone: it refuses an illegal step and writes the event. `rows`
turns a row into a `Delivery`.
"""
