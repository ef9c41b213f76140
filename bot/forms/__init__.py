"""Forms: a pydantic model in, a Slack modal out, and what was filled in back as the model."""
