"""The database, its migrations, encryption, and the one table that no package above owns.

Begin with `database`: every store gives it functions to run on its two threads. The package imports
`settings`, `runtime` and what is below them, and names no table of a package above: the owner of a
table with secrets describes it (`encrypted_secrets.SecretColumn`).
"""
