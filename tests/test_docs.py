"""The documents: every command parses, every snippet imports what exists, every link leads somewhere."""

import argparse
import ast
import importlib
import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`(python -m [^`]+|make [^`]+|bash [^`]+)`")
OTHER_PROGRAMS = {"cd", "source", "git", "hf", "pip", "pre-commit", "apt-get"}  # not ours to check
README_MAX_LINES = 140


class Parsed(Exception):
    """Raised in place of running a command whose arguments were parsed."""


def commands_of(page: Path) -> list[str]:
    """The shell commands of a page: the lines of its unlabelled code blocks, and inline `python -m`, `make` and `bash` commands."""
    text = page.read_text()
    blocks = [block for language, block in FENCE.findall(text) if language == "" and not is_tree(block)]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]
    inline = [re.sub(r"\s+", " ", command) for command in INLINE.findall(FENCE.sub("", text))]
    return [line.split(" # ")[0].strip() for line in [*lines, *inline] if not line.startswith("#")]


def is_tree(block: str) -> bool:
    """Whether a code block draws folders or an order of steps, and does not hold commands."""
    return block.startswith(("space/", "frames/", "training/")) or " -> " in block.splitlines()[0]


COMMANDS = sorted({(page.name, command) for page in PAGES for command in commands_of(page)})


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_documented_command_parses(page: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command)
    while "&&" in words:
        end = words.index("&&")
        check_command(words[:end], monkeypatch)
        words = words[end + 1 :]
    check_command(words, monkeypatch)


def check_command(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises AssertionError unless the program exists and takes these arguments."""
    words = [word for word in words if not re.fullmatch(r"[A-Z_]+=.*", word)]
    program = Path(words[0]).name if words else ""
    if program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
        assert {word for word in words[1:] if "=" not in word} <= set(targets), words
    elif program == "python" and words[1] == "-m":
        check_module(words[2], words[3:], monkeypatch)
    elif program == "python":
        assert (ROOT / "space" / words[1]).is_file() or (ROOT / words[1]).is_file(), words
    elif program == "bash":
        assert words[1] == "-c" or (ROOT / words[1]).is_file(), words
    else:
        assert program in OTHER_PROGRAMS | {""}, words


def check_module(module: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises AssertionError unless `python -m module` exists and its parser takes the arguments. Nothing is run."""
    if module == "pytest":
        return
    if "<" in module:  # a placeholder: python -m training.<step>
        return
    spec = find_spec(module)
    assert spec and spec.origin, f"the module {module} is missing"
    if module.startswith("benchmarks."):
        source = Path(spec.origin).read_text()
        assert all(word in source for word in arguments if word.startswith("--"))
        return
    if not arguments:  # a mention of the step, not a command to type
        return
    parse = argparse.ArgumentParser.parse_args

    def parse_only(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> NoReturn:
        parse(parser, args, namespace)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    main = importlib.import_module(f"{module}.__main__").main
    with pytest.raises(Parsed):
        main([argument for argument in arguments if argument != "..."])


PYTHON_BLOCKS = [(page.name, block) for page in PAGES for language, block in FENCE.findall(page.read_text()) if language == "python"]


@pytest.mark.parametrize(("page", "block"), PYTHON_BLOCKS)
def test_a_python_snippet_imports_what_exists(page: str, block: str) -> None:
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert all(hasattr(module, alias.name) for alias in node.names), ast.unparse(node)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_to_a_file_leads_to_it(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_to_a_heading_leads_to_it(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]*)#([^)]+)\)", page.read_text()):
        if not target.startswith("https://"):
            headings = re.findall(r"^#+ (.+)$", (page.parent / target if target else page).read_text(), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`((?:space|training|traffic|tests|benchmarks|docs)/[\w./-]*\w\.\w+)`", page.read_text())
    missing = [name for name in named if not (ROOT / name).exists() and "yours" not in name]
    assert missing == []


def test_the_readme_is_short_and_lists_the_rooms() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) <= README_MAX_LINES
    tree = readme.split("```\nspace/ ")[1].split("```")[0]
    for folder in ("space", "space/carpark", "space/tabs", "training", "traffic"):
        rooms = [path.name for path in (ROOT / folder).iterdir() if path.is_dir() and (path / "__init__.py").is_file()]
        assert [room for room in rooms if f"{room}/" not in tree] == []


def test_ci_and_pre_commit_call_the_same_targets() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    for file in (".github/workflows/ci.yml", ".pre-commit-config.yaml", ".ci/run"):
        called = re.findall(r"(?:^|[ :;])make ([a-z][\w-]*)", (ROOT / file).read_text(), re.M)
        assert called and set(called) <= targets, file
