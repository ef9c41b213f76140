"""README, `docs/` and `.github/` say what is so: links, paths, commands, pictures, tables and
words agree with the code."""

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import Field

from bot.__main__ import main
from bot.forms.fields import Advanced, Form
from bot.forms.render import render
from bot.settings import Settings, variable
from tests.documents import anchors, blocks, code, links, section
from tests.world.processes import ROOT

DOCUMENTS = sorted(
    [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]
)
EACH_DOCUMENT = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(document.relative_to(ROOT)) for document in DOCUMENTS]
)
GLOSSARY = ROOT / "docs" / "glossary.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DECISIONS = ROOT / "docs" / "decisions"
PLAIN_WORDS = (
    "workspace", "installation", "connection", "adapter", "operation", "form", "catalog", "entry", "delivery", "card",
    "receipt", "marker", "reconcile", "stand-in", "playground",
)  # fmt: skip
"""The words of the domain that need no other name: the glossary has each."""

_PATH = re.compile(r"(?:bot|handlers|tests|docs|deploy|\.github|\.ci)/[\w./*<>-]*")
_CLASS = re.compile(r"([A-Z][a-z]+[A-Za-z]*)(?:\(\))?")
_DEFINED = re.compile(r"^(?:class )?([A-Z][a-z]+[A-Za-z]*)(?:[(:]| = )", re.MULTILINE)
_COMMAND = re.compile(r"python -m bot ([a-z-]+)([^|&]*)")
_OPTION = re.compile(r"--[a-z-]+")
_MODULE = re.compile(r"(?:bot|handlers|tests)(?:\.\w+)+")


@EACH_DOCUMENT
def test_every_link_leads_somewhere(document: Path) -> None:
    """A relative link names a file of the repository, and its anchor a heading there."""
    broken = []
    for link in links(document):
        target, _, anchor = link.partition("#")
        if target.startswith(("https://", "http://")):
            continue
        path = (document.parent / target).resolve() if target else document
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


@EACH_DOCUMENT
def test_every_path_exists(document: Path) -> None:
    """A path of the repository that stands in code is there: `test_<vendor>.py` for some vendor."""
    found = (path.rstrip("/.") for each in code(document) for path in _PATH.findall(each))
    named = {re.sub(r"<\w+>", "*", path) for path in found}
    missing = {path for path in named if not any(ROOT.glob(path))}
    assert missing == set()


@EACH_DOCUMENT
def test_every_module_exists(document: Path) -> None:
    """A dotted name in code is a module, or something in one."""
    named = {name for each in code(document) for name in _MODULE.findall(each)}
    assert sorted(name for name in named if not is_there(name)) == []


def is_there(name: str) -> bool:
    """Return whether this is a module (`bot.errors`) or something in one (`bot.errors.FormError`)."""
    module, _, member = name.rpartition(".")
    return is_module(name) or (
        is_module(module) and hasattr(importlib.import_module(module), member)
    )


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


@EACH_DOCUMENT
def test_every_class_exists(document: Path) -> None:
    """A name in code such as `RejectedError` or `Advanced()` is defined in a module."""
    named = {match[1] for each in code(document) if (match := _CLASS.fullmatch(each))}
    defined = {
        name
        for path in sources("bot", "handlers", "tests")
        for name in _DEFINED.findall(path.read_text(encoding="utf-8"))
    }
    assert sorted(named - defined) == []


def test_the_index_leads_to_every_page() -> None:
    """No page of `docs/` can only be found by chance."""
    linked = {
        (document.parent / link.partition("#")[0]).resolve()
        for document in (ROOT / "docs" / "index.md", DECISIONS / "README.md")
        for link in links(document)
    }
    docs = {document for document in DOCUMENTS if document.is_relative_to(ROOT / "docs")}
    assert docs - linked == {ROOT / "docs" / "index.md"}


