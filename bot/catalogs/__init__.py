"""The vendors' lists behind the pickers."""
