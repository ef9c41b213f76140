"""The vendor accounts of workspaces, with their credentials, and the links to connect one.

Begin with `store`, the owner of the connections. `setup_links` owns the one-time links to the page
on which an admin connects a vendor, `verify` asks the vendor and saves. The package imports
`adapters`, `storage` and what is below them. The deliveries lie above it: `Connections` offers
hooks that run inside its transactions.
"""
