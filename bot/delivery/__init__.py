"""The durable outbox: from a submitted form to what became of it."""
