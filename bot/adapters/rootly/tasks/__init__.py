"""The types of Rootly's workflow tasks. Begin with `types()`.

- `facts.json` has the vendor's facts. `generate.py` makes it from Rootly's OpenAPI document.
- `forms.toml` has our words and order, and the facts that only Rootly's SDK has. People edit it.
- `join.py` joins both, `check.py` finds where they disagree, `words.py` makes labels and hints.

A contract test makes `facts.json` again from the document in `$VENDOR_SPECS` and compares.
"""

from collections.abc import Mapping
from functools import cache

from bot.adapters.rootly.tasks.facts import read_facts
from bot.adapters.rootly.tasks.join import join
from bot.adapters.rootly.tasks.model import Parameter, Rule, TaskType
from bot.adapters.rootly.tasks.wording import read_wording

__all__ = ["Parameter", "Rule", "TaskType", "in_order", "types"]


@cache
def types() -> Mapping[str, TaskType]:
    """Return every type by its name. The first call reads both files."""
    return {task.name: task for task in join(read_facts(), read_wording())}


@cache
def in_order() -> tuple[TaskType, ...]:
    """Return every type, the most used first, the others by their labels."""
    rank = {name: place for place, name in enumerate(read_wording().most_used)}

    def place(task: TaskType) -> tuple[int, str]:
        return rank.get(task.name, len(rank)), task.label.casefold()

    return tuple(sorted(types().values(), key=place))
