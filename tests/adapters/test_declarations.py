"""What an adapter declares is said nowhere else in the code, and README, docs and manifest agree
with it."""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

import pytest

from bot.adapters.base import Adapter, Kind
from bot.adapters.registry import ADAPTERS
from bot.playground.vendors import STAND_INS
from bot.slack import manifest

ROOT = Path(__file__).parents[2]
NAMED = [
    r"registry\.py",  # the one line that adds a vendor
    *(rf"{vendor}(/.*|\.py)" for vendor in ADAPTERS),
]
STANDING_IN = [
    r"__init__\.py",  # the one line that adds a stand-in
    *(rf"{vendor}(_\w+)?\.py" for vendor in ADAPTERS),
]
ALLOWED = re.compile(
    rf"bot/adapters/({'|'.join(NAMED)})|bot/playground/vendors/({'|'.join(STANDING_IN)})"
)
"""The files that may name a vendor."""
PROSE = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def names(adapters: Iterable[type[Adapter]]) -> re.Pattern[str]:
    """Each vendor's name, its label's first word, and its variable, in any case."""
    words = {
        word
        for each in adapters
        for word in (each.vendor, each.label.split()[0], each.url_variable)
    }
    return re.compile("|".join(map(re.escape, sorted(words))), re.IGNORECASE)


def lines() -> list[tuple[str, str]]:
    """(path:number, line) of every text in `bot/` and `handlers/`."""
    found = []
    for path in sorted([*(ROOT / "bot").rglob("*"), *(ROOT / "handlers").rglob("*")]):
        if path.is_file() and path.suffix not in (".pyc", ".mo"):  # the `.po` is a text
            name = path.relative_to(ROOT).as_posix()
            text = path.read_text(encoding="utf-8").splitlines()
            found += [(f"{name}:{number}", line) for number, line in enumerate(text, start=1)]
    return found


def test_no_vendor_is_named_outside_its_own_files() -> None:
    """Code that knows a vendor's name is code that the next vendor has to change."""
    name = names(ADAPTERS.values())
    found = lines()
    named = [where for where, line in found if name.search(line)]
    assert [where for where in named if not ALLOWED.fullmatch(where.rpartition(":")[0])] == []
    assert len(named) > 100  # the vendors' own files: the pattern finds names


@pytest.mark.parametrize("vendor", ADAPTERS)
def test_a_declaration_is_whole(vendor: str) -> None:
    """Its name fits Slack's ids and a module's name, its colour a page, its variable the settings;
    its default is an https address."""
    adapter = ADAPTERS[vendor]
    assert adapter.vendor == vendor
    assert re.fullmatch(r"[a-z][a-z0-9_]*", vendor)
    assert re.fullmatch(r"[A-Z][A-Z0-9_]*_URL", adapter.url_variable)
    assert adapter.default_url.startswith("https://")
    assert re.fullmatch(r"#[0-9a-f]{6}", adapter.color)
    assert adapter.key_needs
    assert {operation.kind for operation in adapter.operations} <= set(get_args(Kind))


def test_no_two_vendors_are_mistaken_for_each_other() -> None:
    """By label, by colour, or by the variable of their addresses."""
    adapters = ADAPTERS.values()
    for said in (
        [it.label for it in adapters],
        [it.color for it in adapters],
        [it.url_variable for it in adapters],
    ):
        assert [word for word, times in Counter(said).items() if times > 1] == []


@pytest.mark.parametrize("vendor", STAND_INS)
def test_a_stand_in_can_fill_in_every_form(vendor: str) -> None:
    """It stands for the adapter of its name, and offers a sample of each operation's form."""
    stand_in = STAND_INS[vendor]()
    adapter = ADAPTERS[vendor]
    assert stand_in.adapter is adapter
    for operation in adapter.operations:
        assert isinstance(stand_in.sample_form(operation.name), operation.form)
    with pytest.raises(KeyError):
        stand_in.sample_form("nothing")


def prose() -> str:
    """README and docs as one line."""
    return " ".join(" ".join(path.read_text(encoding="utf-8") for path in PROSE).split())


