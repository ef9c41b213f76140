"""Which vendor account a workspace uses."""
