"""All SQL on the deliveries and their events."""