def tables() -> list[list[str]]:
    """The cells of every row of README's and docs' tables."""
    rows = [line for path in PROSE for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        [cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("|")
    ]


def heading(adapter: type[Adapter]) -> str:
    return f"in {adapter.label}"


@pytest.mark.parametrize("vendor", ADAPTERS)
def test_the_table_of_settings_has_its_variable(vendor: str) -> None:
    """With the default."""
    adapter = ADAPTERS[vendor]
    row = [f"`{adapter.url_variable}`", f"{adapter.label}'s API", f"`{adapter.default_url}`"]
    assert tables().count(row) == 1


@pytest.mark.parametrize("vendor", ADAPTERS)
def test_the_table_of_commands_has_its_operations(vendor: str) -> None:
    """A column a vendor, a row a kind, in the order of the declaration."""
    adapter = ADAPTERS[vendor]
    rows = tables()
    (head,) = [row for row in rows if heading(adapter) in row]
    column = head.index(heading(adapter))
    commands = {"incident": "/incident", "action_item": "/action-item"}
    for kind in get_args(Kind):
        command = commands.get(kind, "/workflow-task")
        (row,) = [it for it in rows if it[0].startswith(f"`{command} ") and len(it) == len(head)]
        said = [it.summary or it.label for it in adapter.operations if it.kind == kind]
        assert row[column] == ", ".join(said)


@pytest.mark.parametrize("vendor", ADAPTERS)
def test_the_readme_says_what_a_key_needs_and_how_it_is_given(vendor: str) -> None:
    """In the words of the declaration, and as the JSON that `connect` reads."""
    adapter = ADAPTERS[vendor]
    fields = adapter.credentials.model_fields
    given = json.dumps(
        {name: "…" for name, it in fields.items() if it.is_required()}, ensure_ascii=False
    )
    said = prose()
    assert f"{adapter.label.split()[0]}, {adapter.key_needs}" in said
    assert re.search(rf"`{re.escape(given)}`[^`]*for [^{{]*`{vendor}`", said)


def test_the_manifest_names_every_vendor() -> None:
    """Where the app is described to people who install it."""
    described = " ".join(manifest.load()["display_information"]["long_description"].split())
    *others, last = [adapter.label for adapter in ADAPTERS.values()]
    assert f"{', '.join(others)} or {last}." in described


DOCUMENTS = "the vendors' OpenAPI documents, and what each says in its own way"
EXAMPLE = "two vendors as an example: another one changes nothing"
LISTS_BY_HAND: Mapping[str, str] = {
    "tests/adapters/test_find.py": "how the lists of two vendors are filled, and their test incidents",
    "tests/adapters/test_find_answers.py": "the pages of these three vendors, in their own shapes",
    "tests/adapters/test_long_lists.py": "the sizes of these three vendors' pages",
    "tests/adapters/test_rights.py": "what these three vendors tell of a key, and how",
    "tests/cli/test_commands.py": EXAMPLE,
    "tests/cli/test_connect.py": EXAMPLE,
    "tests/cli/test_doctor.py": EXAMPLE,
    "tests/contract/forms.py": DOCUMENTS,
    "tests/contract/openapi.py": DOCUMENTS,
    "tests/contract/test_everything.py": DOCUMENTS,
    "tests/contract/test_requests.py": DOCUMENTS,
    "tests/contract/whole.py": DOCUMENTS,
    "tests/fuzz/workspaces.py": EXAMPLE,
    "tests/handlers/test_who_may.py": EXAMPLE,
    "tests/messages/test_notices.py": EXAMPLE,
}
"""The modules of tests that name several vendors in one list or mapping, and why they may."""


def test_no_test_keeps_a_list_of_the_vendors_by_hand() -> None:
    """Tests of what every vendor does go through the registry, so that the next one is tested
    too."""
    kept = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if len(vendors_in(node)) > 1
    }
    assert kept == set(LISTS_BY_HAND)


def vendors_in(node: ast.AST) -> set[str]:
    """The vendors that a list's members, or a mapping's keys, begin with."""
    match node:
        case ast.Dict(keys=members) | ast.List(elts=members) | ast.Tuple(elts=members):
            return {first_word(it) for it in members if it is not None} & ADAPTERS.keys()
        case ast.Set(elts=members):
            return {first_word(it) for it in members} & ADAPTERS.keys()
    return set()


def first_word(node: ast.expr) -> str:
    """ "rootly" of "rootly.incident", of a tuple that begins with it, and of a call with it."""
    match node:
        case ast.Constant(value=str(text)):
            return text.partition(".")[0]
        case ast.Tuple(elts=[first, *_]) | ast.Call(args=[first, *_]):
            return first_word(first)
        case ast.JoinedStr(values=[first, *_]):
            return first_word(first)
    return ""
