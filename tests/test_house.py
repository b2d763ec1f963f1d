"""The house: what may import what, what a room is, and one list of pins."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Top-level packages, each with the folder it lies in; a package may import itself and those before it in the list it may know.
PACKAGES = {"carpark": "space", "serving": "space", "tabs": "space", "training": ".", "traffic": "."}
MAY_IMPORT = {
    "carpark": set(),
    "serving": {"carpark"},
    "tabs": {"carpark", "serving"},
    "training": {"carpark", "serving"},
    "traffic": {"carpark"},
}
COMMAND_FUNCTIONS = re.compile(r"main|_?(parse|check|report|describe|print)\w*")


def module_name(file: Path) -> str:
    """Dotted name of a module file, such as "carpark.day.table"; a package's own name for its `__init__.py`."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "space" else parts).removesuffix(".__init__")


MODULES = {module_name(file): file for name, folder in PACKAGES.items() for file in sorted((ROOT / folder / name).rglob("*.py"))}
ROOMS = sorted(name for name, file in MODULES.items() if file.name == "__init__.py")


def imports_of(module: str) -> set[str]:
    """Modules of this project that `module` imports, at its top or inside a function."""
    nodes = list(ast.walk(ast.parse(MODULES[module].read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            plain |= submodules if len(submodules) == len(node.names) else submodules | {node.module}
    return (plain & MODULES.keys()) - {module}


IMPORTS = {module: imports_of(module) for module in MODULES}


def room_of(module: str) -> str:
    """The room that a module lies in, such as "carpark.day"; the module itself on the ground floor of its package."""
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_those_below_it(package: str) -> None:
    modules = [module for module in MODULES if module.split(".")[0] == package]
    assert modules
    for module in modules:
        assert {name.split(".")[0] for name in IMPORTS[module]} <= MAY_IMPORT[package] | {package}, module


def test_no_two_rooms_have_a_class_of_the_same_name() -> None:
    homes: dict[str, list[str]] = {}
    for module, file in MODULES.items():
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(module)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


def test_no_module_imports_itself_by_a_detour() -> None:
    TopologicalSorter(IMPORTS).prepare()  # raises CycleError, which names the circle


def test_no_room_imports_itself_by_a_detour() -> None:
    rooms: dict[str, set[str]] = {}
    for module, names in IMPORTS.items():
        rooms.setdefault(room_of(module), set()).update({room_of(name) for name in names} - {room_of(module)})
    TopologicalSorter(rooms).prepare()


def test_a_ground_floor_imports_no_step_above_it() -> None:
    for module in MODULES:
        if module.startswith("training.") and room_of(module) == module and MODULES[module].name != "__init__.py":
            above = {name for name in IMPORTS[module] if name.startswith("training.") and room_of(name) != name}
            assert not above, f"{module} imports {above}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_in_one_sentence_what_belongs_in_it(room: str) -> None:
    answer = ast.get_docstring(ast.parse(MODULES[room].read_text()))
    assert answer and answer.endswith(".") and "\n" not in answer
    assert not re.search(r"\. [A-Z]", answer), "one sentence"


@pytest.mark.parametrize("command", sorted(name for name in MODULES if name.endswith(".__main__")))
def test_a_command_only_parses_calls_and_prints(command: str) -> None:
    tree = ast.parse(MODULES[command].read_text())
    assert not [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert "main" in functions
    assert [name for name in functions if not COMMAND_FUNCTIONS.fullmatch(name)] == []
    importers = [module for module, names in IMPORTS.items() if command in names]
    assert importers == [], "what others import stands beside the command, under its own name"


def test_no_namespace_of_the_command_line_is_passed_on_below_a_command() -> None:
    for module, file in MODULES.items():
        if not module.endswith(".__main__"):
            assert "argparse" not in file.read_text(), module


def test_the_card_of_the_space_names_the_pinned_gradio() -> None:
    pin = re.search(r"^gradio.*==(\S+)", (ROOT / "space" / "requirements.txt").read_text(), re.M)
    card = re.search(r"^sdk_version: (\S+)", (ROOT / "space" / "README.md").read_text(), re.M)
    assert pin and card and pin[1] == card[1]


def test_there_is_one_list_of_run_time_pins() -> None:
    assert "-r space/requirements.txt" in (ROOT / "requirements.txt").read_text()
    assert "dependencies" not in (ROOT / "pyproject.toml").read_text().replace("# Dependencies", "")
