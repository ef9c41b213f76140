"""Every part that remembers something of workspaces is told to forget them."""

import ast
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

import bot
from bot.workspace import RemembersWorkspaces, Scope, Workspace, WorkspaceMemory
from tests.world.bot import World
from tests.world.notes import HERE

ROOT = Path(bot.__file__).parent.parent
TOLD_OTHERWISE: Mapping[str, str] = {
    "Subscriptions": "the dispatcher, whose part it is, tells it",
    "WorkspaceMemory": "it tells the others",
    "RemembersWorkspaces": "what the parts inherit from",
}
"""What holds something of workspaces and does not register, with the reason."""


class Notebook(RemembersWorkspaces):
    """A part that keeps a list of what it was told to forget."""

    def __init__(self) -> None:
        self.forgotten: list[Container[Workspace]] = []

    def forget(self, scope: Container[Workspace], /) -> None:
        self.forgotten.append(scope)


class Purse(Notebook):
    holds_tokens = True


def test_a_part_registers_by_being_made() -> None:
    """What is made inside the block is told, and nothing else is."""
    memory, before = WorkspaceMemory(), Notebook()
    with memory.collecting():
        inside = Notebook()
    after = Notebook()
    memory.forget(Scope(HERE))
    assert memory.parts == [inside]
    assert [it.forgotten for it in (before, inside, after)] == [[], [Scope(HERE)], []]


def test_who_is_served_by_its_organisation_loses_only_its_token() -> None:
    """What else is remembered of the team goes on to hold."""
    memory, served = WorkspaceMemory(), Scope(HERE, served=True)
    with memory.collecting():
        notebook, purse = Notebook(), Purse()
    memory.forget(served)
    assert (notebook.forgotten, purse.forgotten) == ([], [served])


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    """Every class of the bot, the playground's aside, with its module's path."""
    for folder in ("bot", "handlers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith("bot/playground/"):
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.ClassDef):
                        yield name, node


def names_in(node: ast.AST) -> set[str]:
    return {it.id for it in ast.walk(node) if isinstance(it, ast.Name)}


def of_workspaces() -> set[str]:
    """The names of the types that say whose something is: `Workspace`, and what holds one."""
    known = {"Workspace", "Scope"}
    modules = [
        ast.parse(path.read_text())
        for folder in ("bot", "handlers")
        for path in (ROOT / folder).rglob("*.py")
    ]
    statements = [it for module in modules for it in module.body]
    while True:
        found = set(known)
        for it in statements:
            if isinstance(it, ast.Assign) and isinstance(it.value, ast.Subscript):
                if names_in(it.value) & known and isinstance(it.targets[0], ast.Name):
                    found.add(it.targets[0].id)
            elif isinstance(it, ast.ClassDef):
                fields = [part for part in it.body if isinstance(part, ast.AnnAssign)]
                about = [part.annotation for part in fields] + it.bases
                if any(names_in(part) & known for part in about):
                    found.add(it.name)
        if found == known:
            return known
        known = found


def remembers(node: ast.ClassDef, known: set[str]) -> bool:
    """Whether the class keeps something of workspaces, or has a `forget(scope)`."""
    for function in node.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        arguments = [it.arg for it in (*function.args.posonlyargs, *function.args.args)]
        if function.name == "forget" and arguments[1:2] == ["scope"]:
            return True
        if function.name == "__init__" and any(
            isinstance(it, ast.AnnAssign)
            and isinstance(it.annotation, ast.Subscript)
            and isinstance(it.target, ast.Attribute)
            and names_in(it.annotation) & known
            for it in ast.walk(function)
        ):
            return True
    return False


def test_whatever_remembers_workspaces_registers() -> None:
    """A class with a `forget(scope)`, or whose attributes are kept by workspace, inherits from
    `RemembersWorkspaces`; or it says above why it need not."""
    known = of_workspaces()
    found = {
        node.name: {"RemembersWorkspaces"}
        <= {it.id for it in node.bases if isinstance(it, ast.Name)}
        for _, node in classes()
        if remembers(node, known)
    }
    registered = {name for name, does in found.items() if does}
    assert len(registered) > 10
    assert {name for name, does in found.items() if not does} == set(TOLD_OTHERWISE)


async def test_the_bot_makes_all_of_them_where_they_are_collected(world: World) -> None:
    """None is made before the block or after it."""
    made = {type(it) for it in world.bot.services.connections.uninstaller.memory.parts}
    declared = {
        it
        for it in RemembersWorkspaces.__subclasses__()
        if it.__module__.startswith("bot.") and not it.__module__.startswith("bot.playground.")
    }
    assert made == declared
