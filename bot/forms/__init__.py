"""Forms: from a pydantic model to a Slack modal, and from the person's input back to the model.

Begin with `fields`, which shows how a form is declared. The package imports `runtime`, `errors` and
`workspace` at most.
"""
