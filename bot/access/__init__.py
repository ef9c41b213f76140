"""Who may do what: the policy, and what admins decided."""
