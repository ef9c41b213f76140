"""Building blocks on asyncio: loops, worker pools, limits, threads, hooks, logging of errors.

Nothing here knows the domain. The package imports `errors` and `workspace` at most. Begin with
`loop`, which most background parts are made of.
"""
