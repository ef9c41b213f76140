"""Words for people: labels, hints and options for the names and values of task parameters.

A name or value without words in `forms.toml` is humanised.
"""

from bot.adapters.rootly.tasks.model import Parameter
from bot.adapters.rootly.tasks.wording import read_wording
from bot.language import N_

LIQUID = N_("Rootly fills in Liquid such as {{ incident.title }} when the task runs.")

METHODS = {"GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}
"""HTTP's methods, which stay in capital letters."""


def title(parameter: Parameter) -> str:
    """Return the label of the parameter's input."""
    if parameter.title:
        return parameter.title
    name = parameter.name
    if parameter.from_catalog:
        name = name.removesuffix("_target").removesuffix("_id")
        if name.endswith("_ids"):
            stem = name.removesuffix("_ids")
            name = f"{stem.removesuffix('y')}ies" if stem.endswith("y") else f"{stem}s"
        # Rootly's API calls a team a group
        name = name.replace("group", "team")
    return _humanised(name)


def hint(parameter: Parameter) -> str:
    """Return the line below the parameter's input, empty if there is nothing to say."""
    if parameter.hint:
        return parameter.hint
    match parameter.kind, parameter.many:
        case "email", True:
            return N_("One address a line, or Liquid.")
        case "text", True:
            return N_("One a line.")
        case "mapping", _:
            return N_("A JSON object. Liquid works.")
        case "object", _:
            return N_("A JSON object.")
        case "json", _:
            return N_("JSON. Liquid works.")
    return ""


def placeholder(parameter: Parameter) -> str:
    """Return an example of an input that nobody can pick: an ID and a name.

    Empty for other kinds.
    """
    match parameter.kind, parameter.many:
        case "reference", many:
            return "One a line, as 10001, Bug" if many else "10001, Bug"
        case "member", _:
            return "One a line: e-mail address, name"
    return ""


def option(value: str) -> str:
    """Return the label for a value of an enum."""
    if value in read_wording().options:
        return read_wording().options[value]
    if value.isupper() and value not in METHODS and not any(letter.isdigit() for letter in value):
        value = value.lower()
    return _humanised(value)


def _humanised(name: str) -> str:
    words = " ".join(read_wording().spelling.get(word, word) for word in name.split("_"))
    for phrase, spelled in read_wording().phrases.items():
        words = words.replace(phrase, spelled)
    return words[:1].upper() + words[1:]
