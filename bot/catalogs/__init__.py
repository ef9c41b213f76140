"""Catalogs: the vendors' lists behind the pickers.

Begin with `service`, which answers pickers from memory and refreshes the lists in the background.
`store` owns the stored lists, `search` ranks them. The package imports `delivery` and what is below
it.
"""
