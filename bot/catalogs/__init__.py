"""Catalogs: the vendors' lists behind the pickers.

Begin with `service`, which answers pickers. `refresher` fetches what is due, `store` owns the
stored lists, `listing` holds one in memory, `search` ranks its entries. The package imports
`delivery` and what is below it.
"""