def test_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Every `python -m bot COMMAND --OPTION` is one that the command line's help has."""
    with pytest.raises(SystemExit):
        main(["--help"])
    known = set(re.findall(r"^    ([a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    named: dict[str, set[str]] = {}
    for line in (line for document in DOCUMENTS for line in code(document)):
        for command, options in _COMMAND.findall(line):
            named.setdefault(command, set()).update(_OPTION.findall(options))
        if (first := line.split()[0]) in known:  # `rotate-keys --remove-lost` in a sentence
            named.setdefault(first, set()).update(_OPTION.findall(line))
    assert named.keys() == known
    for command, options in named.items():
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert options <= set(_OPTION.findall(capsys.readouterr().out)), command


def test_linters_are_the_same_everywhere() -> None:
    """`.ci/run`, the hooks before a commit and the guide for contributors run the same tools."""
    tools = {"ruff check", "ruff format", "mypy", "lint-imports"}
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    guide = blocks(ROOT / ".github" / "CONTRIBUTING.md", "sh")[1].splitlines()
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [linters(lines) for lines in (entries, guide, script)] == [tools, tools, tools]


def linters(lines: list[str]) -> set[str]:
    """Return the linters that these lines run, without their arguments."""
    found = (re.match(r"\.venv/bin/(ruff \w+|mypy|lint-imports)", line) for line in lines)
    return {match[1] for match in found if match}


def test_the_workflow_runs_the_same_script() -> None:
    """On every push and pull request, in a Debian container; actions are pinned by major version."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    workflow: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  "on" stays text
    (job,) = workflow["jobs"].values()
    assert workflow["on"].keys() == {"push", "pull_request"}
    assert job["container"]["image"].startswith("debian:")
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert [action for action in used if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_issue_forms_have_what_github_wants(name: str) -> None:
    """A name, a description, inputs of GitHub's types with ids of their own, and one that is
    required."""
    path = ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml"
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    inputs = [part for part in form["body"] if part["type"] != "markdown"]
    ids = [part["id"] for part in inputs]
    assert form.keys() == {"name", "description", "labels", "body"}
    assert {part["type"] for part in inputs} <= {"input", "textarea", "dropdown", "checkboxes"}
    assert len(set(ids)) == len(ids)
    assert all(part["attributes"]["label"] for part in inputs)
    assert any(part.get("validations", {}).get("required") for part in inputs)


def project() -> dict[str, Any]:
    """Return what `pyproject.toml` says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_changelog_begins_with_this_version() -> None:
    """Whoever raises the version says what is new."""
    titles = re.findall(
        r"^## (.+)$", (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert titles[0] == project()["project"]["version"]


def test_the_layers_are_those_of_the_contract() -> None:
    """The picture of the packages shows what import-linter checks, in the same order."""
    (contract,) = project()["tool"]["importlinter"]["contracts"]
    layers = [set(layer.split(" | ")) for layer in contract["layers"]]
    (picture,) = [
        block for block in blocks(ARCHITECTURE, "mermaid") if block.startswith("flowchart")
    ]
    names = dict(re.findall(r'^ +(\w+)\["([\w.]+)<br/>', picture, re.MULTILINE))
    drawn = [
        [{names[part.strip()] for part in side.split("&")} for side in line.split("-->")]
        for line in picture.splitlines()
        if "-->" in line
    ]
    assert [line[-1] for line in drawn[:-1]] == [line[0] for line in drawn[1:]]
    assert [drawn[0][0], *(layer for line in drawn for layer in line[1:])] == layers


def test_the_states_are_those_of_the_code() -> None:
    """The picture and the table of states show what `bot.delivery.states` allows. (That a state may
    follow itself is not drawn.)"""
    states = pytest.importorskip(
        "bot.delivery.states", reason="This version has no table of states."
    )
    (picture,) = [
        block for block in blocks(ARCHITECTURE, "mermaid") if block.startswith("stateDiagram")
    ]
    drawn = set(re.findall(r"^ +(\S+) --> ([^\s:]+)", picture, re.MULTILINE))
    allowed = {
        (before, after)
        for before, rule in states.RULES.items()
        for after in rule.next
        if after != before
    }
    first = {("[*]", state) for state in states.FIRST}
    final = {(state, "[*]") for state in states.FINAL}
    assert drawn == allowed | first | final
    table = section(ARCHITECTURE, "The states of a delivery")
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(states.STATES)


def test_the_example_of_a_field_is_one() -> None:
    """The line that the recipe shows makes a date picker behind "More fields"."""
    (line,) = blocks(ROOT / "docs" / "adding-a-field-or-command.md", "python")
    names: dict[str, Any] = {"Form": Form, "Field": Field, "Advanced": Advanced}
    names |= {"Annotated": Annotated, "date": date}
    exec(f"class Incident(Form):\n    {line}", names)  # noqa: S102  the page is our own
    (block,) = render(names["Incident"], "rootly.incident", more=True)
    assert (block["element"]["type"], block["label"]["text"]) == ("datepicker", "Customer deadline")
    assert render(names["Incident"], "rootly.incident") == []


def glossary() -> dict[str, str]:
    """Return the words and their meanings."""
    rows = re.findall(
        r"^\| \*\*(.+)\*\* \| (.+) \|$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE
    )
    return dict(rows)


def test_the_glossary_has_the_words_of_the_domain() -> None:
    """None of them is missing, and each is explained in one sentence."""
    words = glossary()
    assert [word for word in PLAIN_WORDS if word not in words] == []
    assert [
        word for word, meaning in words.items() if not re.fullmatch(r"[^.]+(\.\w[^.]*)*\.", meaning)
    ] == []


def sources(*folders: str) -> Iterator[Path]:
    """Yield the modules in these folders."""
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def test_the_code_uses_the_words_of_the_glossary() -> None:
    """Each is part of a name in the code: "setup link" of `setup_links` or `SetupLinks`."""
    names = " ".join(
        sorted(name for path in sources("bot", "handlers", "tests") for name in names_in(path))
    )
    patterns = {word: re.sub(r"[ -]", "_?", word.lower()) for word in glossary()}
    unused = [
        word for word, pattern in patterns.items() if not re.search(rf"(?<![a-z]){pattern}", names)
    ]
    assert unused == []


def names_in(path: Path) -> Iterator[str]:
    """Yield the module's name, and all names in it, in lower case."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for member in ("id", "name", "attr", "arg", "module"):
            if isinstance(name := getattr(node, member, None), str):
                yield name.lower()


def test_the_settings_table_has_every_setting() -> None:
    """The page has each variable of Slack and of the bot itself, with its default. (A vendor's own
    are its adapter's.)"""
    table = section(ROOT / "docs" / "settings.md", "Variables")
    rows = re.findall(r"^\| (`.+?`) \| .+ \| (.+) \|$", table, re.MULTILINE)
    described = {
        name: default
        for names, default in rows
        for name in re.findall(r"`(\w+)`", names)
        if is_ours(name)
    }
    settings = {variable(field): field.default for field in Settings.model_fields.values()}
    ours = {name: default for name, default in settings.items() if is_ours(name)}
    assert described.keys() == ours.keys()
    missing = {
        name: default
        for name, default in ours.items()
        if default not in (None, "") and f"`{default}`" not in described[name]
    }
    assert missing == {}


def is_ours(name: str) -> bool:
    """Return whether a variable is Slack's or the bot's own."""
    return name.startswith(("SLACK_", "RELAY_"))
