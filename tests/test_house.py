"""The house: what may import what, and one list of pins."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# A room and the rooms it must not know.
STRANGERS = {
    "space/carpark": {"tabs", "training", "traffic", "benchmarks", "tests"},
    "space/tabs": {"training", "traffic", "benchmarks", "tests"},
    "training": {"tabs", "traffic", "benchmarks", "tests"},
    "traffic": {"tabs", "training", "benchmarks", "tests"},
}


def imported_rooms(file: Path) -> set[str]:
    """First names of all that a module imports, at its top or inside a function."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[0] for name in plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}}


@pytest.mark.parametrize("room", STRANGERS)
def test_imports_go_one_way(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    for file in files:
        assert not imported_rooms(file) & STRANGERS[room], file


def test_the_card_of_the_space_names_the_pinned_gradio() -> None:
    pin = re.search(r"^gradio.*==(\S+)", (ROOT / "space" / "requirements.txt").read_text(), re.M)
    card = re.search(r"^sdk_version: (\S+)", (ROOT / "space" / "README.md").read_text(), re.M)
    assert pin and card and pin[1] == card[1]


def test_there_is_one_list_of_run_time_pins() -> None:
    assert "-r space/requirements.txt" in (ROOT / "requirements.txt").read_text()
    assert "dependencies" not in (ROOT / "pyproject.toml").read_text().replace("# Dependencies", "")


def test_every_file_that_the_readme_names_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    assert all((ROOT / picture).is_file() for picture in re.findall(r"\]\((docs/[^)]+)\)", readme))
    tree = readme.split("```\nspace/ ")[1].split("```")[0]
    entries = [re.split(r" {3}(?=\S)", line.strip())[0] for line in tree.splitlines()[1:]]
    names = re.findall(r"[\w*]+(?:\.(?:py|csv|md)|/)", "\n".join(entries))
    assert len(names) > 30
    for name in names:
        assert any(list((ROOT / room).glob(name)) for room in ("", "space", "space/carpark", "training", "traffic")), name
