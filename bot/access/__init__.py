"""Who may use which operation.

Begin with `policy`, which decides. `store` owns what the admins of a workspace decided. The package
imports `slack`, `messages` and what is below them.
"""
